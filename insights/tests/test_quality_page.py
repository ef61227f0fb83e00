"""The page that holds the model to its word: the sentence first, drift in words, and what to do without figures."""

from datetime import datetime, timezone
from typing import Any

import pytest

from common.tests.people import a_person, sales
from insights.drift_figures import shifts
from insights.quality_figures import over_time, said_and_happened, sentence
from leads.models import Organisation
from models_registry import ledger
from models_registry.models import Act, ModelVersion
from models_registry.tests.cards import a_version
from predictions.models import Quality, QualityKind

PAGE = "/ml-insights/quality/"
NOW = datetime(2026, 9, 1, 5, tzinfo=timezone.utc)
BAND = {"said": 0.3, "leads": 100, "converted": 28, "rate": 0.28, "low": 0.2, "high": 0.37, "holds": True}
HIGH = {"said": 0.6, "leads": 50, "converted": 10, "rate": 0.2, "low": 0.11, "high": 0.33, "holds": False}
POINT = {
    "leads": 75,
    "converted": 19,
    "rate": 0.25,
    "low": 0.17,
    "high": 0.36,
    "expected": 0.4,
    "roc_auc": None,
    "log_loss": 0.6,
}
SERIES = {"step": "week", "points": [{"from": "2026-06-01"} | POINT, {"from": "2026-06-08"} | POINT]}
WINDOW = {
    "since": "2026-06-01T00:00:00Z",
    "until": "2026-07-01T00:00:00Z",
    "leads": 150,
    "converted": 38,
    "base_rate": 38 / 150,
    "expected": 0.4,
    "roc_auc": 0.61,
    "roc_auc_interval": [0.5, 0.7],
    "log_loss": 0.6,
    "brier": 0.2,
    "accuracy": 0.7,
    "calibration_error": 0.14,
    "calibration_p": 0.0001,
    "bands": [BAND, HIGH],
    "series": SERIES,
    "capped": False,
    "reasons": {},
}
NOTHING = WINDOW | {
    **dict.fromkeys(("base_rate", "expected", "roc_auc", "roc_auc_interval", "log_loss", "brier", "accuracy")),
    **dict.fromkeys(("calibration_error", "calibration_p")),
    "leads": 0,
    "converted": 0,
    "bands": [],
    "series": {"step": "week", "points": []},
}
STEADY = {"verdict": "steady", "words": [], "psi": None, "missing": None, "unseen": None, "reason": "too_few_leads"}
PSI = {"psi": 0.28, "critical": 0.05, "expected": 0.02, "p": 1e-9, "bins": 10}
MOVED = STEADY | {"verdict": "moved", "words": ["Amount: more leads above 20,000"], "psi": PSI, "reason": None}
DRIFT = {
    "since": "2026-08-02T00:00:00Z",
    "until": "2026-09-01T00:00:00Z",
    "leads": 500,
    "snapshots": 900,
    "features": [MOVED | {"feature": "amount"}, STEADY | {"feature": "attributes.first_buyer"}],
    "score": None,
    "reasons": {},
}
OF_A_HANDFUL = DRIFT | {"leads": 12, "features": [STEADY | {"feature": "amount"}]}


def measured(version: ModelVersion, kind: str, days: int, figures: dict[str, Any], at: datetime = NOW) -> None:
    Quality.objects.create(version=version.version, kind=kind, window_days=days, at=at, figures=figures)


def text() -> str:
    response = sales().get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def test_a_band_is_said_in_one_sentence() -> None:
    assert sentence(BAND) == "We said 30%: 28 of 100 converted (20 to 37)"


def test_each_band_is_a_point_with_its_interval_and_a_row() -> None:
    figure = said_and_happened([BAND, HIGH])
    line, points = figure.plot["data"]
    assert (line["x"], line["y"]) == ([0, 1], [0, 1])
    assert points["x"] == [0.3, 0.6]
    assert points["y"] == [0.28, 0.2]
    assert points["error_y"]["array"] == pytest.approx([0.09, 0.13])
    assert points["error_y"]["arrayminus"] == pytest.approx([0.08, 0.09])
    assert figure.rows[1] == ("60%", "50", "10", "20%", "11 to 33%", "fewer than we said")


def test_the_series_shows_what_was_said_beside_what_happened() -> None:
    figure = over_time(SERIES)
    happened, said = figure.plot["data"]
    assert happened["x"] == said["x"] == ["1 June", "8 June"]
    assert (happened["y"], said["y"]) == ([0.25, 0.25], [0.4, 0.4])
    assert figure.rows[0] == ("1 June", "75", "40%", "25%", "17 to 36%", "–", "0.600")


@pytest.mark.django_db
def test_the_sentence_stands_first_and_who_misses_is_told_so() -> None:
    version = a_version(is_active=True)
    measured(version, QualityKind.REALISED, 90, WINDOW)
    page = text()
    assert page.index("We said 30%: 28 of 100 converted (20 to 37)") < page.index("We said 60%: 10 of 50")
    assert "fewer than we said" in page
    assert "Of 150 leads we expected 60 to convert; 38 did." in page
    assert "does not keep its word" in page
    assert "0.610 (0.50 to 0.70)" in page
    assert "Measured when it was made" in page


@pytest.mark.django_db
def test_the_first_sentence_says_so_too_where_it_was_not_kept() -> None:
    measured(a_version(is_active=True), QualityKind.REALISED, 90, WINDOW | {"bands": [BAND, HIGH | {"leads": 500}]})
    assert "We said 60%: 10 of 500 converted (11 to 33)</strong> – fewer than we said</p>" in text()


