"""Figures: what is drawn is what is true, and stands in the table beside it too."""

import json
from pathlib import Path

import pytest
from django.conf import settings

from insights import figures, model_figures, overview_figures
from insights.comparison_figures import importance_of_two
from insights.drawing import Figure
from models_registry.tests.cards import CARD

VECTOR = [
    ["appointments_count", 3, 0.25],
    ["source", "website", 0.1],
    ["city", None, -0.05],
    ["amount", 5, 0.02],
    ["region", "Lyon", 0.01],
]


CURVES = CARD["curves"]
OF_A_CARD = [
    model_figures.calibration(CURVES["calibration"]),
    model_figures.lift(CURVES["lift"], 0.2),
    model_figures.roc(CURVES["roc"]),
    model_figures.precision_recall(CURVES["precision_recall"]),
    model_figures.learning_curve(CARD["learning_curve"]["points"]),
]


def texts(part: object) -> list[str]:
    if isinstance(part, dict):
        return [text for value in part.values() for text in texts(value)]
    if isinstance(part, list):
        return [text for value in part for text in texts(value)]
    return [part] if isinstance(part, str) else []


def test_the_steps_lead_from_the_base_to_the_probability() -> None:
    steps = figures.steps_of(0.2, VECTOR)
    assert steps[-1].reached == pytest.approx(0.2 + sum(part for _, _, part in VECTOR))


def test_what_is_not_among_the_strongest_is_one_step_together() -> None:
    steps = figures.steps_of(0.2, VECTOR, most=2)
    assert [step.name for step in steps] == ["Appointments: 3", "Source: website", "3 others"]
    assert steps[-1].part == pytest.approx(-0.02)


def test_the_waterfall_begins_at_the_base_and_ends_at_the_probability() -> None:
    (trace,) = figures.waterfall(0.2, VECTOR, 0.53).plot["data"]
    assert trace["x"][0] == 0.2
    assert trace["x"][-1] == 0.53
    assert trace["measure"] == ["absolute", *["relative"] * 5, "total"]
    assert sum(trace["x"][:-1]) == pytest.approx(0.53)


def test_bars_of_one_name_are_not_laid_over_each_other() -> None:
    vector = [[f"attributes.a_very_long_name_of_an_attribute_{end}", 1, 0.1] for end in "abc"]
    (trace,) = figures.waterfall(0.2, vector, 0.5).plot["data"]
    assert len(set(trace["y"])) == 5


def test_sources_that_begin_alike_have_a_bar_each_and_names_that_leave_it_room() -> None:
    source = "The form on the page of new buildings in the north of the town, as of spring, "
    told = [CARD["by_source"][0] | {"source": source + end} for end in ("left", "right")]
    bars, marks = model_figures.groups(told, "source", "by-source", "Source").plot["data"]
    assert bars["y"] == marks["y"]
    assert len(set(bars["y"])) == 2
    assert max(map(len, bars["y"])) <= figures.LABEL_LENGTH + 1


def test_bands_that_round_to_the_same_percentage_have_a_bar_each() -> None:
    bands = [
        {"said": said, "leads": 9, "converted": 1, "rate": 0.1, "low": 0.0, "high": 0.4} for said in (0.146, 0.153)
    ]
    bars, _ = overview_figures.by_band(bands).plot["data"]
    assert len(set(bars["x"])) == 2


def test_the_radar_shows_the_five_measures_and_leaves_out_what_was_not_taken() -> None:
    measured = {"precision": 0.5, "recall": None, "f1": 0.4, "roc_auc": 0.7, "accuracy": 0.8, "log_loss": 0.3}
    figure = figures.radar(measured)
    (trace,) = figure.plot["data"]
    assert trace["theta"] == ["Precision", "F1", "ROC-AUC", "Accuracy", "Precision"]
    assert trace["r"] == [0.5, 0.4, 0.7, 0.8, 0.5]
    assert [row[:2] for row in figure.rows] == [
        ("Precision", "0.500"),
        ("F1", "0.400"),
        ("ROC-AUC", "0.700"),
        ("Accuracy", "0.800"),
    ]


def test_importance_shows_the_first_ten() -> None:
    shares = [{"feature": f"attributes.x{at}", "importance": (20 - at) / 210} for at in range(20)]
    figure = figures.importance(shares)
    assert len(figure.rows) == len(figure.plot["data"][0]["x"]) == 10
    assert figure.rows[0] == ("X0", "9.5%")


@pytest.mark.parametrize(
    "figure",
    [
        figures.waterfall(0.2, VECTOR, 0.53),
        figures.waterfall(0.2, [], 0.2),
        figures.radar({}),
        figures.importance([]),
        figures.radar({"roc_auc": 0.7}),
        figures.importance([{"feature": "source", "importance": 1.0}]),
        *OF_A_CARD,
    ],
    ids=lambda figure: figure.key,
)
def test_figures_are_plain_data_in_the_colours_of_the_style_sheet(figure: Figure) -> None:
    written = json.loads(json.dumps(figure.plot, allow_nan=False))
    assert not [text for text in texts(written) if text.startswith("#")]
    assert all(len(row) == len(figure.head) for row in figure.rows)


def test_every_colour_of_a_figure_stands_in_the_style_sheet() -> None:
    sheet = (Path(settings.BASE_DIR) / "static/css/brand.css").read_text()
    drawn = [figures.waterfall(0.2, VECTOR, 0.53), figures.radar({"f1": 0.5}), figures.importance([]), *OF_A_CARD]
    names = {text[4:-1] for figure in drawn for text in texts(figure.plot) if text.startswith("var(")}
    assert names
    assert all(f"{name}:" in sheet for name in names)


def test_the_lines_of_two_versions_are_as_faint_as_those_of_one() -> None:
    shares = [{"feature": "amount", "importance": 1.0}]
    assert importance_of_two(shares, shares, ("one", "other")).plot["layout"]["xaxis"]["gridcolor"] == "var(--line)"


def test_the_calibration_diagram_has_its_intervals_and_the_line_of_kept_words() -> None:
    line, dots = OF_A_CARD[0].plot["data"]
    assert line["x"] == line["y"] == [0, 1]
    assert dots["x"] == [each["predicted"] for each in CURVES["calibration"]]
    for y, up, down, each in zip(
        dots["y"], dots["error_y"]["array"], dots["error_y"]["arrayminus"], CURVES["calibration"], strict=True
    ):
        assert [y - down, y + up] == pytest.approx(each["interval"])


def test_the_learning_curve_leaves_out_what_could_not_be_ranked() -> None:
    points = [{"leads": 50, "roc_auc": None, "log_loss": 0.5}, {"leads": 100, "roc_auc": 0.6, "log_loss": 0.4}]
    figure = model_figures.learning_curve(points)
    assert figure.plot["data"][0]["x"] == [100]
    assert figure.rows[0] == ("50", "–", "0.500")
