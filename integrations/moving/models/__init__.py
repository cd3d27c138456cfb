"""Imports and their lines."""

from integrations.moving.models.line import ImportLine, LineQuerySet
from integrations.moving.models.run import ImportRun, RunCancelled, RunLost

__all__ = ["ImportLine", "ImportRun", "LineQuerySet", "RunCancelled", "RunLost"]
