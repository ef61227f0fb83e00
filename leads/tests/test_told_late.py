"""History that is told late: how long a lead was undecided is known from its source, or only from then on."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import numpy as np
import pytest

from leads import labelled
from leads.features import LabelledRows
from leads.intake import put_leads
from leads.models import Dossier, Organisation, Outcome
from leads.records import LeadRecord
from leads.tests.cast import DAY, MONDAY

pytestmark = pytest.mark.django_db
TOLD = MONDAY + 120 * DAY
LATER = TOLD + 100 * DAY
FATES = ("WON", "LOST", "NEW")


def a_backfill(times: float, *, leads: int = 90) -> None:
    """Leads of 110 days, told at once: a third won, a third lost, both after four days, a third open to this day.

    Of a share `times` of the decided ones the time of the decision is told with them.
    """
    chance = Random(2)
    told = []
    for number in range(1, leads + 1):
        created, status = MONDAY + DAY * (110 * number / leads), FATES[number % 3]
        is_timed = status != "NEW" and chance.random() < times
        told.append(LeadRecord(number, status, created, status_at=created + 4 * DAY if is_timed else None))
    put_leads(org_id="default", leads=told, at=TOLD, by="test")
    Dossier.objects.update(recorded_at=TOLD)


def rows(*, until: datetime = LATER, ages: tuple[float, ...] = (0.0, 1.0, 30.0)) -> LabelledRows:
    return labelled.training_rows(Organisation.get("default"), since=MONDAY, until=until, ages=ages)


def rates(found: LabelledRows) -> dict[int, float]:
    """The share that converts, by age in days."""
    age = (found.moment - found.created_at) // np.timedelta64(1, "D")
    return {int(each): float(found.converted[age == each].mean()) for each in np.unique(age)}


def test_where_no_decision_has_a_time_nobody_is_a_row_between_the_creation_and_the_telling() -> None:
    a_backfill(times=0.0)
    found = rows()
    assert rates(found)[0] == pytest.approx(1 / 3)
    between = (found.moment != found.created_at) & (found.moment < np.datetime64(TOLD.replace(tzinfo=None)))
    assert not between.any()
    assert found.labelling["told_late"] == 90


def test_such_a_lead_is_a_row_again_from_when_it_was_told_whatever_became_of_it() -> None:
    a_backfill(times=0.0)
    open_ones = Dossier.objects.filter(status="NEW").order_by("-created_at")
    youngest, next_one = open_ones[0], open_ones[1]
    for lead, converted in ((youngest, True), (next_one, False)):
        at = TOLD + 25 * DAY
        Outcome.objects.create(dossier=lead, converted=converted, occurred_at=at, recorded_at=at)
    found = rows()
    late = found.moment > found.created_at
    fates = dict(zip(found.dossier[late].tolist(), found.converted[late].tolist(), strict=True))
    assert fates[youngest.pk]
    assert not fates[next_one.pk]
    assert set(((found.moment - found.created_at)[late] // np.timedelta64(1, "D")).tolist()) == {30}


def test_where_decisions_have_their_times_open_leads_are_known_to_have_been_open() -> None:
    a_backfill(times=1.0)
    found = rows()
    assert rates(found) == pytest.approx({0: 1 / 3, 1: 1 / 3, 30: 0.0})
    assert found.labelling["told_late"] == 0


def test_a_few_decisions_without_a_time_do_not_hide_the_rest() -> None:
    a_backfill(times=0.9)
    found = rows()
    assert rates(found)[1] == pytest.approx(1 / 3, abs=0.05)
    assert found.labelling["told_late"] == 0


def test_an_undecided_lead_of_whom_nobody_knows_how_long_is_not_waited_for_before_it_was_told() -> None:
    a_backfill(times=0.0)
    life = labelled.histories(Organisation.get("default"), since=MONDAY, until=LATER)[1]
    early, horizon = life.created_at + DAY, timedelta(days=60)
    assert life.decided_at is None
    assert not life.was_open_at(early)
    assert not life.is_censored_at(early, horizon, early + DAY)
    assert life.was_open_at(life.created_at)
    assert life.was_open_at(TOLD)
