"""Moments as people write them."""

from __future__ import annotations

from datetime import datetime

from django.utils.dateparse import parse_datetime


def moment_in(text: str) -> datetime | None:
    """The moment that an ISO 8601 text names; None where it names none, be it no such text or no such day."""
    try:
        return parse_datetime(text)
    except ValueError:  # 2026-02-30T00:00:00Z
        return None
