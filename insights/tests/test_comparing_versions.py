"""Two versions side by side, one version's own page, and what a change would do to the leads that are open."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.jobs import JobStatus
from common.tests.people import sales, staff
from leads.models import LeadScore, Outcome
from leads.tests.cast import a_lead, a_past
from models_registry.measures import BETTER, LOG_LOSS, ROC_AUC, SAME, UNSURE, WORSE, verdict
from models_registry.models import ModelVersion, TrainingCheck
from models_registry.tests.artefacts import without_feature
from models_registry.tests.cards import CARD, MEASURED, METRICS, a_training_run, a_version
from models_registry.tests.cast import a_version as learnt
from predictions.models import Prediction

MODELS = "/ml-insights/models/"
OLD, NEW = "20260101000000", "20260201000000"
FRENCH = {"accept-language": "fr"}
in_a_database = pytest.mark.django_db


def text(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def two_versions() -> None:
    features = [{"name": name, "kind": "numeric", "unit": "", "meaning": name} for name in ("amount", "city")]
    a_version(OLD, is_active=True, metrics=METRICS, card=CARD | {"parameters": {"depth": 10, "trees": {"n": 100}}})
    a_version(
        NEW,
        metrics=MEASURED | {"log_loss": 0.3},
        features=features,
        importance=[{"feature": "amount", "importance": 1.0}],
        card={"parameters": {"depth": 6, "trees": {"n": 100}}},
    )


@pytest.mark.parametrize(
    ("values", "bounds", "expected"),
    [
        ((0.7, 0.8), (None, None), BETTER),
        ((0.8, 0.7), (None, None), WORSE),
        ((0.7, 0.7004), (None, None), SAME),
        ((0.7, 0.8), ((0.65, 0.76), (0.75, 0.85)), UNSURE),
        ((0.7, 0.8), ((0.65, 0.74), (0.75, 0.85)), BETTER),
        ((None, 0.8), (None, None), ""),
    ],
)
def test_better_is_beyond_what_both_intervals_share(values: Any, bounds: Any, expected: str) -> None:
    assert verdict(ROC_AUC, values, bounds) == expected


def test_of_a_loss_less_is_better() -> None:
    assert verdict(LOG_LOSS, (0.5, 0.4), (None, None)) == BETTER
    assert verdict(LOG_LOSS, (0.4, 0.5), (None, None)) == WORSE


@in_a_database
def test_without_being_told_which_the_active_one_is_set_against_the_newest_other() -> None:
    two_versions()
    page = text(sales(), f"{MODELS}compare")
    for name, version in (("before", OLD), ("after", NEW)):
        assert f'<option value="{version}" selected>' in page.split(f'id="{name}"')[1].split("</select>")[0]


@in_a_database
def test_what_differs_is_marked_in_figures_parameters_and_features() -> None:
    two_versions()
    page = text(sales(), f"{MODELS}compare?before={OLD}&after={NEW}")
    assert "▲ better" in page.split("Log loss")[1].split("</tr>")[0]
    assert '<tr><th scope="row">depth</th><td>10</td><td>6</td></tr>' in page
    assert "<dt>trees: n</dt><dd>100</dd>" in page
    assert '<tr><th scope="row">Days within which a conversion counts</th><td>60</td><td>–</td></tr>' in page
    assert '<tr><th scope="row">Leads learnt from</th><td>2,000</td><td>–</td></tr>' in page
    assert "<ins>Amount</ins>" in page
    assert "<del>Source</del>" in page
    assert '<script id="figure-importance" type="application/json">' in page


@in_a_database
def test_what_a_run_measured_of_both_on_the_same_leads_goes_first() -> None:
    two_versions()
    test = {"champion": 0.5, "challenger": 0.4, "gain": 0.1, "gain_low": 0.02}
    evidence = {"champion": OLD, "dossiers": 1234, "log_loss": test, "auc": None}
    a_training_run(version=ModelVersion.objects.get(version=NEW), status=JobStatus.SUCCEEDED, evidence=evidence)
    client = sales()
    there, back = (
        text(client, f"{MODELS}compare?before={first}&after={second}").split("On the very same 1,234 newest leads:")[1]
        for first, second in ((OLD, NEW), (NEW, OLD))
    )
    assert "▲ better" in there.split("</table>")[0]
    assert "▼ worse" in back.split("</table>")[0]


@in_a_database
@pytest.mark.parametrize("query", [f"before={OLD}&after={OLD}", "before=nothing&after=else", "before=%00"])
def test_a_comparison_that_cannot_be_made_says_so(query: str) -> None:
    two_versions()
    page = text(sales(), f"{MODELS}compare?{query}")
    assert "Choose two different versions" in page or "▲ better" in page


@in_a_database
def test_one_version_alone_says_what_is_lacking() -> None:
    a_version(OLD, is_active=True)
    assert "It takes two versions." in text(sales(), f"{MODELS}compare")
    assert "Train another one" in text(staff(), f"{MODELS}compare")


@in_a_database
def test_a_version_has_its_own_page_with_the_checks_of_its_run() -> None:
    two_versions()
    run = a_training_run(version=ModelVersion.objects.get(version=NEW), status=JobStatus.SUCCEEDED, verdict="Better.")
    for position, (name, passed) in enumerate((("schema", True), ("calibration", False))):
        TrainingCheck.objects.create(run=run, name=name, passed=passed, words=f"{name} in words", position=position)
    page = text(sales(), f"{MODELS}{NEW}/")
    for words in ("1 of 2 checks passed", "It reads back as it was written", "calibration in words", "Compare with"):
        assert words in page
    assert "Activate" not in page
    assert f'href="{MODELS}{NEW}/activate"' in text(staff(), f"{MODELS}{NEW}/")
    assert sales("other").get(f"{MODELS}{NEW}/").status_code == 404


@in_a_database
def test_a_preview_scores_open_leads_by_both_and_stores_nothing() -> None:
    past = a_past(200)
    version = learnt()
    ModelVersion.objects.update(is_active=False)  # so the rules score
    page = text(staff(), f"{MODELS}{version}/preview")
    open_leads = len(past) - Outcome.objects.count()
    assert f"{open_leads} open leads" in page
    assert "All open leads were scored by both just now; nothing was stored." in page
    assert 'href="/ml-insights/leads/' in page
    assert not Prediction.objects.exists()
    assert not LeadScore.objects.filter(probability__isnull=False).exists()


@in_a_database
def test_a_preview_says_when_it_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    a_version(OLD, is_active=True)
    a_version(NEW, archived_at=timezone.now())
    client = staff()
    assert client.get(f"{MODELS}{NEW}/preview").status_code == 404
    third = a_version("20260301000000")
    assert "No lead is open" in text(client, f"{MODELS}{third}/preview")
    a_lead(timezone.now())
    without_feature(monkeypatch, "created_hour")
    assert "reads what this installation does not know" in text(client, f"{MODELS}{third}/preview")
    ModelVersion.objects.filter(pk=third.pk).update(digest="otherwise")
    assert "damaged" in text(client, f"{MODELS}{third}/preview")


@in_a_database
def test_the_confirmation_asks_for_the_preview_by_itself() -> None:
    two_versions()
    assert f'hx-get="{MODELS}{NEW}/preview" hx-trigger="load"' in text(staff(), f"{MODELS}{NEW}/activate")


@in_a_database
@pytest.mark.parametrize("end", ["compare", f"{NEW}/", f"{NEW}/activate", f"{NEW}/preview", ""])
def test_each_page_takes_fewer_than_twenty_statements_and_speaks_french(end: str) -> None:
    two_versions()
    client = staff()
    with CaptureQueriesContext(connection) as captured:
        page = text(client, MODELS + end, **FRENCH)
    assert len(captured) < 20
    assert '<html lang="fr">' in page
    assert "What" not in page.split("<main")[1].replace("What the gate", "")
