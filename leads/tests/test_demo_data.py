"""`manage.py demo_data`: rows as intake writes them, the same for the same seed, and a truth that they give back."""

from datetime import datetime, timedelta, timezone
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from leads import labelled
from leads.demo.lives import DAY, draw
from leads.demo.loading import DAYS_A_MONTH
from leads.demo.reading import truth_of
from leads.demo.truth import true_probability
from leads.models import (
    Appointment,
    Dossier,
    Event,
    LeadAttribute,
    LeadStatusChange,
    Message,
    Organisation,
    Origin,
    Outcome,
    Property,
)
from leads.outcomes import rederive
from leads.tests.cast import a_lead
from leads.tests.lives_as_known import as_known

pytestmark = pytest.mark.django_db
UNTIL = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)


def load(leads: int = 400, **options: Any) -> str:
    """What the command says."""
    said = StringIO()
    call_command("demo_data", leads=leads, verbosity=0, stdout=said, **{"until": UNTIL.isoformat(), **options})
    return said.getvalue()


def everything(org_id: str) -> list[Any]:
    """All rows of an organisation, without their keys."""
    of = {"org_id": org_id}
    return [
        list(
            Dossier.objects.filter(**of)
            .order_by("number")
            .values_list(
                "number", "status", "created_at", "source", "region", "owner", "property__price", "property__known_from"
            )
        ),
        list(
            Message.objects.filter(**of)
            .order_by("dossier__number", "occurred_at", "direction")
            .values_list("dossier__number", "occurred_at", "recorded_at", "direction")
        ),
        list(
            LeadAttribute.objects.filter(**of)
            .order_by("dossier__number", "name")
            .values_list("dossier__number", "name", "value", "known_from", "availability")
        ),
        list(
            Outcome.objects.filter(**of)
            .order_by("dossier__number")
            .values_list("dossier__number", "converted", "occurred_at", "revenue", "origin")
        ),
    ]


def test_the_same_seed_gives_the_same_leads_and_another_gives_others() -> None:
    load(org="one")
    load(org="two")
    load(org="three", seed=8)
    assert everything("one") == everything("two")
    assert everything("one")[1] != everything("three")[1]


def test_the_truth_is_the_same_from_the_tables_as_from_the_lives_themselves() -> None:
    load(300)
    dossiers = list(Dossier.objects.order_by("number"))
    lives = draw(300, since=UNTIL - timedelta(days=8 * DAYS_A_MONTH), until=UNTIL, seed=7)
    chance = np.random.default_rng(1)
    leads, ages = chance.integers(0, 300, 2000), (chance.choice([0, 0.01, 0.3, 2, 9, 25, 55], 2000) * DAY).astype(int)
    seen = (lives.created[leads] + ages <= UNTIL.timestamp()) & (ages < lives.decided[leads])
    leads, ages = leads[seen], ages[seen]
    moments = [dossiers[lead].created_at + timedelta(seconds=int(age)) for lead, age in zip(leads, ages, strict=True)]
    told = truth_of(Organisation.get("default"), [dossiers[lead].pk for lead in leads], moments)
    assert len(told) > 1000
    np.testing.assert_allclose(told, true_probability(as_known(lives, leads, ages)), rtol=0, atol=1e-9)


def test_training_rows_convert_as_often_as_the_truth_says_in_spite_of_all_that_comes_after_a_sale() -> None:
    load(1500)
    organisation = Organisation.get("default")
    rows = labelled.training_rows(organisation, since=UNTIL - timedelta(days=300), until=UNTIL, ages=(0.0, 7.0))
    complete = rows.take(rows.created_at < np.datetime64((UNTIL - timedelta(days=67)).replace(tzinfo=None)))
    probability = true_probability(complete.columns)
    off = complete.converted.sum() - probability.sum()
    assert abs(off) < 4 * np.sqrt((probability * (1 - probability)).sum())


def test_a_decided_lead_has_no_probability_any_more() -> None:
    load()
    outcome = Outcome.objects.filter(converted=True).select_related("dossier").first()
    assert outcome is not None
    moments = [outcome.occurred_at - timedelta(seconds=1), outcome.occurred_at]
    before, after = truth_of(Organisation.get("default"), [outcome.dossier_id] * 2, moments)
    assert 0 < before < 1
    assert np.isnan(after)


