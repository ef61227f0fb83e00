"""Measuring the active version: what it said against what happened, what is to be expected, and drift. Daily."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from leads.models import Organisation
from models_registry.alarms import raise_alarm
from models_registry.artefacts import DamagedArtefact
from models_registry.learning.drift import ALPHA, MOVED
from models_registry.models import ModelVersion
from predictions import quality, shadow_quality
from predictions.drift_watch import RUNNING, WINDOW_DAYS, drift_of
from predictions.models import Quality, QualityKind

EVERY_MODEL = ""
KEPT = timedelta(days=400)
CALIBRATION_MARGIN = 0.03
"""A calibration error below this is no alarm, however sure it is."""
SHOWN_AS_EVIDENCE = ("leads", "expected", "base_rate", "calibration_error", "calibration_p")
ALARM_DAYS = 90
MOST_NAMED = 3
log = structlog.get_logger(__name__)


def measure(*, org_id: str, at: datetime) -> list[Quality]:
    """Measures the organisation's active version, stores the figures, and raises the alarms that they call for.

    `at` is when it is measured; the figures are as of the organisation's present. Nothing without an active version.
    """
    version = ModelVersion.objects.of(org_id).active().first()
    if version is None:
        return []
    org = Organisation.get(org_id)
    rows = [
        Quality(org_id=org_id, at=at, version=of, kind=kind, window_days=days, figures=figures)
        for of, kind, days, figures in _measured(org, version, min(org.now(), at))
    ]
    with transaction.atomic():
        Quality.objects.bulk_create(rows)
        for row in rows:
            _alarm(row, version, at)
    return rows


Measured = tuple[str, QualityKind, int, dict[str, Any]]


def _measured(org: Organisation, version: ModelVersion, now: datetime) -> Iterator[Measured]:
    for shadow in ModelVersion.objects.of(org.org_id).shadow().values_list("version", flat=True):
        for days in quality.WINDOWS:
            yield shadow, QualityKind.REALISED, days, shadow_quality.shadow_of(org, shadow, days=days, at=now)
    for of in (version.version, EVERY_MODEL):
        for days in quality.WINDOWS:
            yield of, QualityKind.REALISED, days, quality.realised_of(org, of, days=days, at=now)
        yield of, QualityKind.ESTIMATED, WINDOW_DAYS, quality.estimated_of(org, of, days=WINDOW_DAYS, at=now)
    try:
        yield version.version, QualityKind.REHEARSED, 0, quality.rehearsed_of(org, version, at=now)
        yield version.version, QualityKind.DRIFT, WINDOW_DAYS, drift_of(org, version, at=now)
    except DamagedArtefact:  # health and scoring say so; what was said and happened stands without it
        log.warning("quality.damaged_artefact", org_id=org.org_id, version=version.version)


def _alarm(row: Quality, active: ModelVersion, at: datetime) -> None:
    """Of the active version alone: what a shadow says reaches nobody."""
    if row.kind == QualityKind.DRIFT:
        _drift_alarm(row, at)
    if row.kind == QualityKind.REALISED and row.version == active.version and row.window_days == ALARM_DAYS:
        _calibration_alarm(row, at)


def _drift_alarm(row: Quality, at: datetime) -> None:
    watched = [*row.figures["features"], *([row.figures["score"]] if row.figures["score"] else [])]
    moved = [each for each in watched if each["verdict"] == MOVED and each["feature"] not in RUNNING]
    if moved:
        said = [words for each in moved for words in each["words"]][:MOST_NAMED]
        raise_alarm(org_id=row.org_id, kind="DRIFT", words="; ".join(said), evidence={"moved": moved}, at=at)


def _calibration_alarm(row: Quality, at: datetime) -> None:
    figures = row.figures
    p, error = figures["calibration_p"], figures["calibration_error"]
    if p is None or p > ALPHA or error < CALIBRATION_MARGIN:
        return
    words = (
        f"Of {figures['leads']:,} leads, {figures['expected']:.0%} were said to convert and {figures['base_rate']:.0%} "
        f"did; the probabilities are off by {100 * error:.0f} points on average, which is beyond chance."
    )
    evidence = {
        name: figures[name] for name in ("leads", "expected", "base_rate", "calibration_error", "calibration_p")
    }
    raise_alarm(org_id=row.org_id, kind="CALIBRATION", words=words, evidence=evidence, at=at)


def measure_all(*, at: datetime) -> int:
    """Measures every organisation that has an active version, and forgets what is long past; how many there were."""
    organisations = list(ModelVersion.objects.active().order_by("org_id").values_list("org_id", flat=True))
    for org_id in organisations:
        measure(org_id=org_id, at=at)
    Quality.drop_before(at - KEPT)
    return len(organisations)
