"""A demo catalogue in this process and an empty library, as the tests of the library have them."""

from __future__ import annotations

from tests.library.conftest import running_site, site

__all__ = ["running_site", "site"]
