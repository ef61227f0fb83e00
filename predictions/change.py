"""Why a lead's score moved: the passage of time, the lead's data, the model version, recalibration. Stores nothing.

From one prediction to a later one the score walks in this order, one thing changing at each step: what was known
then, read at the later moment; what became known since; the later version as it was learnt; its recalibration. The
first two steps are scored by the earlier version. `docs/models.md` says the same at more length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from common.language import gettext as _
from experiments import assignment
from leads import snapshots
from leads.catalogue import columns_of
from leads.features import Feature
from leads.models import Dossier, Organisation
from models_registry import scorers
from models_registry.learning.scores import Scorer
from predictions import movement
from predictions.models import Prediction
from predictions.movement import DATA, RECALIBRATION, TIME, VERSION, FeatureMove, Part, moves_between, telescoped
from predictions.quantities import span
from predictions.reasons import LEAST_PART
from predictions.scoring import predictions_from
from predictions.terms import moment_of
from predictions.then import as_then, own_scorer
from predictions.vectors import columns_from, rows_from

Row = dict[str, Any]


class NeverScored(LookupError):
    """The lead has no prediction to start from."""


class NotItsPrediction(LookupError):
    """The id that `name` gives is no prediction of the lead, or not before the later one."""

    def __init__(self, name: str, words: str) -> None:
        self.name = name
        super().__init__(words)


@dataclass(frozen=True)
class Change:
    """Two predictions of a lead, and the parts of their difference. `end` is unsaved where it is the lead as it is."""

    start: Prediction
    end: Prediction
    parts: tuple[Part, ...]

    @property
    def difference(self) -> float:
        """What the parts add up to."""
        return self.end.conversion_probability - self.start.conversion_probability

    @property
    def words(self) -> str:
        """The difference in a sentence."""
        return movement.summary(self.start.conversion_probability, self.end.conversion_probability, self.parts)


def asked_for(*, org_id: str, dossier: Dossier, ids: Mapping[str, int]) -> Change:
    """Between the stored predictions that `from` and `to` name; see `since_last` for what is left out.

    Raises NeverScored or NotItsPrediction.
    """
    if not ids:
        return since_last(org_id=org_id, dossier=dossier)
    known = Prediction.objects.of_dossier(dossier)
    rows = {name: known.filter(pk=pk).first() for name, pk in ids.items()}
    for name, row in rows.items():
        if row is None:
            raise NotItsPrediction(name, "is no prediction of this lead.")
    end = rows.get("to") or as_of_now(org_id, dossier)
    start = rows.get("from") or known.filter(predicted_at__lt=end.predicted_at).first()
    if start is None:
        raise NeverScored if "to" not in ids else NotItsPrediction("to", "has no prediction before it.")
    if start.predicted_at > end.predicted_at:
        raise NotItsPrediction("from", "must not be later than `to`.")
    return between(org_id=org_id, dossier=dossier, start=start, end=end)


def since_last(*, org_id: str, dossier: Dossier) -> Change:
    """From the last prediction to the lead as it is now.

    Where the last one still is the current score (to half a point, by the same version), from the one before it to
    the last. Raises NeverScored.
    """
    stored = list(Prediction.objects.of_dossier(dossier)[:2])
    if not stored:
        raise NeverScored
    last, now = stored[0], as_of_now(org_id, dossier)
    still = last.model_version == now.model_version and _near(last, now)
    start, end = (stored[1], last) if still and len(stored) == 2 else (last, now)
    return between(org_id=org_id, dossier=dossier, start=start, end=end)


def _near(one: Prediction, other: Prediction) -> bool:
    return abs(one.conversion_probability - other.conversion_probability) < LEAST_PART


def as_of_now(org_id: str, dossier: Dossier) -> Prediction:
    """The prediction that scoring the lead now would store; it stores nothing."""
    chosen = scorers.for_method(org_id, assignment.assign(org_id, [dossier])[0].method)
    org = Organisation.get(org_id)
    moment = moment_of(org, dossier)
    columns = columns_of(snapshots.take(org, [dossier.pk], [moment]), chosen.scorer.features)
    prediction = predictions_from(org_id, chosen, columns, timezone.now())[0]
    prediction.as_of, prediction.dossier = moment, dossier
    return prediction


def between(*, org_id: str, dossier: Dossier, start: Prediction, end: Prediction) -> Change:
    """Why the score moved from one prediction of a lead to a later one."""
    before, after = as_then(org_id, start), as_then(org_id, end)
    walk = _walk(org_id, dossier, before.scorer, start, end) if before.scorer else None
    same = start.model_version == end.model_version and (start.model_version is not None or walk is not None)
    recalibrated = after.calibration != (before.calibration if same else None)
    ends: dict[str, float | None] = {TIME: walk.time if walk else None, DATA: walk.data if walk else None}
    if not same:
        ends[VERSION] = _uncalibrated(org_id, end) if recalibrated else None
    if recalibrated:
        ends[RECALIBRATION] = None
    ends[list(ends)[-1]] = end.conversion_probability
    causes = _causes(start, end, walk, same=same, recalibrated=recalibrated)
    return Change(start, end, tuple(_parts(start.conversion_probability, ends, causes, walk)))


def _uncalibrated(org_id: str, row: Prediction) -> float | None:
    """What the version, as it was learnt, says of a prediction's vector; None where it is no longer kept."""
    own = own_scorer(org_id, row.model_version) if row.model_version else None
    if own is None:
        return None
    columns = columns_from(own.features, [row.inputs])
    return float(own.score(columns, contributions=False).probability[0])


