"""The card of a version: drawn, in tables, and in words. What an older card does not hold is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from insights import figures, model_figures
from insights.card_words import in_short
from insights.drawing import Figure
from models_registry import card_sections
from models_registry.card_sections import Section
from models_registry.info import card_of as plain_card_of
from models_registry.measures import MEASURES, Measure, interval_of, value_of
from models_registry.models import ModelVersion
from predictions.reasons import label_of

Row = tuple[Measure, float, tuple[float, float] | None, float | None]


@dataclass(frozen=True)
class Drawing:
    """A figure with its heading and what it shows, for people who have never seen one like it."""

    name: str
    heading: str
    words: str
    figure: Figure


@dataclass(frozen=True)
class Card:
    """The active version: `measures` holds (measure, value, interval, shuffled).

    `first` is seen at once; `more` and `tables` on demand.
    """

    version: ModelVersion
    sentences: list[str]
    importance: Figure
    radar: Figure
    measures: list[Row]
    first: list[Drawing]
    more: list[Drawing]
    tables: list[Section]
    trained_from: str
    trained_until: str
    records: dict[str, Any]


def card_of(version: ModelVersion) -> Card:
    """The card of a version."""
    metrics, card = version.metrics, version.card
    return Card(
        version=version,
        sentences=in_short(metrics, card),
        importance=figures.importance(version.importance),
        radar=figures.radar(metrics),
        measures=_measures(metrics, card.get("shuffled_metrics") or {}),
        first=_first(metrics, card),
        more=_more(card),
        tables=_tables(version),
        trained_from=str(card.get("trained_from") or "")[:10],
        trained_until=str(card.get("trained_until") or "")[:10],
        records=card.get("records") or {},
    )


def _measures(metrics: dict[str, Any], shuffled: dict[str, Any]) -> list[Row]:
    return [
        (measure, value, interval_of(metrics, measure), value_of(shuffled, measure))
        for measure in MEASURES
        if (value := value_of(metrics, measure)) is not None
    ]


def _first(metrics: dict[str, Any], card: dict[str, Any]) -> list[Drawing]:
    curves, found = card.get("curves") or {}, []
    if curves.get("lift"):
        words = "The leads measured, cut into tenths by what was said of them. The dotted line is the mean."
        drawn = model_figures.lift(curves["lift"], float(metrics.get("base_rate") or 0.0))
        found.append(Drawing("lift", "Where the conversions are", words, drawn))
    if curves.get("calibration"):
        words = "Ten groups of leads by what was said of them. On the dotted line, as many converted as was said."
        drawn = model_figures.calibration(curves["calibration"])
        found.append(Drawing("calibration", "Do its probabilities hold", words, drawn))
    return found


def _more(card: dict[str, Any]) -> list[Drawing]:
    curves, found = card.get("curves") or {}, []
    points = (card.get("learning_curve") or {}).get("points") or []
    if [each for each in points if each["roc_auc"] is not None]:
        words = card["learning_curve"]["words"]
        found.append(Drawing("growth", "What more data would bring", words, model_figures.learning_curve(points)))
    if curves.get("roc"):
        words = "The further above the dotted line, the better it tells them apart. On the line: a coin."
        found.append(Drawing("curve", "Telling them apart", words, model_figures.roc(curves["roc"])))
    if curves.get("precision_recall"):
        words = "Calling more leads finds more conversions, and more calls are in vain."
        drawn = model_figures.precision_recall(curves["precision_recall"])
        found.append(Drawing("balance", "Finding all, or calling few", words, drawn))
    return found


def _tables(version: ModelVersion) -> list[Section]:
    plain = plain_card_of(version)
    made = (
        card_sections.against(plain),
        card_sections.thresholds(plain),
        card_sections.sources(plain),
        card_sections.ages(plain),
        _named(card_sections.left_out(plain)),
        _named(card_sections.suspects(plain)),
    )
    return [section for section in made if section.rows]


def _named(section: Section) -> Section:
    """The same with the features' names as people know them."""
    rows = tuple((label_of(name), *rest) for name, *rest in section.rows)
    return Section(section.title, section.words, section.head, rows)
