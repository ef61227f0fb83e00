"""What is said of versions: the active one's card, and the list."""

from __future__ import annotations

from typing import Any

from models_registry import thresholds
from models_registry.models import ModelVersion


class NoActiveModel(LookupError):
    """No version is active: the rules score."""


def active_version(org_id: str) -> ModelVersion:
    """The active version. Raises NoActiveModel."""
    version = ModelVersion.objects.of(org_id).active().first()
    if version is None:
        raise NoActiveModel(org_id)
    return version


def card_of(version: ModelVersion) -> dict[str, Any]:
    """All that is known of a version, as plain data."""
    card = version.card
    return version.to_json() | {
        "features": version.features,
        "importance": version.importance,
        "thresholds": thresholds.of(version),
        "card": card,
        "trained_from": card.get("trained_from"),
        "trained_until": card.get("trained_until"),
        "records": card.get("records", {}),
        "digest": version.digest,
        "created_by": version.created_by,
    }