@dataclass(frozen=True)
class _Walk:
    """What the earlier scorer says once time has passed, and once the later data are known, too."""

    time: float
    data: float
    moves: Mapping[str, tuple[FeatureMove, ...]]


def _walk(org_id: str, dossier: Dossier, scorer: Scorer, start: Prediction, end: Prediction) -> _Walk:
    features, stored, known = scorer.features, start.inputs, end.inputs
    then, later, now = _read(org_id, dossier, features, start, end)
    now |= {f.name: known[f.name] for f in features if f.name in known and _fits(f, known[f.name])}
    scores = scorer.score(columns_from(features, [stored, then, later, now]))
    probability, parts = scores.probability.tolist(), scores.contributions
    kinds = {feature.name: feature.kind for feature in features}
    # What the tables tell otherwise of the earlier moment than was known then is a correction: it goes with the data.
    corrected = {name: stored.get(name) if stored.get(name) != then[name] else later[name] for name in later}
    passed = dict(zip(kinds, (parts[2] - parts[1]).tolist(), strict=True))
    learnt = dict(zip(kinds, (parts[3] - parts[2] + parts[1] - parts[0]).tolist(), strict=True))
    return _Walk(
        time=start.conversion_probability + probability[2] - probability[1],
        data=probability[3],
        moves={TIME: moves_between(then, later, passed, kinds), DATA: moves_between(corrected, now, learnt, kinds)},
    )


def _read(
    org_id: str, dossier: Dossier, features: tuple[Feature, ...], start: Prediction, end: Prediction
) -> tuple[Row, Row, Row]:
    """The lead then, what was known then read at the later moment, and the lead at the later moment."""
    moments, known_by = [start.as_of, end.as_of, end.as_of], [start.as_of, start.as_of, end.as_of]
    read = snapshots.take(Organisation.get(org_id), [dossier.pk] * 3, moments, known_by=known_by)
    then, later, now = rows_from(features, columns_of(read, features))
    return then, later, now


def _fits(feature: Feature, value: Any) -> bool:
    """Whether the later version read the feature as the earlier one does."""
    return value is None or isinstance(value, str) == feature.is_category


def _parts(
    start: float, ends: Mapping[str, float | None], causes: Mapping[str, str], walk: _Walk | None
) -> Iterator[Part]:
    told = {names[0]: (names[1:], size) for names, size in telescoped(start, ends.items())}
    for part in movement.PARTS:
        if part in told:
            joined, size = told[part]
            words = _joined_words(walk) if joined else causes[part]
            yield Part(part, size, words, joined, movement.strongest(walk.moves.get(part, ())) if walk else ())
        elif part not in ends:
            yield Part(part, 0.0, causes[part])


def _joined_words(walk: _Walk | None) -> str:
    if walk:
        return _("Not to be told apart: what scored the later prediction is no longer kept as it was")
    return _("Not to be told apart: what scored the earlier prediction is no longer kept as it was")


def _causes(
    start: Prediction, end: Prediction, walk: _Walk | None, *, same: bool, recalibrated: bool
) -> dict[str, str]:
    minutes = (end.as_of - start.as_of).total_seconds() / 60
    data = movement.told(walk.moves[DATA]) if walk else ""
    names = {"end": _scorer_name(end), "start": _scorer_name(start)}
    scored_by = _("Scored by %(end)s instead of %(start)s") % names
    return {
        TIME: _("%s passed") % span(minutes) if minutes >= 1 else _("Less than a minute passed"),
        DATA: f"{data[:1].upper()}{data[1:]}" or _("Nothing new is known of the lead"),
        VERSION: _("Still scored by %s") % names["end"] if same else scored_by,
        RECALIBRATION: _("The model was recalibrated") if recalibrated else _("Not recalibrated"),
    }


def _scorer_name(row: Prediction) -> str:
    return _("model %s") % row.model_version if row.model_version else _("the rules")
