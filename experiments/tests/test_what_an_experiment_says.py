"""Metrics from the tables: counted by the window, decided on leads whose window is over, null where nobody can say."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments import answers
from experiments.analysis import analyse
from experiments.designs import Arm
from experiments.lifecycle import close_enrolment
from experiments.models import DaySum, Experiment, Exposure
from experiments.summing import sum_up
from experiments.tests.cast import an_experiment, exposed, now
from leads.models import Outcome
from leads.outcomes import record_outcome
from leads.tests.cast import a_message

pytestmark = pytest.mark.django_db
THREE_ARMS = [Arm("control", "RULE_BASED", 0.4), Arm("a", "ML", 0.3), Arm("b", "ML", 0.3)]


def metrics(experiment: Experiment) -> dict[str, Any]:
    experiment.refresh_from_db()
    return answers.metrics(analyse(experiment, at=now()))


def the_contracts(**fields: Any) -> Experiment:
    """1,000 leads an arm, of which 150 and 185 converted."""
    experiment = an_experiment(days_ago=60, **fields)
    exposed(experiment, "control", 1000, converted=150)
    exposed(experiment, "treatment", 1000, converted=185)
    return experiment


def test_the_contracts_example() -> None:
    found = metrics(the_contracts())
    wanted = {"total_predictions": 1000, "leads": 1000, "conversions": 150, "conversion_rate": 0.15}
    assert {name: found["control_metrics"][name] for name in wanted} == wanted
    assert found["treatment_metrics"]["conversion_rate"] == 0.185
    assert found["improvement"] == "23.3%"
    assert (found["winner"], found["reason"]) == (None, "NOT_ENOUGH_DATA")
    comparison = found["comparisons"][0]
    assert comparison["fixed_horizon"]["p_value"] == pytest.approx(0.0361, abs=1e-4)
    assert comparison["difference"]["value"] == pytest.approx(0.035)
    assert comparison["belief"]["probability_better"] == pytest.approx(0.98, abs=0.01)
    assert not comparison["always_valid"]["excludes_zero"]
    assert found["outlook"]["remaining_leads"] > 0
    assert found["words"].startswith("Keep running")


def test_a_clear_difference_has_a_winner() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 1000, converted=120)
    exposed(experiment, "treatment", 1000, converted=230)
    found = metrics(experiment)
    assert (found["winner"], found["winning_variant"], found["reason"]) == ("ML", "treatment", None)
    assert "ML is better" in found["words"]
    assert found["improvement_is_provisional"] is False


def test_what_should_be_enough_and_decides_nothing_is_not_called_near() -> None:
    """Nine conversions are too few for the sequence, which alone would have been sure by then."""
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 1000, converted=30)
    exposed(experiment, "treatment", 1000, converted=9)
    found = metrics(experiment)
    assert found["reason"] == "NOT_ENOUGH_DATA"
    assert found["outlook"]["remaining_leads"] == 223


def test_a_closed_experiment_without_a_conversion_is_not_waited_for() -> None:
    experiment = an_experiment(days_ago=60)
    for variant in ("control", "treatment"):
        exposed(experiment, variant, 20)
    close_enrolment(org_id="default", experiment_id=experiment.pk, by="tester", at=now())
    found = metrics(experiment)
    assert found["outlook"]["remaining_days"] is None
    assert found["words"].startswith("Stop it: every lead has had its whole window")


@pytest.mark.parametrize(
    ("planned", "words"),
    [
        (None, "Stop it: every lead has had its whole window, and the difference may be chance."),
        (25, "Stop it: every lead has had its whole window, and the difference may be chance."),
        (24, "Stop it: the planned leads show no difference. Keep what is simpler."),
    ],
)
def test_only_planned_leads_are_said_to_show_no_difference(planned: int | None, words: str) -> None:
    experiment = an_experiment(days_ago=60, planned_leads=planned)
    exposed(experiment, "control", 12, converted=1)
    exposed(experiment, "treatment", 12, converted=2)
    close_enrolment(org_id="default", experiment_id=experiment.pk, by="tester", at=now())
    found = metrics(experiment)
    assert (found["reason"], found["words"]) == ("NO_DIFFERENCE", words)


def test_of_a_closed_experiment_those_beyond_the_plan_are_waited_for_too() -> None:
    experiment = an_experiment(days_ago=60, planned_leads=40)
    for variant in ("control", "treatment"):
        exposed(experiment, variant, 20)
        exposed(experiment, variant, 5, days_ago=1)
    close_enrolment(org_id="default", experiment_id=experiment.pk, by="tester", at=now())
    found = metrics(experiment)
    assert (found["reason"], found["outlook"]["remaining_leads"]) == ("NOT_ENOUGH_DATA", 10)
    assert found["words"] == "Wait about 30 more days: then the last leads have had their whole window."


def test_what_would_show_by_now_goes_by_the_plan_and_by_how_many_ways_are_tried() -> None:
    found = []
    for number, more in enumerate(({}, {"planned_leads": 100_000}, {"arms": THREE_ARMS})):
        experiment = an_experiment(days_ago=60, population={"source": str(number)}, **more)
        for variant in experiment.variants:
            exposed(experiment, variant, 1000, converted=100)
        found.append(metrics(experiment)["outlook"]["detectable_lift"])
    plain, far_from_its_plan, of_two = found
    assert (plain, far_from_its_plan) == (pytest.approx(0.584, abs=0.01), pytest.approx(1.23, abs=0.02))
    assert plain < of_two < 1.2 * plain


def test_before_two_weeks_nobody_wins() -> None:
    experiment = an_experiment(days_ago=5, attribution_days=1)
    for variant, converted in (("control", 50), ("treatment", 300)):
        exposed(experiment, variant, 1000, converted=converted, days_ago=4, after_days=0.5)
    assert metrics(experiment)["reason"] == "TOO_EARLY"


def test_waiting_for_outcomes_makes_no_two_weeks_of_two_days() -> None:
    experiment = an_experiment(days_ago=50)
    for days_ago in (50, 49):
        exposed(experiment, "control", 500, converted=50, days_ago=days_ago)
        exposed(experiment, "treatment", 500, converted=120, days_ago=days_ago)
    close_enrolment(org_id="default", experiment_id=experiment.pk, by="tester", at=now() - timedelta(days=48))
    found = metrics(experiment)
    assert (found["winner"], found["reason"]) == (None, "TOO_EARLY")
    assert found["words"].startswith("Stop it: leads came in for less than two weeks")


def test_an_organisation_of_the_past_counts_days_and_traffic_by_its_own_time() -> None:
    experiment = an_experiment()
    for days_ago in range(1_000, 1_050):
        for variant, converted in (("control", 1), ("treatment", 2)):
            exposed(experiment, variant, 5, converted=converted, days_ago=days_ago)
    found = answers.metrics(analyse(experiment, at=now() - timedelta(days=1_000)))
    assert found["reason"] == "NOT_ENOUGH_DATA"
    assert found["outlook"]["leads_per_day"] == 10  # and not the sum of two weeks


def test_without_leads_all_is_null_and_says_why() -> None:
    found = metrics(an_experiment())
    arm, comparison = found["control_metrics"], found["comparisons"][0]
    assert (arm["conversion_rate"], found["improvement"], found["winner"]) == (None, None, None)
    assert found["reason"] == "NOT_ENOUGH_DATA"
    assert (comparison["difference"]["value"], comparison["difference"]["reason"]) == (None, "NO_LEADS")
    assert (comparison["fixed_horizon"]["p_value"], comparison["fixed_horizon"]["reason"]) == (None, "NO_LEADS")
    assert found["sample_ratio"]["p_value"] is None


def test_open_windows_count_in_the_contracts_fields_and_do_not_decide() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 10, converted=1, days_ago=10)
    exposed(experiment, "treatment", 10, converted=4, days_ago=10)
    found = metrics(experiment)
    assert (found["treatment_metrics"]["conversions"], found["treatment_metrics"]["matured"]["leads"]) == (4, 0)
    assert (found["improvement"], found["improvement_is_provisional"]) == ("300.0%", True)
    assert found["comparisons"][0]["lift"]["value"] is None


@pytest.mark.parametrize(
    ("after_days", "recorded_days", "counts"),
    [(29.9, 29.9, True), (30.1, 30.1, False), (-3, -3, False), (-0.5, 2, True), (-0.5, -0.5, False), (-3, 5, False)],
)
def test_a_conversion_counts_from_the_exposure_to_the_end_of_the_window(
    after_days: float, recorded_days: float, counts: bool
) -> None:
    experiment = an_experiment(days_ago=60)
    (lead,) = exposed(experiment, "control", 1)
    first = Exposure.objects.get().first_at
    Outcome.objects.create(
        dossier=lead,
        converted=True,
        occurred_at=first + timedelta(days=after_days),
        recorded_at=first + timedelta(days=recorded_days),
    )
    assert metrics(experiment)["control_metrics"]["conversions"] == int(counts)


def test_a_correction_of_an_outcome_flows_through() -> None:
    experiment = an_experiment(days_ago=60)
    (lead,) = exposed(experiment, "control", 1, converted=1)
    assert metrics(experiment)["control_metrics"]["conversions"] == 1
    record_outcome(org_id="default", dossier=lead, converted=False, occurred_at=now(), revenue=None, by="crm", at=now())
    assert metrics(experiment)["control_metrics"]["conversions"] == 0


def test_leads_that_fall_wrongly_withhold_the_result() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 3000, converted=300, source="portal")
    exposed(experiment, "treatment", 2500, converted=400, source="portal")
    found = metrics(experiment)
    assert (found["winner"], found["reason"], found["improvement"]) == (None, "SAMPLE_RATIO_MISMATCH", None)
    assert not found["sample_ratio"]["holds"]
    assert not found["sample_ratio"]["by_source"][0]["holds"]
    comparison = found["comparisons"][0]
    assert comparison["lift"] == {
        "value": None,
        "low": None,
        "high": None,
        "level": 0.95,
        "reason": "SAMPLE_RATIO_MISMATCH",
    }
    assert comparison["always_valid"]["p_value"] is None
    assert "Do not trust it" in found["words"]


def test_revenue_is_capped_and_its_fall_is_a_guardrail() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 1000, converted=200, revenue=1000)
    exposed(experiment, "treatment", 1000, converted=330, revenue=100)
    exposed(experiment, "treatment", 1, converted=1, revenue=9_000_000)
    found = metrics(experiment)
    assert found["revenue_cap"] == 1000
    assert found["control_metrics"]["revenue_per_lead"]["value"] == pytest.approx(200)
    assert found["treatment_metrics"]["revenue_per_lead"]["value"] == pytest.approx(34_000 / 1001)
    rails = {each["name"]: each for each in found["guardrails"]}
    assert rails["revenue_per_lead"]["breached"]
    assert (found["winner"], found["reason"]) == (None, "GUARDRAIL")


def test_without_revenue_there_is_a_reason_and_no_zero() -> None:
    found = metrics(the_contracts())
    assert found["control_metrics"]["revenue_per_lead"]["reason"] == "NO_REVENUE"
    assert found["comparisons"][0]["revenue_per_lead"]["reason"] == "NO_REVENUE"


def test_a_treatment_that_only_speeds_conversion_up_is_called_faster_not_more() -> None:
    experiment = an_experiment(days_ago=80)
    exposed(experiment, "control", 2000, converted=400, after_days=20)
    exposed(experiment, "treatment", 2000, converted=400, after_days=3)
    found = metrics(experiment)["provisional"]
    assert found["faster_not_more"][0]["is_so"] is True
    assert "Faster, not more" in found["faster_not_more"][0]["words"]
    assert metrics(experiment)["treatment_metrics"]["median_days_to_conversion"]["value"] == 4


def test_only_where_they_differ_and_both_by_the_same_outcomes() -> None:
    experiment = an_experiment(days_ago=60)
    alike = {"actions": ["NURTURE", "NURTURE"], "probabilities": [0.3, 0.4]}
    apart = {"actions": ["NURTURE", "HIGH_PRIORITY"], "probabilities": [0.3, 0.8]}
    for variant in ("control", "treatment"):
        exposed(experiment, variant, 400, converted=80, **alike)
    exposed(experiment, "control", 100, converted=20, **apart)
    exposed(experiment, "treatment", 100, converted=60, **apart)
    found = metrics(experiment)
    differ = found["only_where_they_differ"][0]
    assert (differ["leads"], differ["share"]) == (200, 0.2)
    assert (differ["control"]["leads"], differ["treatment"]["conversions"]) == (100, 60)
    assert differ["lift"]["value"] == pytest.approx(2.0)
    table = found["not_randomised"]["agreement"]
    assert {(each["treatment_action"], each["leads"]) for each in table} == {("NURTURE", 800), ("HIGH_PRIORITY", 200)}
    ml = found["not_randomised"]["methods"][1]
    assert (ml["variant"], ml["leads"]) == ("treatment", 1000)
    assert ml["roc_auc"] > 0.5
    assert ml["roc_auc_ahead"]["low"] < ml["roc_auc_ahead"]["value"] < ml["roc_auc_ahead"]["high"]
    assert found["comparisons"][0]["less_noise"]["difference"]["value"] is not None


def test_what_people_did_is_told_by_action_arm_and_owner() -> None:
    experiment = an_experiment(days_ago=60)
    said = {"actions": ["NURTURE", "HIGH_PRIORITY"], "probabilities": [0.3, 0.8]}
    (slow,) = exposed(experiment, "control", 1, owner="north", **said)
    (fast,) = exposed(experiment, "treatment", 1, owner="north", **said)
    first = Exposure.objects.first().first_at
    a_message(fast, first + timedelta(minutes=30), "OUTBOUND")
    a_message(fast, first - timedelta(days=1), "OUTBOUND")
    a_message(slow, first + timedelta(minutes=10), "INBOUND")
    found = metrics(experiment)["what_people_did"]
    by_action = {(each["variant"], each["action"]): each["first_response"] for each in found["by_action"]}
    assert by_action["treatment", "HIGH_PRIORITY"]["answered"] == 1
    assert by_action["control", "NURTURE"]["answered"] == 0
    by_arm = {each["variant"]: each["first_response"]["leads"] for each in found["by_arm"]}
    assert by_arm == {"control": 1, "treatment": 1}
    assert found["load_by_owner"] == [{"owner": "north", "leads": {"control": 1, "treatment": 1}}]


def test_several_treatments_are_corrected_for_one_another() -> None:
    experiment = an_experiment(days_ago=60, arms=THREE_ARMS)
    said = {"actions": ["NURTURE", "HIGH_PRIORITY", "NURTURE"], "probabilities": [0.3, 0.8, 0.4]}
    for name, leads, converted in (("control", 1200, 120), ("a", 900, 150), ("b", 900, 90)):
        exposed(experiment, name, leads - 10, converted=converted, **said)
        exposed(experiment, name, 10, probabilities=[0.5, 0.5, 0.5])
    found = metrics(experiment)
    first, second = found["comparisons"]
    assert first["adjusted_p_value"] == pytest.approx(2 * first["always_valid"]["p_value"])
    assert second["adjusted_p_value"] >= second["always_valid"]["p_value"]
    assert [arm["variant"] for arm in found["arms"]] == ["control", "a", "b"]
    intervals = [each["lift"] for each in (first["always_valid"], found["looks"][-2])]
    intervals += [first["less_noise"]["always_valid"], found["only_where_they_differ"][0]["always_valid"]["lift"]]
    assert [each["level"] for each in intervals] == [pytest.approx(0.98)] * 4


def test_the_interval_of_one_of_several_treatments_is_not_sure_before_it_may_win() -> None:
    """ "Once the band has left the line at 0, it is decided", says the page."""
    experiment = an_experiment(days_ago=60, arms=THREE_ARMS)
    for name, leads, converted in (("control", 1200, 120), ("a", 900, 134), ("b", 900, 90)):
        exposed(experiment, name, leads, converted=converted)
    found = metrics(experiment)
    first = found["comparisons"][0]
    assert first["always_valid"]["p_value"] < 0.05 < first["adjusted_p_value"]
    assert (found["winner"], first["always_valid"]["excludes_zero"]) == (None, False)
    assert first["always_valid"]["lift"]["low"] < 0


def test_days_that_are_summed_up_say_the_same() -> None:
    experiment = an_experiment(days_ago=60)
    said = {"actions": ["NURTURE", "HIGH_PRIORITY"], "probabilities": [0.3, 0.8], "source": "portal", "owner": "north"}
    for variant, converted in (("control", 30), ("treatment", 50)):
        exposed(experiment, variant, 200, converted=converted, **said)
        exposed(experiment, variant, 50, converted=4, days_ago=12)
    exposed(experiment, "control", 5, days_ago=0.1)
    at = now()
    before = answers.metrics(analyse(experiment, at=at))
    assert sum_up(experiment, at=at)
    assert DaySum.objects.filter(kind="SAID").count() == 4
    exposed(experiment, "treatment", 5, days_ago=0.1)
    Exposure.objects.filter(first_at__lt=at - timedelta(days=11)).update(predictions=1)
    experiment.refresh_from_db()
    after = answers.metrics(analyse(experiment, at=at))
    for name in ("comparisons", "only_where_they_differ", "looks"):
        assert after[name] == before[name], name
    matured = [each["matured"] for each in before["not_randomised"]["agreement"]]
    assert [each["matured"] for each in after["not_randomised"]["agreement"]] == matured
    assert after["treatment_metrics"]["leads"] == before["treatment_metrics"]["leads"] + 5
    assert sum_up(experiment, at=at) == experiment.summed_until


def test_a_look_is_dated_by_the_day_on_which_its_leads_could_be_seen() -> None:
    experiment, at = an_experiment(days_ago=60, attribution_days=10), now()
    exposed(experiment, "control", 5, days_ago=20)
    exposed(experiment, "treatment", 5, days_ago=20)
    (look,) = analyse(experiment, at=at).looks
    on_that_day, before = (analyse(experiment, at=look.at - timedelta(days=days)) for days in (0, 1))
    assert [sum(arm.matured.leads for arm in each.arms) for each in (on_that_day, before)] == [10, 0]


def test_answers_that_come_later_beyond_doubt_are_told_before_a_window_is_over() -> None:
    experiment = an_experiment(days_ago=6)
    first = now() - timedelta(days=5)
    for variant, minutes in (("control", 30), ("treatment", 300)):
        for number, lead in enumerate(exposed(experiment, variant, 100, days_ago=5)):
            a_message(lead, first + timedelta(minutes=minutes + number), "OUTBOUND")
    found = metrics(experiment)
    assert [each["name"] for each in found["guardrails"] if each["breached"]] == ["first_response"]
    assert found["words"] == "Stop it: what must not get worse has got worse."


def test_the_number_of_statements_does_not_grow_with_the_leads() -> None:
    experiment, counts = an_experiment(days_ago=60), []
    for leads in (1, 60):
        exposed(experiment, "control", leads, converted=1, days_ago=35 + leads)
        with CaptureQueriesContext(connection) as queries:
            analyse(experiment, at=now())
        counts.append(len(queries))
    assert counts == [10, 10]  # of which three ask whether rules and model are those of the design
