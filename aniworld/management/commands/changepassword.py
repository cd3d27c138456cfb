"""`manage.py changepassword`: Django's, with this project's errors and exit codes."""

from __future__ import annotations

from django.contrib.auth.management.commands import changepassword

from aniworld.management.command import OneLineErrors


class Command(OneLineErrors, changepassword.Command):
    """Asks for a new password of one user, twice."""

    # What is missing is told in one line.
    requires_migrations_checks = False
