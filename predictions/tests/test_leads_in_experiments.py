"""A lead in an experiment stays in its arm, is scored by it, and is written down once with what every method said."""

from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from experiments.designs import Arm, two_arms
from experiments.lifecycle import close_enrolment, let_mature, stop_experiment
from experiments.models import Experiment, Exposure
from experiments.tests.cast import an_experiment
from leads.models import Dossier
from leads.tests.cast import a_lead, a_past, an_attribute, an_outcome
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.tests.cast import a_version
from predictions.bulk import score_in_bulk
from predictions.models import Prediction
from predictions.scoring import score_leads

pytestmark = pytest.mark.django_db


LEARNT: dict[str, Any] = {}


def a_model(name: str = "20260101000000", **fields: Any) -> ModelVersion:
    """A version that reads leads as they are stored; learnt once for all tests, and under many names."""
    if not LEARNT:
        with transaction.atomic():
            a_past()
            version = a_version(algorithm="logistic_regression")
            LEARNT.update(digest=version.digest, content=bytes(version.artefact.content))
            transaction.set_rollback(True)
    version = ModelVersion.objects.create(
        version=name, algorithm="logistic_regression", digest=LEARNT["digest"], **fields
    )
    ModelArtefact.objects.create(version=version, content=LEARNT["content"])
    return version


@pytest.fixture
def model() -> ModelVersion:
    return a_model(is_active=True)


def told(experiment: Experiment) -> dict[str, Any]:
    return {"org_id": "default", "experiment_id": experiment.pk, "by": "tester", "at": timezone.now()}


def arms_of(leads: Any) -> list[tuple[str, str]]:
    scored = score_leads(org_id="default", dossiers=leads)
    return [(each.assignment.variant, each.prediction.method) for each in scored]


def test_a_lead_stays_in_its_arm_and_is_scored_by_its_method(model: ModelVersion) -> None:
    experiment = an_experiment()
    leads = [a_lead() for _ in range(40)]
    first = arms_of(leads)
    assert {("control", "RULE_BASED"), ("treatment", "ML")} == set(first)
    assert arms_of(leads) == first
    assert [arms_of([lead])[0] for lead in leads[:5]] == first[:5]
    rows = {row.dossier_id: row for row in Exposure.objects.filter(experiment=experiment)}
    assert [rows[lead.pk].variant for lead in leads] == [variant for variant, _ in first]
    assert [rows[lead.pk].predictions for lead in leads] == [3] * 5 + [2] * 35
    assert Prediction.objects.filter(experiment=experiment).exclude(variant="").count() == 85


def test_what_both_methods_say_is_kept_at_the_first_scoring_and_not_again(model: ModelVersion) -> None:
    experiment = an_experiment()
    leads = [a_lead() for _ in range(10)]
    scored = score_leads(org_id="default", dossiers=leads)
    rows = {row.dossier_id: row for row in Exposure.objects.all()}
    for each in scored:
        row, arm = rows[each.prediction.dossier_id or 0], experiment.variants.index(each.assignment.variant)
        assert row.probabilities[arm] == each.prediction.conversion_probability
        assert row.actions[arm] == each.prediction.recommended_action
        assert row.probabilities[0] != row.probabilities[1]
    before = {pk: row.probabilities for pk, row in rows.items()}
    score_leads(org_id="default", dossiers=leads)
    assert {row.dossier_id: row.probabilities for row in Exposure.objects.all()} == before


def test_a_method_that_fails_silently_harms_nobody(model: ModelVersion) -> None:
    pinned = a_model("20260201000000")
    an_experiment(arms=two_arms("RULE_BASED", f"ML:{pinned.version}", 0.999))
    ModelArtefact.objects.filter(version=pinned).update(content=b"nonsense")
    ModelVersion.objects.filter(pk=pinned.pk).update(digest="0" * 64)
    scored = score_leads(org_id="default", dossiers=[a_lead()])
    assert scored[0].prediction.method == "RULE_BASED"
    assert Exposure.objects.get().probabilities is None


def test_a_pinned_arm_keeps_its_version(model: ModelVersion) -> None:
    pinned = a_model("20260201000000")
    an_experiment(arms=two_arms("ML", f"ML:{pinned.version}", 0.5))
    scored = score_leads(org_id="default", dossiers=[a_lead() for _ in range(30)])
    versions = {(each.assignment.variant, each.prediction.model_version) for each in scored}
    assert versions == {("control", model.version), ("treatment", pinned.version)}


def test_three_arms_get_their_shares(model: ModelVersion) -> None:
    other = a_model("20260201000000")
    an_experiment(arms=[Arm("rules", "RULE_BASED", 0.2), Arm("ml", "ML", 0.3), Arm("old", f"ML:{other.version}", 0.5)])
    variants = [variant for variant, _ in arms_of([a_lead() for _ in range(300)])]
    assert [variants.count(name) / 300 for name in ("rules", "ml", "old")] == pytest.approx([0.2, 0.3, 0.5], abs=0.09)
    assert {len(row.probabilities) for row in Exposure.objects.all()} == {3}


