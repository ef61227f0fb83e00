"""Experiments over HTTP, as the contract has them, from a draft to its end."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from experiments.models import Experiment
from experiments.tests.cast import an_experiment, exposed, now
from experiments.watching import watch
from leads.tests.cast import DAY, a_lead, an_outcome
from models_registry.tests.artefacts import kept, without_feature
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
AB = "/api/ml/ab-test"
DESIGN = {
    "experiment_name": "ML against the rules",
    "description": "",
    "control_method": "RULE_BASED",
    "treatment_method": "ML",
    "traffic_split": 0.5,
}


@pytest.fixture
def crm() -> Caller:
    return Caller()


def test_an_experiment_from_its_start_to_its_end(crm: Caller) -> None:
    made = crm.post(AB, DESIGN)
    assert made.status_code == 201
    body, address = made.json(), f"{AB}/{made.json()['id']}"
    assert (body["status"], body["control_method"], body["traffic_split"]) == ("RUNNING", "RULE_BASED", 0.5)
    assert len(body["design_hash"]) == 64
    assert_error(crm.post(AB, DESIGN | {"experiment_name": "a second"}), 409)
    leads = [a_lead(timezone.now() - DAY) for _ in range(20)]
    arms = {}
    for lead in leads * 2:
        answer = crm.post(f"/api/ml/predict/{lead.number}").json()
        assert answer["experiment"]["id"] == body["id"]
        arms.setdefault(lead.number, set()).add(answer["experiment"]["variant"])
    assert all(len(each) == 1 for each in arms.values())
    found = crm.get(f"{address}/metrics").json()
    assert sum(found[f"{arm}_metrics"]["leads"] for arm in ("control", "treatment")) == 20
    assert sum(found[f"{arm}_metrics"]["total_predictions"] for arm in ("control", "treatment")) == 40
    assert found["winner"] is None
    ended = crm.post(f"{address}/stop", {"decision": "KEEP", "reason": "tried out"}).json()
    assert (ended["status"], ended["decision"], ended["decided_by"]) == ("STOPPED", "KEEP", "crm")
    assert_error(crm.post(f"{address}/stop", {}), 409)
    assert [row["id"] for row in crm.get(AB).json()] == [body["id"]]
    acts = crm.get(address).json()["acts"]
    assert [(act["act"], act["by"]) for act in acts] == [("create", "crm"), ("start", "crm"), ("stop", "crm")]


def test_a_draft_goes_through_every_step_and_into_a_new_iteration(crm: Caller) -> None:
    number = crm.post(AB, DESIGN | {"start": False}).json()["id"]
    for step, status in (("start", "RUNNING"), ("close", "ENROLMENT_CLOSED"), ("mature", "MATURING")):
        assert crm.post(f"{AB}/{number}/{step}").json()["status"] == status
    assert_error(crm.post(f"{AB}/{number}/iterate", {}), 409)
    assert crm.post(f"{AB}/{number}/stop").json()["decision"] == "INCONCLUSIVE"
    made = crm.post(f"{AB}/{number}/iterate", {"attribution_days": 14, "start": False})
    assert made.status_code == 201
    assert (made.json()["iteration"], made.json()["previous"], made.json()["attribution_days"]) == (2, number, 14)


def test_a_new_iteration_changes_the_guardrails_that_are_named_and_no_other(crm: Caller) -> None:
    rails = {"revenue_margin": 0.05, "response_margin": 0.5, "stop_on_breach": True}
    number = crm.post(AB, DESIGN | {"start": False, "guardrails": rails}).json()["id"]
    crm.post(f"{AB}/{number}/stop")
    made = crm.post(f"{AB}/{number}/iterate", {"guardrails": {"revenue_margin": 0.2}, "start": False})
    assert made.json()["guardrails"] == rails | {"revenue_margin": 0.2}


def test_several_arms_and_a_population(crm: Caller) -> None:
    variants = [
        {"name": "rules", "method": "RULE_BASED", "share": 0.2},
        {"name": "ml", "method": "ML", "share": 0.4},
        {"name": "again", "method": "ML", "share": 0.4},
    ]
    body = {
        "experiment_name": "three",
        "variants": variants,
        "population": {"source": "portal", "attributes.budget": [1, 2]},
        "guardrails": {"stop_on_breach": True},
        "planned_leads": 5000,
    }
    made = crm.post(AB, body).json()
    assert made["variants"] == variants
    assert made["population"] == {"attributes.budget": [1, 2], "source": ["portal"]}
    assert made["guardrails"] == {"revenue_margin": 0.1, "response_margin": 0.25, "stop_on_breach": True}
    assert crm.get(f"{AB}/{made['id']}/metrics").json()["arms"][2]["variant"] == "again"


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"traffic_split": 1.5}, "traffic_split"),
        ({"traffic_split": "half"}, "traffic_split"),
        ({"control_method": "DICE"}, "control_method"),
        ({"treatment_method": "ML:19990101000000"}, "treatment_method"),
        ({"experiment_name": ""}, "experiment_name"),
        ({"nonsense": 1}, "nonsense"),
        ({"population": {"shoe_size": 44}}, "population.shoe_size"),
        ({"population": {"source": []}}, "population.source"),
        ({"population": []}, "population"),
        ({"attribution_days": 0}, "attribution_days"),
        ({"variants": []}, "control_method"),
        ({"start": "yes"}, "start"),
        ({"guardrails": {"revenue_margin": 2}}, "guardrails.revenue_margin"),
    ],
)
def test_a_broken_design_is_400_and_names_the_field(crm: Caller, change: Any, attr: str) -> None:
    assert_error(crm.post(AB, DESIGN | change), 400, attr)
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("methods", "shares", "problems"),
    [(("DICE", "COIN"), (0.5, 0.5), 2), (("ML", "DICE"), (0.5, 0.5), 1), (("ML", "RULE_BASED"), (0.5, 0.4), 1)],
)
def test_what_is_wrong_with_variants_names_them_and_nothing_that_was_not_sent(
    crm: Caller, methods: Sequence[str], shares: Sequence[float], problems: int
) -> None:
    arms = [
        {"name": name, "method": method, "share": share}
        for name, method, share in zip("ab", methods, shares, strict=True)
    ]
    stopped = an_experiment()
    crm.post(f"{AB}/{stopped.pk}/stop")
    for refused in (
        crm.post(AB, {"experiment_name": "x", "variants": arms}),
        crm.post(f"{AB}/{stopped.pk}/iterate", {"variants": arms}),
    ):
        assert refused.status_code == 400
        assert [error["attr"] for error in refused.json()["errors"]] == ["variants"] * problems


def test_what_is_required_is_named(crm: Caller) -> None:
    assert_error(crm.post(AB, {"experiment_name": "x"}), 400, "treatment_method")
    assert_error(crm.post(f"{AB}/{an_experiment().pk}/stop", {"decision": "PERHAPS"}), 400, "decision")


def test_another_organisations_experiment_is_unknown(crm: Caller) -> None:
    number, other = an_experiment().pk, Caller("other")
    for address in (f"{AB}/{number}", f"{AB}/{number}/metrics"):
        assert_error(other.get(address), 404)
    assert_error(other.post(f"{AB}/{number}/stop", {}), 404)
    assert other.get(AB).json() == []
    assert_error(crm.get(f"{AB}/{10**18}"), 404)


def test_reading_and_writing_need_their_scopes() -> None:
    reader, number = Caller(scopes=("experiments:read",)), an_experiment().pk
    assert reader.get(f"{AB}/{number}").status_code == 200
    assert_error(reader.post(f"{AB}/{number}/stop", {}), 403)
    assert_error(Caller(scopes=("models:read",)).get(AB), 403)


def test_the_same_key_starts_one_experiment(crm: Caller) -> None:
    first, second = (crm.post(AB, DESIGN, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert first.json() == second.json()
    assert Experiment.objects.count() == 1


def test_a_winner_is_answered_by_its_method(crm: Caller) -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 1000, converted=120, revenue=50)
    exposed(experiment, "treatment", 1000, converted=230, revenue=50)
    found = crm.get(f"{AB}/{experiment.pk}/metrics").json()
    assert (found["winner"], found["reason"]) == ("ML", None)
    assert found["experiment"]["design_hash"] == experiment.design_hash


def test_a_plan_says_leads_and_days_by_own_traffic_or_what_is_given(crm: Caller) -> None:
    given = {"baseline_rate": 0.15, "smallest_lift": 0.2, "leads_per_day": 400, "horizon": "FIXED"}
    found = crm.post(f"{AB}/plan", given).json()
    assert found["leads"] == pytest.approx(4_870, rel=0.02)
    assert (found["leads_control"] + found["leads_treatment"], found["days_to_enrol"]) == (found["leads"], 13)
    assert found["days"] == 14 + 30
    assert "two weeks" in found["warnings"][0]
    empty = crm.post(f"{AB}/plan", {}).json()
    assert (empty["leads"], empty["days"], empty["reason"]) == (None, None, "NO_LEADS")
    assert_error(crm.post(f"{AB}/plan", {"baseline_rate": 0.6, "smallest_lift": 1.0}), 400, "smallest_lift")
    for days in range(56):
        an_outcome(a_lead(now() - days * DAY - DAY / 2), days % 2 == 0, now() - days * DAY)
    own = crm.post(f"{AB}/plan", {"smallest_lift": 0.5}).json()
    assert (own["baseline_rate"], own["leads_per_day"]) == (0.5, 1.0)


def test_the_traffic_of_an_organisation_of_a_week_is_that_of_its_week(crm: Caller) -> None:
    for days in range(7):
        for _ in range(4):
            a_lead(now() - (days + 1) * DAY)
    found = crm.post(f"{AB}/plan", {"baseline_rate": 0.15}).json()
    assert found["leads_per_day"] == pytest.approx(4.0, abs=0.01)


def test_what_would_differ_is_shown_before_a_start(crm: Caller) -> None:
    query = f"{AB}/differences?control_method=RULE_BASED&treatment_method="
    assert crm.get(f"{query}ML").json()["share"] is None
    a_lead()
    same = crm.get(f"{query}ML").json()
    assert (same["leads"], same["differ"], same["share"]) == (1, 0, 0.0)
    assert "Nothing differs" in same["words"]
    assert_error(crm.get(f"{query}DICE"), 400, "treatment_method")


def test_what_would_differ_is_refused_of_a_version_that_cannot_be_read(
    crm: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = kept("20260101000000").version
    a_lead()
    without_feature(monkeypatch, "created_hour")
    query = f"{AB}/differences?control_method=RULE_BASED&treatment_method=ML:{version}"
    assert_error(crm.get(query), 400, "treatment_method")


def test_the_self_test_needs_leads_and_keeps_its_word(crm: Caller) -> None:
    assert crm.get(f"{AB}/self-test").json()["reason"] == "NOT_ENOUGH_DATA"
    exposed(an_experiment(days_ago=60), "control", 1200, converted=300, days_ago=45)
    found = crm.get(f"{AB}/self-test").json()
    assert (found["leads"], found["looks"], found["reason"]) == (1200, 12, None)
    assert found["always_valid"] <= 0.05 < found["fixed_at_every_look"]


def test_a_breached_guardrail_stops_it_and_a_full_one_closes(crm: Caller) -> None:
    full = an_experiment(population={"source": "portal"}, planned_leads=10, days_ago=20)
    exposed(full, "control", 6, days_ago=3)
    exposed(full, "treatment", 6, days_ago=3)
    falling = an_experiment(population={"source": "website"}, days_ago=60, guardrails={"stop_on_breach": True})
    exposed(falling, "control", 1000, converted=300, revenue=1000)
    exposed(falling, "treatment", 1000, converted=300, revenue=100)
    assert watch(at=now()) == 2
    full.refresh_from_db()
    falling.refresh_from_db()
    assert full.status == "ENROLMENT_CLOSED"
    assert (falling.status, falling.decision, falling.decided_by) == ("STOPPED", "KEEP", "schedule")
    assert "revenue_per_lead" in falling.decision_reason
    text = Client().get("/metrics").content.decode()
    assert f'ml_experiment_exposures{{arm="control",experiment="{full.pk}",org="default"}} 6.0' in text
    assert f'ml_experiment_conversions{{arm="treatment",experiment="{full.pk}",org="default"}} 0.0' in text
