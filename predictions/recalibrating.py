"""Whether the active version keeps its word, and the outcomes that renew its calibration where it does not.

Only mature predictions are taken, those made at least a horizon ago: of younger ones only the quick decisions are
known. A lead counts once in all, by at most one prediction a week.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from common.errors import Conflict, Unavailable
from common.one_by_one import for_each
from leads import snapshots
from leads.models import Organisation
from models_registry import artefacts
from models_registry.alarms import end_alarm, raise_alarm
from models_registry.learning.band import Band, band_of
from models_registry.learning.model import Model
from models_registry.learning.recalibration import Outcomes
from models_registry.ledger import AnotherIsActive
from models_registry.models import AlarmKind, ModelActivation, ModelVersion
from models_registry.recalibration import NotBetter, present_calibration, recalibrate
from predictions.judging import labels_of
from predictions.models import VECTOR, Prediction
from predictions.unpacking import inputs
from predictions.vectors import columns_from

log = structlog.get_logger(__name__)

ALPHA = 0.005
"""The band is looked at every day, so it is wider than that of a single look."""
MOST = 50_000
"""The newest predictions that are taken, at most."""

APART = timedelta(days=1)
"""A lead is read when it is scored; what was said of one that is dated farther into the future is not taken."""

# One week, by ml_prediction_version_at.
ONE_A_LEAD = """
SELECT id FROM (
    SELECT DISTINCT ON (dossier_id) id, as_of FROM ml_prediction
    WHERE org_id = %(org_id)s AND model_version = %(version)s AND method = 'ML' AND dossier_id IS NOT NULL
      AND as_of >= %(since)s AND as_of < %(until)s
      AND predicted_at >= %(made_since)s AND predicted_at < %(made_until)s
    ORDER BY dossier_id, as_of, id) AS said
ORDER BY as_of DESC, id DESC LIMIT %(most)s
"""


@dataclass(frozen=True)
class Watched:
    """The active version's mature outcomes, and whether it keeps its word on them (None without any)."""

    version: ModelVersion
    outcomes: Outcomes
    band: Band | None


def watch(org_id: str) -> Watched:
    """Looks at the active version. Raises ModelVersion.DoesNotExist where none is active, or DamagedArtefact.

    Where a person took its calibration back, at what it has said since: the outcomes before are those of which it was
    made, and would make it again.
    """
    version = ModelVersion.objects.of(org_id).active().get()
    restored_at = ModelActivation.objects.restored_at(org_id, version.version)
    outcomes = outcomes_of(Organisation.get(org_id), version, made_since=restored_at)
    if not len(outcomes):
        return Watched(version, outcomes, None)
    probability = present_calibration(version)(outcomes.share)
    band = band_of(
        probability, outcomes.converted, outcomes.weight, outcomes.dossier, seed=settings.ML_SEED, alpha=ALPHA
    )
    return Watched(version, outcomes, band)


def recalibrate_now(*, org_id: str, by: str, reason: str = "", version: str | None = None) -> ModelVersion:
    """On a person's word: refits on what is known now, whatever the band says.

    `version` is the one that is meant; None means whichever is active. Raises as `recalibrate`, or
    ModelVersion.DoesNotExist where none is active.
    """
    active = ModelVersion.objects.of(org_id).active().get()
    if version not in (None, active.version):
        raise AnotherIsActive()
    outcomes = outcomes_of(Organisation.get(org_id), active)
    return recalibrate(org_id=org_id, version=active.version, outcomes=outcomes, by=by, reason=reason)


def recalibrate_where_due(*, org_id: str) -> ModelVersion | None:
    """The daily look: refits where the word is broken beyond chance; where that does not mend it, raises an alarm.

    The alarm that it raised is over once it finds the word kept.
    """
    watched = watch(org_id)
    band = watched.band
    if band is None or band.dossiers < settings.ML_RECALIBRATION_MIN_OUTCOMES:
        return None
    if band.holds:
        end_alarm(org_id=org_id, kind=AlarmKind.CALIBRATION, at=timezone.now(), seen_by="band")
        return None
    try:
        return recalibrate(
            org_id=org_id, version=watched.version.version, outcomes=watched.outcomes, by="schedule", reason=band.words
        )
    except NotBetter as reason:
        refused = "A calibration refitted on the outcomes so far would not mend it; that is tried again each day."
        words = f"{band.words} {refused}"
        evidence = {"band": band.to_json(), "refit": reason.made.to_json()}
        raise_alarm(org_id=org_id, kind=AlarmKind.CALIBRATION, words=words, evidence=evidence, at=timezone.now())
    return None