def test_only_the_population_comes_in_and_who_is_in_stays_in(model: ModelVersion) -> None:
    an_experiment(population={"source": ["portal", "referral"], "attributes.budget": 3})
    inside, outside, poor = a_lead(source="portal"), a_lead(source="website"), a_lead(source="portal")
    for lead, budget in ((inside, 3), (outside, 3), (poor, 2)):
        an_attribute(lead, "budget", budget)
    assert [bool(variant) for variant, _ in arms_of([inside, outside, poor])] == [True, False, False]
    inside.source = "website"
    inside.save()
    assert [bool(variant) for variant, _ in arms_of([inside, outside])] == [True, False]


def test_a_lead_that_is_decided_does_not_come_in(model: ModelVersion) -> None:
    an_experiment()
    lead = a_lead()
    an_outcome(lead, True, timezone.now())
    assert arms_of([lead]) == [("", "ML")]


def test_closing_keeps_those_that_are_in_and_maturing_lets_all_go(model: ModelVersion) -> None:
    experiment = an_experiment(arms=two_arms("RULE_BASED", "ML", 0.999))
    known, late = a_lead(), a_lead()
    assert arms_of([known]) == [("control", "RULE_BASED")]
    close_enrolment(**told(experiment))
    assert arms_of([known, late]) == [("control", "RULE_BASED"), ("", "ML")]
    let_mature(**told(experiment))
    assert arms_of([known, late]) == [("", "ML"), ("", "ML")]


def test_a_share_of_the_population_is_left_alone(model: ModelVersion) -> None:
    an_experiment(coverage=0.2)
    variants = [variant for variant, _ in arms_of([a_lead() for _ in range(200)])]
    assert sum(map(bool, variants)) / 200 == pytest.approx(0.2, abs=0.1)


BESIDE = 2  # which arm, and the row of the exposure


def test_an_experiment_costs_one_statement_to_assign_and_one_to_keep_who_was_in_it(model: ModelVersion) -> None:
    counts = []
    lead = a_lead()
    score_leads(org_id="default", dossiers=[lead])  # how other leads stand is read once a day
    for begin in (lambda: None, an_experiment, lambda: None):
        begin()
        with CaptureQueriesContext(connection) as queries:
            score_leads(org_id="default", dossiers=[lead])
        counts.append(len(queries))
    without, coming_in, being_in = counts
    assert without + BESIDE <= being_in <= without + BESIDE + 1  # the arm of the rules reads their points
    assert coming_in <= without + BESIDE + 1  # as does asking them silently
    for size in (50, 100):
        leads = [a_lead() for _ in range(size)]
        with CaptureQueriesContext(connection) as queries:
            score_leads(org_id="default", dossiers=leads)
        assert len(queries) <= without + BESIDE + 1  # read once for what is given and for what is said silently


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_stopping_while_leads_are_scored_loses_and_misfiles_none() -> None:
    a_model(is_active=True)
    experiment = an_experiment(arms=two_arms("RULE_BASED", "ML", 0.5))
    leads = [a_lead() for _ in range(30)]

    def work(part: Any) -> None:
        try:
            for lead in part:
                score_leads(org_id="default", dossiers=[lead])
        finally:
            connection.close()

    threads = [Thread(target=work, args=(leads[at::3],)) for at in range(3)]
    for thread in threads:
        thread.start()
    stop_experiment(**told(experiment))
    for thread in threads:
        thread.join()
    filed = Prediction.objects.filter(experiment=experiment)
    assert sum(row.predictions for row in Exposure.objects.all()) == filed.count()
    assert Prediction.objects.count() == 30
    rows = {row.dossier_id: row.variant for row in Exposure.objects.all()}
    assert all(rows[made.dossier_id] == made.variant for made in filed)
    assert arms_of(leads[:1]) == [("", "ML")]


def test_in_bulk_the_scores_of_all_are_locked_in_one_order_before_any_is_stored(model: ModelVersion) -> None:
    """Else a request for the same leads, which stores them in the order of keys, and the chunk wait for each other."""
    for _ in range(40):  # some are in, and some are not, whatever the salt
        a_lead()
    an_experiment(coverage=0.5)
    with CaptureQueriesContext(connection) as queries:
        score_in_bulk(org_id="default", leads=Dossier.objects.all())
    told = [each["sql"] for each in queries]
    lock = next(at for at, sql in enumerate(told) if "FOR NO KEY UPDATE" in sql and '"lead_score"' in sql)
    assert 'ORDER BY "lead_score"."dossier_id" ASC' in told[lock]
    assert lock < next(at for at, sql in enumerate(told) if "INSERT INTO lead_score" in sql)
    assert Exposure.objects.exists()
    assert Prediction.objects.count() == 40