@pytest.mark.django_db
def test_who_has_recalibrated_already_is_not_told_to_do_it_again() -> None:
    version = a_version(is_active=True)
    measured(version, QualityKind.REALISED, 90, WINDOW)
    client = sales()
    for at, told in ((datetime(2026, 5, 31, tzinfo=timezone.utc), False), (NOW, True)):
        ledger.append(version, thresholds={}, act=Act.RECALIBRATE, by="tester", at=at)
        page = client.get(PAGE).content.decode()
        assert ("It was recalibrated on 1 Sept. 2026; what it said before" in page) is told
        assert ("Recalibrate it, or train" in page) is not told


@pytest.mark.django_db
def test_until_something_matures_the_rehearsal_is_shown_and_called_one() -> None:
    version = a_version(is_active=True)
    measured(version, QualityKind.REALISED, 90, NOTHING)
    measured(version, QualityKind.REHEARSED, 0, WINDOW | {"calibration_p": 0.4})
    page = text()
    assert "What this version would have said, 1 June 2026 to 1 July 2026" in page
    assert "Scored afterwards, as of then: the model had not seen these leads" in page
    assert "keeps its word" in page


@pytest.mark.django_db
@pytest.mark.parametrize(("p", "said"), [(0.0001, "which is beyond chance."), (0.4, "which chance alone explains.")])
def test_a_version_is_not_judged_by_what_others_said_before_it(p: float, said: str) -> None:
    """As on the morning after a training: what came before it is told, and is neither its fault nor its merit."""
    version = a_version(is_active=True)
    measured(version, QualityKind.REALISED, 90, NOTHING)
    every_model = WINDOW | {"calibration_p": p}
    Quality.objects.create(version="", kind=QualityKind.REALISED, window_days=90, at=NOW, figures=every_model)
    ledger.append(version, thresholds={}, act=Act.RECALIBRATE, by="tester", at=NOW)
    page = text()
    assert "What the models said that scored then" in page
    assert f"The probabilities were off by 14.0 points on average, {said}" in page
    assert "how this one does, it does not tell yet" in page
    for words in ("its word: the probabilities", "Recalibrate it, or train", "It was recalibrated on"):
        assert words not in page


@pytest.mark.django_db
def test_a_shadow_stands_in_the_table_beside_what_was_given_for_the_same_leads() -> None:
    measured(a_version(is_active=True), QualityKind.REALISED, 90, WINDOW)
    given = {"leads": 42, "expected": 0.31, "roc_auc": 0.644, "roc_auc_interval": None, "log_loss": 0.555}
    given |= {"brier": 0.2, "calibration_error": 0.033, "calibration_p": 0.3, "reasons": {}}
    shadow = WINDOW | {"leads": 42, "roc_auc": 0.702, "roc_auc_interval": None, "given": given}
    Quality.objects.create(version="20990101000000", kind=QualityKind.REALISED, window_days=90, at=NOW, figures=shadow)
    page = text()
    assert page.index("Shadow 20990101000000, the last 90 days") < page.index("Given, for the same leads")
    for figure in ("0.702", "0.644", "0.555", "0.033"):
        assert figure in page
    assert "We said 30%" in page


@pytest.mark.django_db
def test_drift_is_told_in_words_with_every_feature_in_a_table() -> None:
    measured(a_version(is_active=True), QualityKind.DRIFT, 30, DRIFT)
    page = text()
    assert "Amount: more leads above 20,000" in page
    assert "First buyer" in page
    assert "too few leads to tell" in page
    assert "0.280" in page


@pytest.mark.django_db
def test_of_a_handful_of_leads_nobody_says_that_nothing_moved() -> None:
    measured(a_version(is_active=True), QualityKind.DRIFT, 30, OF_A_HANDFUL)
    page = text()
    assert "12 leads since" in page
    assert "That cannot be told: too few leads have come." in page
    assert "Yes: nothing moved" not in page
    assert "as in training" not in page


@pytest.mark.django_db
def test_without_a_model_the_page_says_what_to_do() -> None:
    assert "There is no model to hold to its word" in text()


@pytest.mark.django_db
def test_a_version_that_was_not_measured_waits_for_the_morning() -> None:
    a_version(is_active=True)
    assert "not been measured yet" in text()


@pytest.mark.django_db
def test_a_young_version_says_when_its_first_figures_come() -> None:
    measured(a_version(is_active=True, created_at=NOW), QualityKind.REALISED, 90, NOTHING)
    assert "The first figures come on 31 October 2026" in text()


@pytest.mark.django_db
def test_a_historical_organisation_waits_for_later_records() -> None:
    Organisation.objects.create(org_id="default", observed_until=NOW)
    measured(a_version(is_active=True), QualityKind.REALISED, 90, NOTHING)
    assert "import leads and outcomes that reach 60 days further" in text()


@pytest.mark.django_db
def test_a_figure_of_an_earlier_version_is_not_taken_for_the_active_ones() -> None:
    measured(a_version("20250101000000"), QualityKind.REALISED, 90, WINDOW)
    a_version(is_active=True)
    page = text()
    assert "We said" not in page
    assert "not been measured yet" in page


@pytest.mark.django_db
def test_who_may_not_see_models_is_not_shown_their_word() -> None:
    assert a_person("predictions.view_prediction").get(PAGE).status_code == 403


def test_the_axis_of_drift_says_what_it_counts() -> None:
    assert shifts([("Amount", PSI)]).plot["layout"]["xaxis"]["title"]["text"] == "PSI"
