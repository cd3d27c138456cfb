"""The one place that lets FFmpeg's demuxers open a file."""

from __future__ import annotations

from typing import Any

import av
from av.container import InputContainer

# Anything that is a list of other addresses (hls, concat, dash) must never be opened: it would be fetched unguarded.
_CONTAINERS = "mov,mp4,m4a,matroska,webm,mpegts,avi,flv"
# Bytes that are asked of a readable at once: each time Python has to be waited for, which other threads may hold.
_AT_ONCE = 512 * 1024


def open_media(source: Any) -> InputContainer:
    """Opens a path or a readable as one of the known containers, and nothing else."""
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    container: InputContainer = av.open(source, "r", options=options, metadata_errors="ignore", buffer_size=_AT_ONCE)
    return container
