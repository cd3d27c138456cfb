"""The signature of a message: whoever knows the secret can tell that it is ours, whole, and not old."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

TIMESTAMP = "X-Aniworld-Timestamp"
SIGNATURE = "X-Aniworld-Signature"
EVENT = "X-Aniworld-Event"
DELIVERY = "X-Aniworld-Delivery"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC-SHA256, in hex, of the timestamp, a full stop and the body."""
    return "sha256=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def headers(secret: str, event: str, delivery: str, body: bytes) -> Mapping[str, str]:
    """What goes along with a message sent now; unsigned without a secret."""
    timestamp = str(int(time.time()))
    told = {"Content-Type": "application/json", EVENT: event, DELIVERY: delivery, TIMESTAMP: timestamp}
    return {**told, SIGNATURE: signature(secret, timestamp, body)} if secret else told
