"""Users, and what lets them in. No hash is ever shown, and a key only once."""

from aniworld.accounts.admin.credentials import ApiKeyAdmin, PreferencesAdmin, ThrottleAdmin, TokenAdmin
from aniworld.accounts.admin.people import GroupAdmin, UserAdmin

__all__ = ["ApiKeyAdmin", "GroupAdmin", "PreferencesAdmin", "ThrottleAdmin", "TokenAdmin", "UserAdmin"]
