"""The admin's first screen and its side bar."""

from aniworld.dashboard.screen import dashboard, part
from aniworld.dashboard.sidebar import navigation

__all__ = ["dashboard", "navigation", "part"]
