"""Measuring the active version: what it said against what happened, what is to be expected, and drift. Daily."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from common.one_by_one import for_each
from leads.models import Organisation
from models_registry.alarms import end_alarm, raise_alarm
from models_registry.artefacts import DamagedArtefact
from models_registry.learning.drift import ALPHA, MOVED, TOO_FEW
from models_registry.models import AlarmKind, ModelActivation, ModelVersion
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
    now = min(org.now(), at)
    rows = [
        Quality(org_id=org_id, at=at, version=of, kind=kind, window_days=days, figures=figures)
        for of, kind, days, figures in _measured(org, version, now)
    ]
    judged = _under_the_present_map(org, version, rows, now)
    with transaction.atomic():
        Quality.objects.bulk_create(rows)
        for row in rows:
            if row.kind == QualityKind.DRIFT:
                _drift_alarm(row, at)
        _calibration_alarm(version, judged, at)
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


def _drift_alarm(row: Quality, at: datetime) -> None:
    """Raised where something moved; over where enough leads came to tell, and nothing has any more."""
    watched = [*row.figures["features"], *([row.figures["score"]] if row.figures["score"] else [])]
    moved = [each for each in watched if each["verdict"] == MOVED and each["feature"] not in RUNNING]
    if moved:
        said = [words for each in moved for words in each["words"]][:MOST_NAMED]
        raise_alarm(org_id=row.org_id, kind=AlarmKind.DRIFT, words="; ".join(said), evidence={"moved": moved}, at=at)
    elif any(each["reason"] != TOO_FEW for each in watched):
        end_alarm(org_id=row.org_id, kind=AlarmKind.DRIFT, at=at)


def _under_the_present_map(
    org: Organisation, version: ModelVersion, rows: list[Quality], now: datetime
) -> dict[str, Any]:
    """The figures that an alarm may be raised on: what was said before the calibration was set was another map's word.

    Of the active version alone: what a shadow says reaches nobody.
    """
    calibrated_at = ModelActivation.objects.calibrated_at(org.org_id, version.version)
    if calibrated_at is not None and calibrated_at > now - org.horizon - timedelta(days=ALARM_DAYS):
        return quality.realised_of(org, version.version, days=ALARM_DAYS, at=now, made_since=calibrated_at)
    of_version = (QualityKind.REALISED, version.version, ALARM_DAYS)
    return next(row.figures for row in rows if (row.kind, row.version, row.window_days) == of_version)


def _calibration_alarm(active: ModelVersion, figures: Mapping[str, Any], at: datetime) -> None:
    """Raised where the word is broken; over where it is kept again and none but this look saw it broken last."""
    p, error = figures["calibration_p"], figures["calibration_error"]
    if p is None:
        return
    if p > ALPHA or error < CALIBRATION_MARGIN:
        end_alarm(org_id=active.org_id, kind=AlarmKind.CALIBRATION, at=at, seen_by="calibration_p")
        return
    words = (
        f"Of {figures['leads']:,} leads, {figures['expected']:.0%} were said to convert and {figures['base_rate']:.0%} "
        f"did; the probabilities are off by {100 * error:.0f} points on average, which is beyond chance."
    )
    evidence = {name: figures[name] for name in SHOWN_AS_EVIDENCE}
    raise_alarm(org_id=active.org_id, kind=AlarmKind.CALIBRATION, words=words, evidence=evidence, at=at)


def measure_all(*, at: datetime) -> int:
    """Measures every organisation that has an active version, and forgets what is long past; how many there were.

    Raises SomeFailed at the end where some could not be; a server that is away ends it at once.
    """
    Quality.drop_before(at - KEPT)
    organisations = list(ModelVersion.objects.active().order_by("org_id").values_list("org_id", flat=True))
    for_each(organisations, lambda org_id: measure(org_id=org_id, at=at), failure="quality.not_measured")
    return len(organisations)
