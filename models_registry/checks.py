"""What this room's settings must not be: refused before anything is served, with a hint."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from leads.cohorts import LEAST_LEADS


@register(Tags.security)
def enough_to_learn_from(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A run that is let in with fewer leads than a model is learnt from would fail each time."""
    if settings.ML_MIN_RECORDS >= LEAST_LEADS:
        return []
    hint = f"Set ML_MIN_RECORDS to {LEAST_LEADS} or more, or leave it unset."
    return [Error("Training would be let in with too few leads to learn from.", hint, id="models_registry.E001")]
