"""Draft, running, closed to new leads, maturing, stopped with a decision: each step once, by somebody, on record."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from experiments.designs import Arm, Impossible, changed_arms, hash_of, two_arms
from experiments.lifecycle import (
    Overlaps,
    WrongState,
    acts_of,
    close_enrolment,
    create_experiment,
    iterate,
    let_mature,
    start_experiment,
    stop_experiment,
)
from experiments.models import Experiment, Exposure, PinnedArtefact
from experiments.phrases import PHRASES
from experiments.tests.cast import a_plan, an_experiment, exposed, now
from models_registry.archiving import StillNeeded, archive_old, archive_version
from models_registry.models import ModelArtefact, ModelVersion, ScoringRule
from models_registry.phrases import PHRASES as OF_MODELS
from models_registry.tests.artefacts import kept, without_feature

pytestmark = pytest.mark.django_db


def told(experiment: Experiment) -> dict[str, Any]:
    return {"org_id": experiment.org_id, "experiment_id": experiment.pk, "by": "tester", "at": now()}


def test_every_step_is_taken_once_and_leaves_a_row() -> None:
    experiment = an_experiment(start=False)
    steps = [
        (start_experiment, "RUNNING", {}),
        (close_enrolment, "ENROLMENT_CLOSED", {}),
        (let_mature, "MATURING", {}),
        (stop_experiment, "STOPPED", {"decision": "SHIP", "reason": "it wins"}),
    ]
    for act, status, more in steps:
        assert act(**told(experiment), **more).status == status
        with pytest.raises(WrongState):
            act(**told(experiment))
    experiment.refresh_from_db()
    assert (experiment.decision, experiment.decided_by, experiment.decision_reason) == ("SHIP", "tester", "it wins")
    rows = [(row.act, row.before, row.after, row.by) for row in acts_of(experiment)]
    assert rows == [
        ("experiment.create", "", "DRAFT", "tester"),
        ("experiment.start", "DRAFT", "RUNNING", "tester"),
        ("experiment.close", "RUNNING", "ENROLMENT_CLOSED", "tester"),
        ("experiment.mature", "ENROLMENT_CLOSED", "MATURING", "tester"),
        ("experiment.stop", "MATURING", "STOPPED", "tester"),
    ]


def test_the_design_is_hashed_at_the_start_down_to_the_models_digest() -> None:
    version, pinned = kept("20260201000000", is_active=True), kept("20260101000000")
    experiment = an_experiment(arms=two_arms("ML", f"ML:{pinned.version}", 0.4))
    assert experiment.design is not None
    assert [(arm["version"], arm["digest"], arm["pinned"]) for arm in experiment.design["arms"]] == [
        (version.version, version.digest, False),
        (pinned.version, pinned.digest, True),
    ]
    assert experiment.design["salt"] == experiment.salt
    experiment.refresh_from_db()
    assert experiment.design_hash == hash_of(experiment.design)


def test_an_arm_that_scores_otherwise_than_was_hashed_is_named(settings: Any) -> None:
    version = kept("20260201000000", is_active=True)
    experiment = an_experiment(arms=two_arms("RULE_BASED", f"ML:{version.version}", 0.5))
    experiment.refresh_from_db()
    assert changed_arms(experiment) == []
    rule = ScoringRule.objects.create(org_id="default", feature="amount", low=1, points=5)
    assert changed_arms(experiment) == ["control"]
    rule.delete()
    ModelVersion.objects.filter(pk=version.pk).update(calibration={"a": 1.5, "b": 1.0, "c": 0.0})
    assert changed_arms(experiment) == ["treatment"]
    settings.ACTION_HIGH_PROBABILITY = 0.9
    assert changed_arms(experiment) == ["control", "treatment"]
    experiment.design["arms"] = [{"name": "old", "method": "RULE_BASED", "version": None, "digest": None}]
    assert changed_arms(experiment) == []
    assert changed_arms(stop_experiment(**told(experiment))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"traffic_split": 0.4},
        {"arms": []},
        {"attribution_days": 7},
        {"salt": "other"},
        {"design": {}},
        {"population": {"source": ["portal"]}},
        {"planned_leads": 5},
        {"design_hash": ""},
    ],
)
def test_the_database_refuses_to_change_what_was_started(change: dict[str, Any]) -> None:
    experiment = an_experiment()
    with pytest.raises(IntegrityError, match="stands"), transaction.atomic():
        Experiment.objects.filter(pk=experiment.pk).update(**change)
    Experiment.objects.filter(pk=experiment.pk).update(description="words may change")


def test_a_draft_may_be_changed() -> None:
    experiment = an_experiment(start=False)
    assert Experiment.objects.filter(pk=experiment.pk).update(attribution_days=7) == 1


def test_a_lead_cannot_be_moved_to_another_arm() -> None:
    experiment = an_experiment()
    exposed(experiment, "control", 1)
    with pytest.raises(IntegrityError, match="stays in its arm"), transaction.atomic():
        Exposure.objects.update(variant="treatment")
    Exposure.objects.update(predictions=7)


def test_a_change_is_a_new_iteration_with_a_new_salt() -> None:
    first = an_experiment()
    with pytest.raises(WrongState):
        iterate(**told(first))
    stop_experiment(**told(first))
    second = iterate(**told(first), attribution_days=14)
    assert (second.iteration, second.previous, second.attribution_days) == (2, first, 14)
    assert second.salt != first.salt
    assert second.design is not None
    assert second.design["iteration"] == 2
    assert second.arms == first.arms


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({}, {}, True),
        ({}, {"source": "website"}, True),
        ({"source": "website"}, {"source": "portal"}, False),
        ({"source": ["website", "portal"]}, {"source": "portal"}, True),
        ({"source": "website"}, {"region": "Ain"}, True),
        ({"source": "website", "region": "Ain"}, {"source": "website", "region": "Var"}, False),
        ({"attributes.budget": 3}, {"attributes.budget": 4}, False),
    ],
)
def test_two_run_at_once_only_on_leads_that_cannot_be_in_both(one: Any, other: Any, both: bool) -> None:
    an_experiment(population=one)
    if both:
        with pytest.raises(Overlaps) as refused, transaction.atomic():
            an_experiment(population=other)
        assert PHRASES.knows(str(refused.value.detail))
    else:
        an_experiment(population=other)
    assert Experiment.objects.assigning().count() == (1 if both else 2)


def test_the_database_refuses_two_on_one_population_even_without_the_lock() -> None:
    an_experiment()
    second = an_experiment(start=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Experiment.objects.filter(pk=second.pk).update(status="RUNNING", started_at=now())


def test_a_population_of_many_values_starts() -> None:
    ids = [f"campaign-{number:04}-{number * 7919 % 10_007}" for number in range(100)]
    assert an_experiment(population={f"attributes.{name}": ids for name in ("first", "second", "third")}).is_assigning


def test_another_organisation_runs_its_own() -> None:
    assert an_experiment().is_assigning
    assert an_experiment(org_id="other").is_assigning


@pytest.mark.parametrize(
    ("arms", "field"),
    [
        (two_arms("DICE", "ML", 0.5), "control_method"),
        (two_arms("ML", "ML:19990101000000", 0.5), "treatment_method"),
        (two_arms("ML", "RULE_BASED", 1.0), "traffic_split"),
        ([Arm("control", "ML", 1.0)], "variants"),
        ([Arm("a", "ML", 0.5), Arm("a", "RULE_BASED", 0.5)], "variants"),
        ([Arm("a", "ML", 0.5), Arm("b", "RULE_BASED", 0.3), Arm("c", "ML", 0.3)], "variants"),
        ([Arm("a" * 33, "ML", 0.5), Arm("b", "RULE_BASED", 0.5)], "variants"),
        ([Arm("", "ML", 0.5), Arm("b", "RULE_BASED", 0.5)], "variants"),
        ([Arm("a\x00", "ML", 0.5), Arm("b", "RULE_BASED", 0.5)], "variants"),
        (two_arms("ML", "ML:\x00", 0.5), "treatment_method"),
    ],
)
def test_what_is_no_design_is_refused_and_the_field_is_named(arms: Any, field: str) -> None:
    with pytest.raises(Impossible) as refused:
        create_experiment(org_id="default", plan=a_plan(arms=arms), by="tester", at=now())
    assert list(refused.value.problems) == [field]
    assert not Experiment.objects.exists()


def test_a_pinned_version_is_not_archived_while_an_arm_needs_it(settings: Any) -> None:
    settings.ML_KEEP_VERSIONS, settings.ML_ARCHIVE_AFTER_DAYS = 0, 0
    pinned, free = kept("20260101000000"), kept("20260201000000")
    experiment = an_experiment(arms=two_arms("RULE_BASED", f"ML:{pinned.version}", 0.5))
    assert archive_old(at=now()) == 1
    pinned.refresh_from_db()
    free.refresh_from_db()
    assert (pinned.archived, free.archived) == (False, True)
    with pytest.raises(StillNeeded):
        archive_version(org_id="default", version=pinned.version, by="tester", at=now())
    stop_experiment(**told(experiment))
    assert not PinnedArtefact.objects.exists()
    assert archive_old(at=now()) == 1


def test_a_version_archived_since_the_draft_stops_the_start() -> None:
    version = kept("20260101000000")
    experiment = an_experiment(start=False, arms=two_arms("RULE_BASED", f"ML:{version.version}", 0.5))
    version.artefact.delete()
    version.archived_at = now()
    version.save()
    with pytest.raises(Impossible):
        start_experiment(**told(experiment))


def test_a_version_that_cannot_be_read_here_is_not_started_on(monkeypatch: pytest.MonkeyPatch) -> None:
    version = kept("20260101000000")
    experiment = an_experiment(start=False, arms=two_arms("RULE_BASED", f"ML:{version.version}", 0.5))
    without_feature(monkeypatch, "created_hour")
    with pytest.raises(Impossible, match="what this installation does not know of leads: created_hour"):
        start_experiment(**told(experiment))
    ModelArtefact.objects.update(content=b"rotten")
    with pytest.raises(Impossible, match="is not what was stored") as refused:
        start_experiment(**told(experiment))
    assert OF_MODELS.knows(refused.value.problems["variants"])
    assert not PinnedArtefact.objects.exists()


def test_an_end_without_a_decision_is_refused_by_the_database() -> None:
    experiment = an_experiment()
    with pytest.raises(DatabaseError), transaction.atomic():
        Experiment.objects.filter(pk=experiment.pk).update(status="STOPPED", stopped_at=now())
