"""A chain of hashes: each row's covers its own content and the hash before it. Pure: no Django."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

BEGINNING = "0" * 64
"""What stands before an organisation's first row."""


def hash_of(previous: str, content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the previous hash and the content's canonical JSON.

    Moments are told in UTC to the microsecond, and numbers as floats: what a database gives back hashes as what was
    given to it.
    """
    text = json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _canonical(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="microseconds")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) + 0.0
    return value