def recalibrate_all_where_due() -> None:
    """The daily look at every organisation's active version; what cannot be mended is logged.

    Raises SomeFailed at the end where some could not be looked at; a server that is away ends it at once.
    """
    organisations = ModelVersion.objects.active().order_by("org_id").values_list("org_id", flat=True)
    for_each(organisations, _recalibrate_if_possible, failure="recalibration.not_looked_at")


def _recalibrate_if_possible(org_id: str) -> None:
    try:
        recalibrate_where_due(org_id=org_id)
    except (Conflict, Unavailable, ModelVersion.DoesNotExist) as reason:  # none is active any more
        log.warning("not_recalibrated", org_id=org_id, reason=str(reason))


def outcomes_of(org: Organisation, version: ModelVersion, *, made_since: datetime | None = None) -> Outcomes:
    """What the version said of leads, as shares, and what became of each within the horizon. Raises DamagedArtefact.

    With `made_since`, of what it said from then on alone.
    """
    at = org.now()
    said = _mature(org, version, at=at, made_since=made_since)
    leads = np.array([row.dossier_id for row in said], dtype=np.int64)
    labels = labels_of(org, leads, snapshots.microseconds(row.as_of for row in said), at=at)
    kept = [place for place, label in enumerate(labels) if label is not None]
    known = [said[place] for place in kept]
    dossier = leads[kept]
    _, place, times = np.unique(dossier, return_inverse=True, return_counts=True)
    return Outcomes(
        share=shares(artefacts.load(version), known),
        converted=np.array([labels[each] for each in kept], dtype=bool),
        weight=np.asarray(1.0 / times[place], dtype=np.float64),
        dossier=dossier,
    )


def shares(model: Model, rows: Sequence[Prediction]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The model's raw scores of stored predictions as shares, rebuilt from their vectors, (n,)."""
    if not rows:
        return np.empty(0)
    return model.shares(columns_from(model.features, inputs(rows)))


def _mature(org: Organisation, version: ModelVersion, *, at: datetime, made_since: datetime | None) -> list[Prediction]:
    """Oldest first, at most one a lead and week.

    Read week by week from the newest, until there are enough: of a huge organisation the last days are.
    """
    until = at - org.horizon
    keys: list[int] = []
    with connection.cursor() as cursor:
        for week in _weeks(until - timedelta(days=settings.ML_RECALIBRATION_DAYS), until):
            cursor.execute(ONE_A_LEAD, _asked(org, version, *week, made_since) | {"most": MOST - len(keys)})
            keys += [key for (key,) in cursor.fetchall()]
            if len(keys) >= MOST:
                break
    said = Prediction.objects.filter(pk__in=keys, dossier__isnull=False)  # without those forgotten meanwhile
    return sorted(said.only("as_of", "dossier_id", *VECTOR), key=lambda row: (row.as_of, row.pk))


def _weeks(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From `until` back to `since`, parted at the Mondays."""
    while until > since:
        last = (until - timedelta(microseconds=1)).astimezone(timezone.get_default_timezone())
        monday = (last - timedelta(days=last.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        yield max(monday, since), until
        until = monday


def _asked(
    org: Organisation, version: ModelVersion, since: datetime, until: datetime, made_since: datetime | None
) -> dict[str, Any]:
    # Of historical records what is said now is as of then.
    made_until = timezone.now() if org.observed_until else until
    return {
        "org_id": org.org_id,
        "version": version.version,
        "since": since,
        "until": until,
        "made_since": max(since - APART, made_since or since - APART),
        "made_until": made_until + APART,
    }
