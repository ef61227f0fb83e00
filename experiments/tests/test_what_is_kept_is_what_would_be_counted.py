"""Whatever becomes known, is corrected or forgotten: a look at what is kept says what a plain count says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from math import ceil
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from experiments.aggregates import aggregate
from experiments.assignment import Assignment
from experiments.exposures import Recommendation, Seen, record
from experiments.lifecycle import stop_experiment
from experiments.models import ChangedOutcome, Conversion, ConversionSum, DaySum, Experiment, Exposure, PredictionTally
from experiments.summing import sum_up
from experiments.tests.cast import an_experiment, exposed, now
from experiments.watching import watch
from leads.models import Dossier, Organisation, Origin, Outcome
from leads.outcomes import StatusStep, follow_statuses, record_outcome
from leads.tests.cast import a_lead, an_outcome

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ACTIONS = ("NURTURE", "HIGH_PRIORITY")


def day_of(moment: datetime) -> date:
    return moment.astimezone(timezone.utc).date()


def counts(experiment: Experiment, exposure: Exposure, outcome: Outcome) -> bool:
    """The sentence of docs/experiments.md."""
    after = outcome.occurred_at - exposure.first_at
    told_after = outcome.recorded_at >= exposure.first_at or outcome.origin == Origin.STATUS
    dated_by_the_day = told_after and after >= -DAY
    return after <= experiment.attribution_days * DAY and (after >= timedelta(0) or dated_by_the_day)


def sold_plainly(experiment: Experiment) -> list[tuple[Exposure, Outcome]]:
    """One lead after the other."""
    rows = Outcome.objects.filter(superseded_at=None, converted=True)
    outcomes = {row.dossier_id: row for row in rows}
    pairs = [(x, outcomes.get(x.dossier_id)) for x in Exposure.objects.filter(experiment=experiment)]
    return [(exposure, outcome) for exposure, outcome in pairs if outcome and counts(experiment, exposure, outcome)]


def plainly(experiment: Experiment, at: datetime) -> dict[str, Any]:
    """The definition: leads and conversions told apart in every way that the statistics want."""
    found: dict[str, defaultdict[Any, float]] = {name: defaultdict(float) for name in KEYS}
    for x in Exposure.objects.filter(experiment=experiment):
        age = (day_of(at) - day_of(x.first_at)).days
        found["exposed"][x.variant, age] += 1
        found["said"][x.variant, said_of(x)] += 1
        found["mature said"][x.variant, said_of(x)] += age > experiment.attribution_days
        found["strata"][x.variant, x.source, True] += 1
        found["strata"][x.variant, x.owner, False] += 1
        found["predictions"][x.variant] += x.predictions
        found["chances"][x.variant] += x.probabilities[0] if x.probabilities else 0
    sold = sold_plainly(experiment)
    paid = sorted(float(outcome.revenue) for _, outcome in sold if outcome.revenue)
    cap = paid[ceil(experiment.revenue_cap * len(paid)) - 1] if paid else None
    for x, outcome in sold:
        age = (day_of(at) - day_of(x.first_at)).days
        day = min(max((outcome.occurred_at - x.first_at) // DAY, 0), experiment.attribution_days - 1)
        found["sold"][x.variant, age, day] += 1
        if outcome.revenue is not None:
            found["paid"][x.variant, age > experiment.attribution_days] += 1
            found["revenue"][x.variant, age > experiment.attribution_days] += min(float(outcome.revenue), cap or 0)
        found["chances of sold"][x.variant, age, day] += x.probabilities[0] if x.probabilities else 0
        found["mature sold"][x.variant, said_of(x)] += age > experiment.attribution_days
    return {name: rounded(each) for name, each in found.items()} | {"cap": cap}


SAID = ("said", "mature said", "mature sold")
KEYS = ("exposed", "strata", "predictions", "chances", "sold", "paid", "revenue", "chances of sold", *SAID)


def said_of(exposure: Exposure) -> tuple[str, ...] | None:
    return tuple(exposure.actions) if exposure.actions else None


def rounded(counted: Mapping[Any, float]) -> dict[Any, float]:
    """Sums of floats in another order differ in their last digits."""
    return {key: round(value, 6) for key, value in counted.items() if round(value, 6)}


def looked(experiment: Experiment, at: datetime) -> dict[str, Any]:
    """What a look says."""
    found = aggregate(Experiment.objects.get(pk=experiment.pk), at)
    chances: defaultdict[str, float] = defaultdict(float)
    for row in found.exposed:
        chances[row.variant] += row.chances
    told: dict[str, Mapping[Any, float]] = {
        "exposed": {(row.variant, row.age): row.leads for row in found.exposed},
        "said": {(row.variant, row.actions): row.leads for row in found.by_actions},
        "mature said": {(row.variant, row.actions): row.matured.leads for row in found.by_actions},
        "mature sold": {(row.variant, row.actions): row.matured.conversions for row in found.by_actions},
        "strata": {(row.variant, row.name, row.by_source): row.leads for row in found.strata},
        "predictions": dict(found.predictions),
        "chances": chances,
        "sold": {(row.variant, row.age, row.day): row.conversions for row in found.conversions.by_day},
        "paid": {(row.variant, row.matured): row.conversions for row in found.conversions.paid},
        "revenue": {(row.variant, row.matured): row.revenue for row in found.conversions.paid},
        "chances of sold": {(row.variant, row.age, row.day): row.chances for row in found.conversions.by_day},
    }
    return {name: rounded(each) for name, each in told.items()} | {"cap": found.conversions.cap}


class World:
    """What predictions, people, imports and the hourly task do, one act after the other."""

    def __init__(self, experiment: Experiment, chance: Random) -> None:
        self.experiment, self.chance, self.at = experiment, chance, now()
        self.acts: list[Callable[[], None]] = [
            self.enrol,
            self.enrol,
            self.score_again,
            self.tell,
            self.tell,
            self.tell_by_status,
            self.sum_up,
            self.forget,
            self.take_back,
            self.erase_an_outcome,
        ]

    def enrol(self, within: float = 0.9) -> None:
        """Just now, or in the past of which nothing has been summed up yet."""
        pick = self.chance.choice
        said = pick([{}, {"actions": [pick(ACTIONS), pick(ACTIONS)], "probabilities": [self.chance.random(), 0.5]}])
        where = {"source": pick(["web", None]), "owner": pick(["anna", None])}
        arm, days_ago = pick(["control", "treatment"]), within * self.chance.random() + (now() - self.at) / DAY
        exposed(self.experiment, arm, 1, days_ago=days_ago, **said, **where)

    def score_again(self) -> None:
        for lead in self.one_of(Dossier):
            arm = Exposure.objects.get(dossier=lead).variant
            record([Seen(lead, Assignment("ML", self.experiment.pk, "", arm), self.at)])

    def tell(self) -> None:
        for lead in self.one_of(Dossier):
            happened = lead.created_at + self.chance.randrange(-2 * 24, 40 * 24) * HOUR
            revenue = self.chance.choice([None, 0, self.chance.randrange(1, 900)])
            told = {"converted": self.chance.random() < 0.8, "occurred_at": happened, "revenue": revenue}
            record_outcome(org_id="default", dossier=lead, by="crm", at=self.at, **told)

    def tell_by_status(self) -> None:
        for lead in self.one_of(Dossier):
            happened = lead.created_at + self.chance.randrange(-2 * 24, 40 * 24) * HOUR
            step = StatusStep(lead.pk, lead.status, self.chance.choice(["WON", "LOST"]), happened, is_retold=True)
            follow_statuses(organisation=Organisation.get("default"), steps=[step], by="import")

    def sum_up(self) -> None:
        self.at += self.chance.choice([HOUR, DAY])
        sum_up(self.experiment, at=self.at)

    def forget(self) -> None:
        for lead in self.one_of(Dossier):
            lead.delete()

    def take_back(self) -> None:
        for outcome in self.one_of(Outcome):
            Outcome.objects.filter(pk=outcome.pk).update(superseded_at=self.at)

    def erase_an_outcome(self) -> None:
        for outcome in self.one_of(Outcome):
            outcome.delete()

    def one_of(self, model: Any) -> Any:
        """One row, or none where there is none."""
        keys = sorted(model.objects.values_list("pk", flat=True))
        return model.objects.filter(pk=self.chance.choice(keys)) if keys else []


@pytest.mark.parametrize("seed", range(6))
def test_after_any_act_a_look_says_what_a_plain_count_says(seed: int) -> None:
    experiment, chance = an_experiment(days_ago=61), Random(seed)
    world = World(experiment, chance)
    for _ in range(15):
        world.enrol(within=60)
    for _ in range(60):
        chance.choice(world.acts)()
        assert looked(experiment, world.at) == plainly(experiment, world.at)
    assert DaySum.objects.exists()


def an_experiment_summed_up() -> Experiment:
    """Twenty leads came in long ago, of which six have converted; all of it is kept."""
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 10, converted=2, revenue=100, owner="anna")
    exposed(experiment, "treatment", 10, converted=4, revenue=100, owner="anna")
    sum_up(experiment, at=now())
    assert (Conversion.objects.count(), ChangedOutcome.objects.count()) == (6, 0)
    return experiment


def conversions_of(experiment: Experiment) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in aggregate(Experiment.objects.get(pk=experiment.pk), now()).conversions.by_day:
        found[row.variant] += row.conversions
    return dict(found)


def test_a_late_outcome_and_a_correction_have_their_effect_before_the_hour_is_over() -> None:
    experiment = an_experiment_summed_up()
    sold = Exposure.objects.filter(variant="control", dossier__outcomes__converted=True)[0].dossier
    other = Exposure.objects.filter(variant="control", dossier__outcomes=None)[0]
    told = {"org_id": "default", "by": "crm", "at": now(), "revenue": None}
    record_outcome(dossier=other.dossier, converted=True, occurred_at=other.first_at + DAY, **told)
    assert conversions_of(experiment) == {"control": 3, "treatment": 4}
    record_outcome(dossier=sold, converted=False, occurred_at=now(), **told)
    assert conversions_of(experiment) == {"control": 2, "treatment": 4}
    assert Conversion.objects.count() == 6
    sum_up(experiment, at=now())
    assert ChangedOutcome.objects.count() == 0
    assert conversions_of(experiment) == {"control": 2, "treatment": 4}


def meanwhile(act: Callable[[], object]) -> None:
    """Does it on a connection of its own. Fails where it waits for a transaction that is open here."""

    def done() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(done).result()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_outcomes_wait_neither_for_one_another_nor_for_the_hour_and_what_comes_meanwhile_stays_noted() -> None:
    experiment = an_experiment_summed_up()
    first, second = Exposure.objects.filter(dossier__outcomes=None, variant="control")[:2]

    def tell(exposure: Exposure) -> None:
        told = {"converted": True, "occurred_at": exposure.first_at + DAY, "revenue": None, "by": "crm", "at": now()}
        record_outcome(org_id="default", dossier=exposure.dossier, **told)

    with transaction.atomic():
        tell(first)
        meanwhile(lambda: tell(second))
        meanwhile(lambda: sum_up(experiment, at=now()))
    assert list(ChangedOutcome.objects.values_list("exposure_id", flat=True)) == [first.pk]
    assert conversions_of(experiment) == {"control": 4, "treatment": 4}
    sum_up(experiment, at=now())
    assert not ChangedOutcome.objects.exists()
    assert conversions_of(experiment) == {"control": 4, "treatment": 4}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_while_days_are_summed_up_leads_come_in_and_nobody_else_sums_up_or_forgets() -> None:
    experiment, lead = an_experiment_summed_up(), a_lead()
    known = Exposure.objects.all()[0].dossier
    with transaction.atomic():
        sum_up(experiment, at=now())
        seen = Seen(lead, Assignment("ML", experiment.pk, "", "control"), now())
        meanwhile(lambda: record([seen]))
        for act in (lambda: sum_up(experiment, at=now()), known.delete):
            with pytest.raises(OperationalError, match="lock timeout"):
                meanwhile(act)
    assert Exposure.objects.filter(dossier=lead).exists()


def test_a_sale_dated_by_the_day_counts_where_an_import_tells_it() -> None:
    """Scored at nine; the export of the next day says: won, on that day."""
    experiment = an_experiment(days_ago=60)
    (lead, earlier) = exposed(experiment, "control", 2)
    first = Exposure.objects.get(dossier=lead).first_at
    steps = [StatusStep(lead.pk, "NEW", "WON", first - 9 * HOUR), StatusStep(earlier.pk, "NEW", "WON", first - 2 * DAY)]
    follow_statuses(organisation=Organisation.get("default"), steps=steps, by="import")
    for _ in range(2):
        assert conversions_of(experiment) == {"control": 1}
        sum_up(experiment, at=now())
    assert Conversion.objects.get().exposure_id == Exposure.objects.get(dossier=lead).pk


def test_what_is_lost_is_noted_by_nobody() -> None:
    experiment = an_experiment_summed_up()
    lead = Exposure.objects.filter(dossier__outcomes=None)[0].dossier
    an_outcome(lead, False, now())
    an_outcome(a_lead(), True, now())
    assert not ChangedOutcome.objects.filter(experiment=experiment).exists()


def test_an_outcome_that_changes_after_the_end_is_settled_by_the_hourly_task() -> None:
    experiment = an_experiment_summed_up()
    stop_experiment(org_id="default", experiment_id=experiment.pk, by="tester", at=now(), decision="KEEP")
    Outcome.objects.update(converted=False)
    assert conversions_of(experiment) == {}
    watch(at=now())
    assert not Conversion.objects.exists()
    assert not ChangedOutcome.objects.exists()


def test_who_is_forgotten_leaves_the_sums_and_the_conversions() -> None:
    experiment = an_experiment_summed_up()
    Dossier.objects.filter(exposures__variant="treatment").delete()
    assert conversions_of(experiment) == {"control": 2}
    assert set(DaySum.objects.values_list("variant", flat=True)) == {"control"}
    Dossier.objects.all().delete()
    for kept in (Conversion, ConversionSum, ChangedOutcome, DaySum):
        assert not kept._default_manager.exists(), kept


def test_predictions_are_tallied_by_the_statement_that_writes_them_and_made_one_row_by_the_hour() -> None:
    experiment = an_experiment(days_ago=1)
    leads = [a_lead() for _ in range(5)]
    seen = [
        Seen(
            lead,
            Assignment("ML", experiment.pk, "", "treatment"),
            now(),
            (Recommendation(0.1, "NURTURE"), Recommendation(0.2, "NURTURE")),
        )
        for lead in leads
    ]
    for _ in range(3):
        record(seen)
    assert list(PredictionTally.objects.values_list("predictions", flat=True)) == [5, 5, 5]
    sum_up(experiment, at=now())
    assert list(PredictionTally.objects.values_list("variant", "predictions")) == [("treatment", 15)]


def test_what_sums_are_made_of_cannot_be_changed() -> None:
    an_experiment_summed_up()
    for change in ({"source": "other"}, {"owner": None}, {"actions": list(ACTIONS)}, {"probabilities": [0.1, 0.2]}):
        with pytest.raises(IntegrityError, match="stands"), transaction.atomic():
            Exposure.objects.update(**change)