def test_another_horizon_of_the_organisation_is_heeded() -> None:
    load()
    organisation, lead = Organisation.get("default"), Dossier.objects.open().latest("created_at")
    sixty = truth_of(organisation, [lead.pk], [UNTIL])
    organisation.horizon_days = 10
    assert 0 < truth_of(organisation, [lead.pk], [UNTIL])[0] < sixty[0]


def test_nothing_lies_in_the_future_and_the_organisation_lives_at_the_end() -> None:
    load()
    organisation = Organisation.get("default")
    assert (organisation.name, organisation.time_zone, organisation.now()) == ("Agence Démo", "Europe/Paris", UNTIL)
    for model, field in (
        (Dossier, "created_at"),
        (Message, "occurred_at"),
        (Event, "occurred_at"),
        (Appointment, "occurred_at"),
        (Outcome, "occurred_at"),
        (Property, "known_from"),
        (LeadAttribute, "known_from"),
        (LeadStatusChange, "changed_at"),
    ):
        assert model.objects.exists()
        assert not model.objects.filter(**{f"{field}__gt": UNTIL}).exists()


def test_without_a_given_end_it_goes_to_now_and_stays_alive() -> None:
    load(50, until=None)
    assert Organisation.get("default").observed_until is None
    assert Dossier.objects.latest("created_at").created_at > datetime.now(timezone.utc) - timedelta(days=60)


def test_outcomes_are_as_intake_would_have_written_them() -> None:
    load()
    won, lost = Outcome.objects.filter(converted=True), Outcome.objects.filter(converted=False)
    assert set(won.values_list("origin", "dossier__status")) == {(Origin.RECORDED, "WON")}
    assert not won.filter(revenue__isnull=True).exists()
    assert set(lost.values_list("origin", "dossier__status", "revenue")) == {(Origin.STATUS, "LOST", None)}
    assert rederive("default") == 0
    assert set(Dossier.objects.open().values_list("status", flat=True)) <= {"NEW", "CONTACTED", "VISIT_PLANNED"}


def test_the_steps_of_the_status_lead_from_one_to_the_next_up_to_the_present_one() -> None:
    load(150)
    for lead in Dossier.objects.prefetch_related("status_changes"):
        steps = sorted(lead.status_changes.all(), key=lambda step: (step.changed_at, step.pk))
        assert [step.from_status for step in steps] == ["", *(step.to_status for step in steps[:-1])]
        assert steps[-1].to_status == lead.status
        assert steps[0].changed_at == lead.created_at


def test_leads_look_like_an_agencys() -> None:
    load()
    assert sorted(Dossier.objects.values_list("number", flat=True)) == list(range(1, 401))
    names = set(LeadAttribute.objects.values_list("name", flat=True))
    assert names == {"budget", "financing", "first_time_buyer", "wanted_from", "contact_preference", "rooms"}
    assert set(Event.objects.values_list("kind", flat=True)) == {
        "page_view",
        "email_opened",
        "brochure_download",
        "contract_signed",
    }
    assert not Event.objects.filter(kind="contract_signed", is_outcome_echo=False).exists()
    assert Appointment.objects.filter(scheduled_for__isnull=True).count() == 0
    assert "Lyon" in set(Property.objects.values_list("city", flat=True))


def test_it_does_not_mix_with_leads_that_are_there() -> None:
    a_lead()
    with pytest.raises(CommandError, match="has leads already"):
        load()
    assert Dossier.objects.count() == 1
    load(20, org="other")
    assert Dossier.objects.of("other").count() == 20


def test_force_replaces_the_organisations_own_leads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    a_lead(org_id="other")
    load(30)
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="Nothing has been deleted"):
        load(20, force=True)
    assert Dossier.objects.of("default").count() == 30
    monkeypatch.setattr("builtins.input", lambda question: "delete")
    load(20, force=True)
    assert Dossier.objects.of("default").count() == 20
    load(10, force=True, interactive=False)
    assert Dossier.objects.of("default").count() == 10
    assert Dossier.objects.of("other").count() == 1


@pytest.mark.parametrize(
    "options",
    [
        {"leads": 0},
        {"months": 0},
        {"seed": -1},
        {"org": ""},
        {"org": "a\tb"},
        {"until": "yesterday"},
        {"until": "2026-13-45T00:00:00Z"},
        {"until": "2026-01-01T00:00:00"},
        {"until": "2126-01-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_is_refused_in_words(options: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        load(**options)
    assert not Dossier.objects.exists()
