"""The one place that lets FFmpeg's demuxers open a file."""

from __future__ import annotations

from typing import Any

import av
from av.container import InputContainer

# Anything that is a list of other addresses (hls, concat, dash) must never be opened: it would be fetched unguarded.
_CONTAINERS = "mov,mp4,m4a,matroska,webm,mpegts,avi,flv"


def open_media(source: Any) -> InputContainer:
    """Opens a path or a readable as one of the known containers, and nothing else."""
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    container: InputContainer = av.open(source, "r", options=options, metadata_errors="ignore")
    return container
