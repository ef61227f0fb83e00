"""What is kept of a day is what would be counted, whatever was written meanwhile, and by whatever door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Dossier, Outcome, Property, Standing
from leads.populations import LATELY
from leads.standings import MARKETS, SOURCES, Standings, standings
from leads.tests.cast import DAY, HOUR, MONDAY, a_lead, a_property, an_outcome

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def kept() -> dict[tuple[str, date], Any]:
    return {(row.kind, row.day): row.pk for row in Standing.objects.all()}


def looked_up(days: list[date]) -> list[Standings]:
    return [standings("default", [day], kept()) for day in days]


def as_it_was(day: date) -> tuple[dict[str | None, tuple[int, int]], dict[str, int]]:
    """The definition, said plainly: one lead and one outcome after the other."""
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    sources: dict[str | None, tuple[int, int]] = {}
    for row in Outcome.objects.select_related("dossier"):
        known = max(row.occurred_at, row.recorded_at)
        if known < start and not (row.superseded_at and max(known, row.superseded_at) < start):
            decided, won = sources.get(row.dossier.source, (0, 0))
            sources[row.dossier.source] = (decided + 1, won + row.converted)
    markets: dict[str, int] = {}
    for lead in Dossier.objects.select_related("property").filter(created_at__lt=start):
        place = getattr(lead, "property", None)
        arrived = place and place.city and max(place.known_from, lead.created_at) < start
        market = place.city if arrived else lead.region
        if market and lead.created_at + MONTH >= start:
            markets[market] = markets.get(market, 0) + 1
    return sources, markets


def decided_within(back: int, day: date) -> tuple[int, int]:
    """Decided and won leads in so many days before the day: what had been by then, less what had been before."""
    (decided, won), (before, won_before) = (
        map(sum, zip((0, 0), *as_it_was(each)[0].values(), strict=True)) for each in (day, day - timedelta(back))
    )
    return decided - before, won - won_before


def acts(chance: Random) -> list[Callable[[], Any]]:
    """What people, the CRM and imports do to leads, in the past and now."""

    def moment() -> datetime:
        return MONDAY + chance.randrange(40 * 24) * HOUR

    def word(*words: str | None) -> Any:
        return chance.choice(words)

    def any_of(model: Any) -> Any:
        return model.objects.filter(pk__in=[chance.choice([0, *model.objects.values_list("pk", flat=True)])])

    def correct() -> None:
        for row in any_of(Outcome).filter(superseded_at=None):
            at = moment()
            row.superseded_at = at
            row.save()
            an_outcome(row.dossier, not row.converted, row.occurred_at, recorded_at=at)

    def tell_outcome() -> None:
        for lead in any_of(Dossier).filter(outcomes=None):
            an_outcome(lead, chance.random() < 0.5, moment(), recorded_at=moment())

    def tell_property() -> None:
        for lead in any_of(Dossier).filter(property=None):
            a_property(lead, moment(), city=word("Lyon", "Bourg", "", None))

    return [
        lambda: a_lead(moment(), source=word("web", "ads", None), region=word("Ain", "Isère", "", None)),
        tell_property,
        tell_outcome,
        tell_outcome,
        correct,
        lambda: any_of(Dossier).update(source=word("web", "ads", None)),
        lambda: any_of(Dossier).update(region=word("Ain", "Rhône", None)),
        lambda: any_of(Dossier).update(created_at=moment()),
        lambda: any_of(Property).update(city=word("Lyon", "Vienne", None)),
        lambda: any_of(Property).update(known_from=moment()),
        lambda: any_of(Outcome).update(converted=chance.random() < 0.5, occurred_at=moment()),
        lambda: any_of(Outcome).delete(),
        lambda: any_of(Property).delete(),
        lambda: any_of(Dossier).delete(),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_at_any_day_after_any_act_what_is_looked_up_is_the_definition(seed: int) -> None:
    chance = Random(seed)
    possible = acts(chance)
    for _ in range(12):
        possible[0]()
    for _ in range(40):
        chance.choice(possible)()
        days = sorted({(MONDAY + chance.randrange(1, 75) * DAY).date() for _ in range(2)})
        counted = list(zip(SOURCES.on_days("default", days), MARKETS.on_days("default", days), strict=True))
        for day, stood, (sources, markets) in zip(days, looked_up(days), counted, strict=True):
            told = as_it_was(day)
            assert {s: n for s, n in sources.decisions.items() if n != (0, 0)} == told[0]
            assert markets.leads == told[1]
            assert {s: tuple(n) for s, n in stood.sources[0].decisions.items() if n != (0, 0)} == told[0]
            lately = {back: decided_within(back, day) for back in LATELY}
            assert dict(sources.lately) == dict(stood.sources[0].lately) == lately
            assert stood.markets[0].leads == told[1]


def test_what_happens_now_forgets_nothing_and_what_is_told_late_forgets_the_days_after_it() -> None:
    lead, tuesday = a_lead(MONDAY, region="Ain"), (MONDAY + DAY).date()
    standings("default", [tuesday], {})
    a_lead(MONDAY + DAY + HOUR, region="Ain")
    a_property(lead, MONDAY + DAY + HOUR)
    an_outcome(lead, True, MONDAY + DAY + HOUR)
    assert set(kept()) == {("decided", tuesday), ("markets", tuesday)}
    a_lead(MONDAY + HOUR, region="Ain")
    assert set(kept()) == {("decided", tuesday)}
    an_outcome(a_lead(MONDAY), True, MONDAY + HOUR)
    assert not kept()


def test_another_organisations_leads_change_nothing() -> None:
    day = (MONDAY + DAY).date()
    standings("default", [day], {})
    an_outcome(a_lead(MONDAY, region="Ain", org_id="other"), True, MONDAY)
    assert len(kept()) == 2


def test_what_a_process_has_read_once_costs_no_statement() -> None:
    days = [(MONDAY + DAY).date()]
    standings("default", days, {})
    looked_up(days)
    found = kept()
    with CaptureQueriesContext(connection) as queries:
        standings("default", days, found)
    assert len(queries) == 0


def test_days_of_long_ago_are_not_kept_for_ever() -> None:
    for days in (1, 40):
        standings("default", [(MONDAY + days * DAY).date()], {})
    assert {day for _, day in kept()} == {(MONDAY + 40 * DAY).date()}


def test_a_lead_that_is_dated_into_the_future_makes_no_day_of_the_present_old() -> None:
    today = datetime.now(timezone.utc).date()
    days = {today, today + 400 * DAY}
    for day in sorted(days):
        standings("default", [day], {})
    assert {day for _, day in kept()} == days
