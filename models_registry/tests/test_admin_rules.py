"""The rules in the admin: an organisation's own weights, and what a typical lead scores by them."""

import pytest
from django.test import Client
from django.utils import timezone

from common.audit import AuditEntry
from common.tests.people import a_person, staff
from leads.models import Organisation
from leads.tests.cast import a_lead, an_appointment
from models_registry.example import typical_lead
from models_registry.learning.rules import DEFAULT_RULES
from models_registry.models import ScoringRule
from models_registry.scorers import rules_of

pytestmark = pytest.mark.django_db
RULES = "/admin/models_registry/scoringrule/"


def text(client: Client, address: str = RULES) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))


def points(org_id: str = "default") -> float:
    example = typical_lead(Organisation.get(org_id))
    assert example is not None
    return example.points


def test_without_own_rules_the_default_ones_are_shown() -> None:
    page = text(staff())
    assert "These are the default rules" in page
    assert "response_time_minutes" in page


def test_making_them_ours_copies_the_default_table_once() -> None:
    client = staff()
    client.post(f"{RULES}copy/")
    client.post(f"{RULES}copy/")
    assert ScoringRule.objects.count() == len(DEFAULT_RULES)
    assert rules_of("default") == DEFAULT_RULES
    assert acts() == ["rules.copy"]
    assert "These are the default rules" not in text(client)


def test_a_changed_weight_moves_the_typical_lead_and_leaves_a_row() -> None:
    lead = a_lead(timezone.now())
    an_appointment(lead, timezone.now())
    client = staff()
    client.post(f"{RULES}copy/")
    before = points()
    rule = ScoringRule.objects.get(feature="appointments_count", low=1)
    form = {"feature": "appointments_count", "low": 1, "high": 2, "points": 45, "position": 1}
    client.post(f"{RULES}{rule.pk}/change/", form)
    assert points() == pytest.approx(before + 25)
    row = AuditEntry.objects.get(act="rules.change")
    assert (row.before, row.after) == ("appointments_count in [1, 2): +20", "appointments_count in [1, 2): +45")
    assert f"scores <strong>{points():.0f}</strong>" in text(client)


def listed(**points: float) -> dict:
    """The list's form, with other points for the first rules of some features."""
    rules = list(ScoringRule.objects.order_by("position"))
    form = {"form-TOTAL_FORMS": len(rules), "form-INITIAL_FORMS": len(rules), "_save": "Save"}
    for at, rule in enumerate(rules):
        weight = points.pop(rule.feature, rule.points)
        row = {"id": rule.pk, "low": rule.low, "high": rule.high, "points": weight, "position": at + 1}
        form |= {f"form-{at}-{name}": value for name, value in row.items() if value is not None}
    return form


def test_weights_are_tried_before_they_are_saved() -> None:
    an_appointment(a_lead(timezone.now()), timezone.now())
    client = staff()
    client.post(f"{RULES}copy/")
    before, rule = points(), ScoringRule.objects.get(feature="appointments_count", low=1)
    tried = client.post(f"{RULES}example/", listed(appointments_count=rule.points + 7)).content.decode()
    assert f"would score <strong>{before + 7:.0f}</strong>" in tried
    assert "Nothing is saved yet" in tried
    assert (points(), acts()) == (before, ["rules.copy"])
    assert client.post(f"{RULES}example/", listed(appointments_count="many")).status_code == 400
    assert client.post(f"{RULES}example/", {}).status_code == 400
    assert client.get(f"{RULES}example/").status_code == 405


def test_weights_are_edited_in_the_list() -> None:
    client = staff()
    client.post(f"{RULES}copy/")
    rules = list(ScoringRule.objects.order_by("position"))
    form = listed(**{rules[0].feature: rules[0].points + 1})
    assert client.post(RULES, form).status_code == 302
    assert ScoringRule.objects.get(pk=rules[0].pk).points == rules[0].points + 1
    assert acts() == ["rules.copy", "rules.change"]


def test_a_list_with_a_rule_that_somebody_deleted_meanwhile_saves_nothing_and_says_so() -> None:
    an_appointment(a_lead(timezone.now()), timezone.now())
    client = staff()
    client.post(f"{RULES}copy/")
    rules = list(ScoringRule.objects.order_by("position"))
    form = listed(**{rules[1].feature: rules[1].points + 1})
    client.post(f"{RULES}{rules[0].pk}/delete/", {"post": "yes"})
    assert client.post(f"{RULES}example/", form).status_code == 400
    assert "deleted since you opened the list" in client.post(RULES, form, follow=True).content.decode()
    assert ScoringRule.objects.get(pk=rules[1].pk).points == rules[1].points
    assert acts() == ["rules.copy", "rules.delete"]


def test_a_list_that_names_another_organisations_rule_saves_nothing() -> None:
    staff(org_id="other").post(f"{RULES}copy/")
    theirs, client = ScoringRule.objects.order_by("pk")[0], staff()
    client.post(f"{RULES}copy/")
    form = listed() | {"form-0-id": theirs.pk, "form-0-points": 99}
    assert client.post(RULES, form).status_code == 302
    assert not ScoringRule.objects.filter(points=99).exists()


def test_the_first_rule_added_comes_beside_the_default_ones() -> None:
    staff().post(f"{RULES}add/", {"feature": "days_since_creation", "low": 30, "points": -5, "position": 20})
    assert ScoringRule.objects.count() == len(DEFAULT_RULES) + 1
    assert acts() == ["rules.copy", "rules.add"]


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"feature": "horoscope", "points": 5}, "is not a numeric feature"),
        ({"feature": "source", "points": 5}, "is not a numeric feature"),
        ({"feature": "amount", "low": 5, "high": 5, "points": 5}, "must be greater"),
        ({"feature": "amount", "points": 500}, "must be from -100 to 100."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(form: dict, problem: str) -> None:
    page = staff().post(f"{RULES}add/", {"position": 1} | form).content.decode()
    assert page.count(problem) == 1
    assert not ScoringRule.objects.exists()


def test_a_deleted_rule_leaves_a_row() -> None:
    client = staff()
    client.post(f"{RULES}copy/")
    rules = ScoringRule.objects.order_by("position")
    client.post(f"{RULES}{rules[0].pk}/delete/", {"post": "yes"})
    client.post(RULES, {"action": "delete_selected", "_selected_action": [rules[0].pk, rules[1].pk], "post": "yes"})
    assert ScoringRule.objects.count() == len(DEFAULT_RULES) - 3
    assert acts() == ["rules.copy", "rules.delete", "rules.delete", "rules.delete"]


def test_each_organisation_edits_its_own() -> None:
    staff(org_id="other").post(f"{RULES}copy/")
    client = staff()
    rule = ScoringRule.objects.first()
    assert rule.org_id == "other"
    client.post(f"{RULES}{rule.pk}/change/", {"feature": "amount", "points": 99, "position": 1})
    assert not ScoringRule.objects.filter(points=99).exists()
    assert rules_of("default") == DEFAULT_RULES


def test_looking_does_not_permit_editing() -> None:
    client = a_person("models_registry.view_scoringrule", is_staff=True)
    assert "Make them ours" not in text(client)
    assert client.post(f"{RULES}copy/").status_code == 403
    assert client.post(f"{RULES}add/", {"feature": "amount", "points": 1, "position": 1}).status_code == 403
    assert not ScoringRule.objects.exists()


def test_without_leads_there_is_nothing_to_try_the_rules_on() -> None:
    assert typical_lead(Organisation.get("default")) is None
    assert "No undecided lead is known yet" in text(staff())
