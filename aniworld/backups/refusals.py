"""Why a backup could not be made, proved or restored."""

from __future__ import annotations

from aniworld.refusals import Refused


class BackupFailed(Refused):
    """It was not made, or is not what it should be. The text says why and what helps."""

    code = "backup_failed"


class RestoreRefused(Refused):
    """Nothing was changed. The text says why and what helps."""

    status = 409
    code = "restore_refused"
