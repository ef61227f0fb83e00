"""Which of an organisation's versions a page lists, where there are hundreds."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from models_registry.models import ModelActivation, ModelVersion

MOST = 50
"""So many of the newest."""


def versions_to_show(org_id: str, *named: str) -> QuerySet[ModelVersion]:
    """The newest, newest first. However many were learnt since, also the active one, those that were live and can be so
    again, and the ones that are `named`."""
    kept = ModelVersion.objects.of(org_id)
    lived = ModelActivation.objects.of(org_id).values("version")
    newest = kept.newest_first().values("pk")[:MOST]
    return kept.filter(
        Q(pk__in=newest) | Q(is_active=True) | Q(version__in=lived, archived_at=None) | Q(version__in=named)
    ).newest_first()
