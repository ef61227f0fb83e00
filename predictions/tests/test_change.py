"""Why a score moved: parts in a named order that add up to the difference."""

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Dossier, Message
from leads.tests.cast import DAY, HOUR, a_lead, a_message, a_past
from models_registry import artefacts, ledger
from models_registry.models import ModelVersion, ScoringRule
from models_registry.tests.cast import a_version
from predictions.change import Change, NeverScored, asked_for, between, since_last
from predictions.models import Prediction
from predictions.movement import PARTS, Part, effect, telescoped
from predictions.tests.scored import a_prediction

pytestmark = pytest.mark.django_db
TIME, DATA, VERSION, RECALIBRATION = PARTS


@pytest.fixture
def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.fixture
def model() -> ModelVersion:
    a_past()
    return a_version()


def since(lead: Dossier) -> Change:
    change = since_last(org_id="default", dossier=lead)
    assert_adds_up(change)
    return change


def compared(lead: Dossier, start: Prediction, end: Prediction) -> dict[str, Part]:
    change = between(org_id="default", dossier=lead, start=start, end=end)
    assert_adds_up(change)
    return parts_of(change)


def assert_adds_up(change: Change) -> None:
    assert sum(part.difference for part in change.parts) == pytest.approx(change.difference, abs=1e-12)
    told = [name for part in change.parts for name in (part.part, *part.joined_with)]
    assert sorted(told) == sorted(PARTS)


def parts_of(change: Change) -> dict[str, Part]:
    return {part.part: part for part in change.parts}


def test_a_lead_that_nobody_touched_is_moved_by_time_alone(model: ModelVersion, now: datetime) -> None:
    lead = a_lead(now - 20 * DAY, source_score=50)
    a_message(lead, now - 19 * DAY)
    a_prediction(lead, now - 18 * DAY)
    change = since(lead)
    parts = parts_of(change)
    assert list(parts) == list(PARTS)
    assert [parts[name].difference for name in (DATA, VERSION, RECALIBRATION)] == pytest.approx([0, 0, 0], abs=1e-12)
    assert parts[TIME].words == "18 days passed"
    assert parts[DATA].words == "Nothing new is known of the lead"
    assert "days_since_last_event" in {move.feature for move in parts[TIME].features}


def test_what_a_lead_did_since_is_its_data_and_the_features_that_moved_are_named(
    model: ModelVersion, now: datetime
) -> None:
    lead = a_lead(now - 5 * DAY, source_score=50)
    a_prediction(lead, now - 4 * DAY)
    for hours in (3, 2, 1):
        a_message(lead, now - hours * HOUR)
    part = parts_of(since(lead))[DATA]
    assert part.difference > 0
    assert part.words == "3 new messages from the lead"
    assert len(part.features) == 3
    sizes = [abs(move.difference) for move in part.features]
    assert sizes == sorted(sizes, reverse=True)


def test_what_had_occurred_and_became_known_only_since_is_data_not_time(model: ModelVersion, now: datetime) -> None:
    lead = a_lead(now - 9 * DAY)
    a_prediction(lead, now - 4 * DAY)
    for days in (8, 7, 6):
        a_message(lead, now - days * DAY, recorded_at=now - 2 * DAY)
    part = parts_of(since(lead))[DATA]
    assert "inbound_messages_count" in {move.feature for move in part.features}


def test_the_first_model_after_the_rules_is_the_model_version(now: datetime) -> None:
    a_past()
    lead = a_lead(now - 9 * DAY)
    a_prediction(lead, now - 2 * DAY)
    version = a_version()
    parts = parts_of(since(lead))
    assert parts[VERSION].words == f"Scored by model {version.version} instead of the rules"
    assert parts[VERSION].difference != 0
    assert (parts[RECALIBRATION].difference, parts[RECALIBRATION].words) == (0, "Not recalibrated")


def test_a_recalibration_is_a_part_of_its_own(model: ModelVersion, now: datetime) -> None:
    lead = a_lead(now - 9 * DAY)
    a_prediction(lead, now)
    recalibrate(model)
    change = since(lead)
    parts = parts_of(change)
    assert parts[RECALIBRATION].words == "The model was recalibrated"
    assert parts[RECALIBRATION].difference > 0.05
    assert parts[VERSION].difference == 0
    assert not parts[TIME].joined_with
    last = a_prediction(lead, datetime.now(timezone.utc))
    assert change.end.conversion_probability == pytest.approx(last.conversion_probability, abs=1e-3)
    assert compared(lead, last, a_prediction(lead, datetime.now(timezone.utc)))[RECALIBRATION].difference == 0


def test_a_version_that_came_recalibrated_is_told_from_its_recalibration(now: datetime) -> None:
    a_past()
    lead = a_lead(now - 9 * DAY)
    a_prediction(lead, now)
    recalibrate(a_version())
    parts = parts_of(since(lead))
    assert parts[VERSION].difference != 0
    assert parts[RECALIBRATION].difference > 0.05


