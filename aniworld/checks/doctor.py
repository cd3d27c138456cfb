"""What only `doctor` looks at: it takes longer, needs more memory, or asks others."""

from __future__ import annotations

from aniworld.checks import OF_INSTALLATION, database, folders, machine, outside, sign_on, space
from aniworld.checks.channel import channel_layer
from aniworld.checks.check import Look
from aniworld.checks.migrations import migrations

# The folder first: who looks at the wrong one wonders about everything else.
FIRST: tuple[Look, ...] = (folders.data_folder,)
LONGER: tuple[Look, ...] = (
    migrations,
    database.integrity,
    space.orphaned_work,
    outside.third_party,
    outside.tmdb_key,
    sign_on.openid_provider,
    channel_layer,
    machine.port,
)
EVERYTHING: tuple[Look, ...] = (*FIRST, *(look for look in OF_INSTALLATION if look not in FIRST), *LONGER)
