"""What the values in stored vectors mean: the kinds of the features, by the version that read them."""

from __future__ import annotations

from collections.abc import Iterable

from insights.reasons import kinds_of
from leads.catalogue import FIXED
from leads.features import Kind
from models_registry.models import ModelVersion


def kinds_by_version(org_id: str, names: Iterable[str | None]) -> dict[str | None, dict[str, Kind]]:
    """Each version's feature kinds; under None those that the rules read. One statement; none for the rules alone."""
    wanted = {name for name in names if name is not None}
    kinds: dict[str | None, dict[str, Kind]] = {None: {each.feature.name: each.feature.kind for each in FIXED}}
    if wanted:
        versions = ModelVersion.objects.of(org_id).filter(version__in=wanted).only("version", "features")
        kinds |= {version.version: kinds_of(version.features) for version in versions}
    return kinds