def recalibrate(version: ModelVersion) -> None:
    version.refresh_from_db()
    model = artefacts.load(version)
    ledger.lock("default")
    version.calibration = replace(model.calibration, c=model.calibration.c + 1).to_json()
    version.save()
    ledger.append(version, thresholds={}, act="recalibrate", by="tester", at=datetime.now(timezone.utc))


def test_rules_that_were_changed_cannot_be_told_from_time_and_data(now: datetime) -> None:
    lead = a_lead(now - 9 * DAY, source_score=90)
    a_prediction(lead, now - 2 * DAY)
    ScoringRule.objects.create(feature="lead_source_score", low=50, points=40, position=1)
    parts = parts_of(since(lead))
    assert parts[TIME].joined_with == (DATA, VERSION)
    assert "no longer kept as it was" in parts[TIME].words


def test_a_version_whose_artefact_is_archived_is_told_apart_only_from_what_came_after(
    model: ModelVersion, now: datetime
) -> None:
    lead = a_lead(now - 9 * DAY)
    start = a_prediction(lead, now - 2 * DAY)
    ModelVersion.objects.update(is_active=False, archived_at=now)
    parts = compared(lead, start, a_prediction(lead, now))
    assert parts[TIME].joined_with == (DATA, VERSION)
    assert parts[RECALIBRATION].difference == 0


def test_a_history_that_was_corrected_goes_with_the_data(now: datetime) -> None:
    lead = a_lead(now - 9 * DAY)
    for days in (8, 7, 6):
        a_message(lead, now - days * DAY)
    start = a_prediction(lead, now - 5 * DAY)
    Message.objects.all().delete()
    parts = compared(lead, start, a_prediction(lead, now - 4 * DAY))
    assert parts[TIME].difference == pytest.approx(0, abs=1e-12)
    assert parts[DATA].difference == pytest.approx(-0.1)
    assert parts[DATA].words == "Messages from the lead: 3, now 0"


def test_where_the_last_prediction_still_holds_the_step_before_it_is_told(now: datetime) -> None:
    lead = a_lead(now - 9 * DAY)
    earlier = a_prediction(lead, now - 5 * DAY)
    a_message(lead, now - 4 * DAY)
    last = a_prediction(lead, now - DAY)
    change = since(lead)
    assert (change.start, change.end) == (earlier, last)
    assert change.words == "From 10% to 15%, up by 5 points. Mostly: 1 new message from the lead."


def test_where_something_happened_since_the_lead_as_it_is_now_is_told(now: datetime) -> None:
    lead = a_lead(now - 9 * DAY)
    a_prediction(lead, now - 5 * DAY)
    last = a_prediction(lead, now - DAY)
    a_message(lead, now - HOUR)
    change = since(lead)
    assert (change.start, change.end.pk) == (last, None)
    assert Prediction.objects.count() == 2


def test_a_later_prediction_alone_is_compared_with_the_one_before_it(now: datetime) -> None:
    lead = a_lead(now - 9 * DAY)
    first, second, _ = (a_prediction(lead, now - days * DAY) for days in (5, 4, 3))
    change = asked_for(org_id="default", dossier=lead, ids={"to": second.pk})
    assert (change.start, change.end) == (first, second)


def test_a_lead_never_scored_has_no_change(now: datetime) -> None:
    with pytest.raises(NeverScored):
        since_last(org_id="default", dossier=a_lead(now))


def test_the_number_of_statements_does_not_grow_with_the_history(model: ModelVersion, now: datetime) -> None:
    counts = []
    for many in (2, 40):
        lead = a_lead(now - 90 * DAY)
        for days in range(many):
            a_message(lead, now - (days + 1) * DAY)
        start, end = (a_prediction(lead, now - days * DAY) for days in (2, 1))
        between(org_id="default", dossier=lead, start=start, end=end)  # the first counts how other leads stood
        between(org_id="default", dossier=lead, start=start, end=end)
        with CaptureQueriesContext(connection) as queries:
            between(org_id="default", dossier=lead, start=start, end=end)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 15


@pytest.mark.parametrize(
    ("reached", "steps"),
    [
        ([("a", 0.3), ("b", 0.5)], [(("a",), 0.1), (("b",), 0.2)]),
        ([("a", None), ("b", 0.5)], [(("a", "b"), 0.3)]),
        ([("a", 0.1), ("b", None), ("c", 0.4)], [(("a",), -0.1), (("b", "c"), 0.3)]),
    ],
)
def test_a_part_without_a_known_end_is_joined_with_the_next(reached: Any, steps: Any) -> None:
    assert [(names, pytest.approx(size)) for names, size in telescoped(0.2, reached)] == steps


@pytest.mark.parametrize(
    ("difference", "words"), [(0.07, "up by 7 points"), (-0.012, "down by 1 point"), (0.0004, "no difference")]
)
def test_an_effect_has_a_direction_and_a_size(difference: float, words: str) -> None:
    assert effect(difference) == words
