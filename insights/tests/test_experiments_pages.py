"""The pages of experiments: what to do now, a plan, a draft, and every step of a life."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common.audit import AuditEntry
from common.tests.people import a_person, sales, staff
from experiments.designs import Arm
from experiments.lifecycle import let_mature, stop_experiment
from experiments.models import Experiment
from experiments.tests.cast import an_experiment, exposed, now
from leads.tests.cast import a_past
from models_registry.models import ModelVersion, ScoringRule
from models_registry.tests.artefacts import kept, without_feature
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db
PAGES = "/ml-insights/experiments/"
DRAFT = {"name": "Spring", "control": "RULE_BASED", "treatment": "ML", "treated": "50", "days": "30"}
DRAFT |= {"coverage": "100", "revenue_margin": "10", "response_margin": "25"}


def text(client: Client, address: str = PAGES, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def page_of(experiment: Experiment, client: Client | None = None) -> str:
    return text(client or sales(), f"{PAGES}{experiment.pk}/")


def a_clear_case(**fields: object) -> Experiment:
    """The model converts twice as many, in leads whose window is over."""
    experiment = an_experiment(days_ago=60, **fields)
    for days_ago in (58, 50, 45, 40, 35):
        exposed(experiment, "control", 100, converted=10, days_ago=days_ago, revenue=1000, owner="anna")
        exposed(
            experiment,
            "treatment",
            100,
            converted=22,
            days_ago=days_ago,
            revenue=1000,
            owner="ben",
            probabilities=[0.2, 0.6],
            actions=["NURTURE", "HIGH_PRIORITY"],
        )
    return experiment


def now_of(page: str) -> str:
    """The sentence on top."""
    found = re.search(r'<p class="sentence"><strong>(.*?)</strong>', page)
    assert found
    return found[1]


def test_without_an_experiment_the_page_says_what_to_do_next() -> None:
    assert "See first how long it would take" in text(staff())
    assert "ask a colleague who may make experiments" in text(sales())


def test_the_list_says_what_is_compared_and_where_it_stands() -> None:
    experiment = an_experiment(name="Spring")
    experiment.tally = {"control": {"leads": 40, "conversions": 4}, "treatment": {"leads": 40, "conversions": 5}}
    experiment.save()
    page = text(sales())
    for words in (f'<a href="{PAGES}{experiment.pk}/">Spring</a>', "The model against the rules", "Running", "12.5%"):
        assert words in page
    assert "Spring" not in text(sales("other"))


def test_the_list_names_every_new_way() -> None:
    an_experiment(arms=[Arm("control", "RULE_BASED", 0.4), Arm("bold", "ML", 0.3), Arm("shy", "ML", 0.3)])
    assert "The model (bold), the model (shy) against the rules" in text(sales())


def test_a_clear_difference_says_to_ship() -> None:
    page = page_of(a_clear_case())
    assert now_of(page) == "Ship it: the model sells more. Stop the experiment, and let it score every lead."
    assert "The model: 22.0% of 500 converted. The rules: 10.0% of 500. That is +120%" in page


def test_whoever_is_told_to_ship_is_told_of_no_lift_that_may_be_a_loss() -> None:
    """By the delta method it was "anything from −8% to +258%"."""
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 1000, converted=40)
    exposed(experiment, "treatment", 1000, converted=90)
    page = page_of(experiment)
    assert now_of(page).startswith("Ship it")
    assert "That is +125%, and may be anything from +28% to +368%." in page


def test_rates_that_are_alike_are_no_lift_where_one_arm_has_more_leads_by_chance() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 100, converted=10)
    exposed(experiment, "treatment", 120, converted=12)
    found = re.search(
        r"The model: 10\.0% of 120 converted\. The rules: 10\.0% of 100\. That is (\S+),", page_of(experiment)
    )
    assert found
    assert found[1] == "0%"


def test_a_lift_without_an_upper_end_is_said_as_that() -> None:
    experiment = an_experiment(days_ago=60, planned_leads=100_000)
    exposed(experiment, "control", 300, converted=10)
    exposed(experiment, "treatment", 300, converted=30)
    assert re.search(r"That is \+200%, and may be anything above −\d+%\.", page_of(experiment))


def test_a_clear_loss_says_to_keep_what_there_is() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 500, converted=120)
    exposed(experiment, "treatment", 500, converted=40)
    assert now_of(page_of(experiment)) == "Stop, and keep the rules: nothing else sells more."


def test_a_young_one_is_to_be_kept_running_and_its_rates_are_provisional() -> None:
    experiment = an_experiment(days_ago=5, planned_leads=400)
    exposed(experiment, "control", 50, converted=5, days_ago=3, after_days=1)
    exposed(experiment, "treatment", 50, converted=9, days_ago=3, after_days=1)
    page = page_of(experiment)
    assert now_of(page).startswith("Keep running: no lead has had its whole window yet. About ")
    assert "so this is provisional" in page
    assert "0 of the 400 planned leads have had their whole window." in page
    assert "Two weeks are over: <strong>not yet</strong>" in page


def test_one_that_takes_nobody_in_waits_for_the_last_leads() -> None:
    experiment = an_experiment(days_ago=60, planned_leads=5_000)
    for variant in ("control", "treatment"):
        exposed(experiment, variant, 100, converted=15)
        exposed(experiment, variant, 100, converted=15, days_ago=11)
    let_mature(org_id="default", experiment_id=experiment.pk, by="tester", at=now())
    page = page_of(experiment)
    assert now_of(page) == "Wait about 20 more days: then the last leads have had their whole window."
    assert "200 of the 5,000 planned leads" in page


def test_leads_that_fell_unevenly_withhold_the_result() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 3000, converted=300)
    exposed(experiment, "treatment", 2500, converted=700)
    page = page_of(experiment)
    assert now_of(page).startswith("Do not trust it")
    assert "Chance does not explain that" in page
    assert "Withheld: the leads did not fall" in page
    assert "figure-lift" not in page
    assert "That is +" not in page


def test_every_figure_has_a_table_of_its_numbers() -> None:
    page = page_of(a_clear_case())
    for key in ("rates", "lift", "curves"):
        assert f'<script id="figure-{key}" type="application/json">' in page
    assert '<th scope="row">The model</th><td>500</td><td>110</td><td>22.0%</td><td>18.6% to 25.8%</td>' in page


def test_a_card_and_the_table_in_it_are_told_apart_by_who_goes_from_region_to_region() -> None:
    page = page_of(a_clear_case())
    cards = re.findall(r"<h2 id=\"[^\"]*\"[^>]*>([^<]*)</h2>", page)
    tables = re.findall(r"role=\"region\" aria-label=\"([^\"]*)\"", page)
    assert {"So far, and for certain", "Who did what"} <= set(cards)
    assert len(tables) > 5
    assert not set(cards) & set(tables)


def test_all_that_is_known_stands_in_tables() -> None:
    page = page_of(a_clear_case())
    for heading in (
        "So far, and for certain",
        "Revenue",
        "What must not get worse",
        "Only where they differ",
        "What people did",
        "Leads of each owner",
        "Every way of looking",
        "Where both agree",
        "Which foretells better",
        "Leads of each source",
    ):
        assert f">{heading}</h" in page
    assert "Belief, which decides nothing" in page


def test_the_hashed_design_is_printed_with_the_result() -> None:
    experiment = a_clear_case()
    page = page_of(experiment)
    assert experiment.design_hash in page
    assert f"&quot;salt&quot;: &quot;{experiment.salt}&quot;" in page
    assert "started" in page


def test_arms_of_one_method_are_told_apart_by_name() -> None:
    arms = [Arm("control", "RULE_BASED", 0.4), Arm("bold", "ML", 0.3), Arm("shy", "ML", 0.3)]
    page = page_of(an_experiment(arms=arms))
    assert "The model (bold) 30%" in page
    assert "The model (shy) 30%" in page


def test_another_organisations_experiment_is_not_there() -> None:
    experiment = a_clear_case()
    assert sales("other").get(f"{PAGES}{experiment.pk}/").status_code == 404
    assert sales().get(f"{PAGES}{2**63}/").status_code == 404


def test_who_may_not_see_experiments_has_no_such_page() -> None:
    client = a_person("predictions.view_prediction")
    assert client.get(PAGES).status_code == 403
    assert "Experiments</a>" not in text(client, "/ml-insights/")


def test_a_draft_shows_where_the_two_differ_before_it_is_started() -> None:
    a_scored_lead()
    client = staff()
    page = page_of(an_experiment(start=False), client)
    address = f"{PAGES}differ?control=RULE_BASED&amp;treatment=ML"
    assert f'hx-get="{address}"' in page
    found = text(client, address.replace("&amp;", "&"))
    assert "Nothing differs: both recommend the same for every lead" in found
    assert "Asked of the 1 newest undecided leads" in found
    assert client.get(f"{PAGES}differ?control=RULE_BASED&treatment=ML:never").status_code == 404


def test_where_methods_differ_is_not_said_of_a_version_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    version, client = kept("20260101000000"), staff()
    a_scored_lead()
    address = f"{PAGES}differ?control=RULE_BASED&treatment=ML:{version.version}"
    assert "Asked of the 1 newest undecided leads" in text(client, address)
    without_feature(monkeypatch, "created_hour")
    assert "or reads what this installation does not know" in text(client, address)
    ModelVersion.objects.update(digest="otherwise")
    assert "Where they differ cannot be said" in text(client, address)


def test_why_a_start_is_refused_is_said_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    client = staff()
    client.cookies["django_language"] = "fr"
    running = an_experiment()
    draft = an_experiment(start=False)
    page = client.post(f"{PAGES}{draft.pk}/start", follow=True).content.decode()
    assert f"(expérience {running.pk}) porte sur des prospects que celle-ci prendrait" in page
    stop_experiment(org_id="default", experiment_id=running.pk, by="tester", at=now())
    arms = [Arm("control", "RULE_BASED", 0.5), Arm("treatment", f"ML:{kept('20260101000000').version}", 0.5)]
    pinned = an_experiment(start=False, arms=arms)
    without_feature(monkeypatch, "created_hour")
    page = client.post(f"{PAGES}{pinned.pk}/start", follow=True).content.decode()
    assert "La version 20260101000000 a échoué à sa répétition" in page


def test_a_draft_is_made_looked_at_and_started_after_a_confirmation() -> None:
    client = staff()
    made = client.post(
        f"{PAGES}new", DRAFT | {"leads": "source: website, portal", "planned": "800", "stop_on_breach": "on"}
    )
    row = Experiment.objects.get()
    assert made.headers["Location"] == f"{PAGES}{row.pk}/"
    assert (row.status, row.created_by, row.planned_leads) == ("DRAFT", "staff-default", 800)
    assert row.population == {"source": ["portal", "website"]}
    assert row.guardrails["stop_on_breach"] is True
    assert "and the design stands" in text(client, f"{PAGES}{row.pk}/start")
    row.refresh_from_db()
    assert row.status == "DRAFT"
    page = client.post(f"{PAGES}{row.pk}/start", follow=True).content.decode()
    assert "Spring: Running." in page
    row.refresh_from_db()
    assert row.status == "RUNNING"


def test_several_ways_are_compared_and_the_way_of_now_has_the_rest() -> None:
    more = {"treated": "25", "second": "ML", "second_treated": "25", "revenue_margin": "5", "coverage": "80"}
    staff().post(f"{PAGES}new", DRAFT | more)
    row = Experiment.objects.get()
    assert [(arm["name"], arm["share"]) for arm in row.arms] == [
        ("control", 0.5),
        ("treatment", 0.25),
        ("treatment-2", 0.25),
    ]
    assert (row.guardrails["revenue_margin"], row.coverage) == (0.05, 0.8)


def test_only_some_leads_are_named_a_field_a_line() -> None:
    lines = "source: website, portal\nregion: Lyon\nbudget: 1, many, true"
    staff().post(f"{PAGES}new", DRAFT | {"leads": lines})
    row = Experiment.objects.get()
    assert row.population == {
        "attributes.budget": ["1", "many", "true", 1, True],
        "region": ["Lyon"],
        "source": ["portal", "website"],
    }
    assert "Only leads of budget: 1, many, true · region: Lyon · source: portal, website" in page_of(row)


def a_stopped_one(**fields: object) -> Experiment:
    experiment = an_experiment(**fields)
    told = {"org_id": "default", "experiment_id": experiment.pk, "by": "tester", "at": now()}
    return stop_experiment(**told, decision="INVALID", reason="The form was wrong.")


def test_a_stopped_one_is_asked_again_with_a_change_and_drawn_anew() -> None:
    arms = [Arm("control", "RULE_BASED", 0.4), Arm("bold", "ML", 0.3), Arm("shy", "ML", 0.3)]
    before, client = a_stopped_one(arms=arms, population={"source": "web"}, planned_leads=900), staff()
    assert f'href="{PAGES}{before.pk}/again"' in page_of(before, client)
    page = text(client, f"{PAGES}{before.pk}/again")
    assert '<details class="more" open>' in page
    for filled in ('value="900"', 'value="30"', "source: web</textarea>"):
        assert filled in page
    made = client.post(f"{PAGES}{before.pk}/again", DRAFT | {"days": "14", "leads": "source: web"}, follow=True)
    assert "The draft is made" in made.content.decode()
    row = Experiment.objects.exclude(pk=before.pk).get()
    assert (row.previous, row.iteration, row.attribution_days, row.status) == (before, 2, 14, "DRAFT")
    assert row.salt != before.salt
    assert f'<a href="{PAGES}{before.pk}/">iteration 2</a>' in page_of(row)


def test_what_runs_or_cannot_be_said_in_the_form_is_not_asked_again_there() -> None:
    odd = a_stopped_one(population={"source": "a, b"})
    running, client = an_experiment(name="Running"), staff()
    for experiment in (running, odd):
        assert "/again" not in page_of(experiment, client)
        assert client.get(f"{PAGES}{experiment.pk}/again").status_code == 404


def test_the_method_is_tried_on_the_organisations_own_leads() -> None:
    address, client = f"{PAGES}self-test", sales()
    assert f'hx-get="{address}"' in text(client, f"{PAGES}plan")
    assert now_of(text(client, address)).startswith("It cannot be tried yet: fewer than 400 leads")
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 450, converted=90)
    page = text(client, address)
    assert re.search(r"Where nothing differs, it names a winner in \d\.\d% of experiments; 5% are allowed", page)
    assert "An ordinary test, looked at all the time" in page


def test_a_waiting_one_says_what_would_show_by_now() -> None:
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 500, converted=100)
    exposed(experiment, "treatment", 500, converted=105)
    assert re.search(r"A lift of \+\d+% or more would most likely show by now\.", page_of(experiment))


def test_the_form_asks_where_two_methods_differ_and_keeps_what_was_written() -> None:
    page = text(staff(), f"{PAGES}new?control=RULE_BASED&treatment=ML&name=Spring")
    assert f'hx-get="{PAGES}differ?control=RULE_BASED&amp;treatment=ML"' in page
    assert 'value="Spring"' in page


def test_the_button_that_asks_makes_nothing_and_puts_nothing_in_the_address() -> None:
    client = staff()
    form = text(client, f"{PAGES}new")
    assert 'formmethod="get"' not in form  # it would take the proof of the form's origin along, to logs and histories
    assert '<button class="quiet" name="look"' in form
    answer = client.post(
        f"{PAGES}new", {"control": "RULE_BASED", "treatment": "ML", "name": "Spring", "look": "differ"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'hx-get="{PAGES}differ?control=RULE_BASED&amp;treatment=ML"' in page
    assert 'value="Spring"' in page
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"treatment": "RULE_BASED"},
        {"treatment": "DICE"},
        {"treated": "100"},
        {"days": "0"},
        {"name": ""},
        {"second": "ML"},
        {"second": "ML", "second_treated": "50"},
        {"leads": "website"},
        {"leads": "source:"},
        {"coverage": "0"},
    ],
)
def test_what_is_no_experiment_is_refused_beside_the_field(change: dict[str, str]) -> None:
    response = staff().post(f"{PAGES}new", DRAFT | change)
    assert response.status_code == 400
    assert 'class="problem" role="alert"' in response.content.decode()
    assert not Experiment.objects.exists()


def test_every_step_is_the_same_act_as_over_the_api_and_leaves_its_row() -> None:
    experiment, client = an_experiment(), staff()
    for name, status in (("close", "ENROLMENT_CLOSED"), ("mature", "MATURING")):
        client.post(f"{PAGES}{experiment.pk}/{name}", {"reason": f"because of {name}"})
        experiment.refresh_from_db()
        assert experiment.status == status
    client.post(f"{PAGES}{experiment.pk}/stop", {"decision": "SHIP", "reason": "A winner."})
    experiment.refresh_from_db()
    assert (experiment.decision, experiment.decided_by) == ("SHIP", "staff-default")
    rows = AuditEntry.objects.filter(by="staff-default").order_by("pk").values_list("act", "reason")
    assert list(rows) == [
        ("experiment.close", "because of close"),
        ("experiment.mature", "because of mature"),
        ("experiment.stop", "A winner."),
    ]
    page = page_of(experiment)
    assert now_of(page) == "Stopped. Ship: the new way scores every lead."
    assert "A winner." in page


def test_who_is_to_decide_reads_what_it_says() -> None:
    page = text(staff(), f"{PAGES}{a_clear_case().pk}/stop")
    assert now_of(page).startswith("Ship it")
    assert "or by the rules where there is none" in page
    assert "is written down here, and changes no model" in page


@pytest.mark.parametrize("told", [{}, {"decision": "SHIP", "reason": " "}, {"decision": "PERHAPS", "reason": "x"}])
def test_an_end_needs_a_decision_and_a_reason(told: dict[str, str]) -> None:
    experiment = an_experiment()
    assert staff().post(f"{PAGES}{experiment.pk}/stop", told).status_code == 400
    experiment.refresh_from_db()
    assert experiment.status == "RUNNING"


def test_a_step_that_does_not_follow_is_not_taken() -> None:
    experiment, client = an_experiment(start=False), staff()
    assert "This cannot be done now" in text(client, f"{PAGES}{experiment.pk}/close")
    page = client.post(f"{PAGES}{experiment.pk}/close", follow=True).content.decode()
    assert "It has gone on meanwhile" in page


def test_a_second_one_on_the_same_leads_is_not_started() -> None:
    an_experiment(name="First")
    second, client = an_experiment(start=False), staff()
    page = client.post(f"{PAGES}{second.pk}/start", follow=True).content.decode()
    assert "runs on leads that this one would take" in page
    second.refresh_from_db()
    assert second.status == "DRAFT"


def test_a_salesperson_reads_and_presses_nothing() -> None:
    experiment, client = an_experiment(), sales()
    page = page_of(experiment, client)
    assert "Stop and decide" not in page
    for address in (f"{experiment.pk}/stop", "new"):
        assert client.get(PAGES + address).status_code == 403
        assert client.post(PAGES + address, {"decision": "SHIP", "reason": "x"}).status_code == 403
    experiment.refresh_from_db()
    assert experiment.status == "RUNNING"


def test_a_plan_says_how_many_days_and_leads_it_takes() -> None:
    page = text(staff(), f"{PAGES}plan?rate=15&lift=20&per_day=100")
    assert re.fullmatch(r"About \d+ days, and [\d,]+ leads\.", now_of(page))
    assert "15.0% → 18.0%" in page
    assert f'href="{PAGES}new?planned=' in page


def test_a_plan_warns_below_two_weeks() -> None:
    assert "Enough leads within two weeks" in text(sales(), f"{PAGES}plan?rate=20&lift=50&per_day=5000")


def test_a_plan_goes_by_the_organisations_own_leads_unless_told() -> None:
    a_past(60)
    assert "Left empty, it is your own" in text(sales(), f"{PAGES}plan")


def test_without_leads_a_plan_asks_for_what_it_needs() -> None:
    page = text(sales(), f"{PAGES}plan")
    assert now_of(page).startswith("Say how many")
    assert "say what you expect" in page


@pytest.mark.parametrize("query", ["lift=0", "rate=90&lift=50", "power=x", "days=400"])
def test_a_plan_that_is_none_says_why(query: str) -> None:
    assert 'class="problem" role="alert"' in text(sales(), f"{PAGES}plan?{query}")


def test_pages_speak_french() -> None:
    client = sales()
    client.cookies["django_language"] = "fr"
    page = page_of(a_clear_case(), client)
    assert now_of(page).startswith("Déployez")
    assert "Que faire maintenant" in page
    assert "22,0" in page


def test_pages_take_fewer_than_twenty_statements() -> None:
    a_scored_lead()
    running = a_clear_case()
    draft = an_experiment(start=False)
    client = staff()
    for address in ("", f"{running.pk}/", f"{draft.pk}/", "plan", "new?control=RULE_BASED&treatment=ML"):
        with CaptureQueriesContext(connection) as captured:
            text(client, PAGES + address)
        assert len(captured) < 20, (address, len(captured))


def test_what_json_knows_as_no_number_is_a_text_among_the_leads() -> None:
    staff().post(f"{PAGES}new", DRAFT | {"leads": "budget: NaN, 1e999, 3"})
    assert Experiment.objects.get().population == {"attributes.budget": ["1e999", "3", "NaN", 3]}


def test_rates_that_are_withheld_are_not_drawn_and_what_has_changed_since_the_start_is_said() -> None:
    experiment = an_experiment(days_ago=60)
    for variant, leads in (("control", 600), ("treatment", 300)):
        exposed(experiment, variant, leads, converted=60)
    client = sales()
    assert "What was hashed stands" not in page_of(experiment, client)
    ScoringRule.objects.create(org_id="default", feature="amount", low=1, points=5)
    page = page_of(experiment, client)
    assert "Of the leads whose window is over. The line shows what chance may do." not in page
    assert page.count("Withheld: the leads did not fall into the arms as they should.") == 2
    assert "What was hashed stands: <strong>no</strong>" in page
