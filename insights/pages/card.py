"""The card of a version: drawn, in tables, and in words. What an older card does not hold is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from common.language import gettext as _
from insights import figures, model_figures
from insights.card_words import in_short
from insights.drawing import Figure
from insights.words import ALGORITHMS
from models_registry import card_sections
from models_registry.card_sayings import growth_words
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
class Learnt:
    """How many leads it learnt from, created from when to when, and on how many newer ones it was measured."""

    leads: int
    since: date
    until: date
    measured: int


@dataclass(frozen=True)
class Card:
    """The active version: `measures` holds (measure, value, interval, shuffled).

    `first` stands before importance and radar, `more` after them; `tables` are read on demand.
    """

    version: ModelVersion
    sentences: list[str]
    importance: Figure
    radar: Figure
    measures: list[Row]
    first: list[Drawing]
    more: list[Drawing]
    tables: list[Section]
    learnt: Learnt | None


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
        more=[*_curves(card), *_groups(card), *_growth(card)],
        tables=_tables(version),
        learnt=_learnt(card),
    )


def _learnt(card: dict[str, Any]) -> Learnt | None:
    past, newest = card.get("training"), card.get("holdout")
    if not past or not newest:
        return None
    since, until = (date.fromisoformat(past[name][:10]) for name in ("created_from", "created_to"))
    return Learnt(past["leads"], since, until, newest["leads"])


def _measures(metrics: dict[str, Any], shuffled: dict[str, Any]) -> list[Row]:
    return [
        (measure, value, interval_of(metrics, measure), value_of(shuffled, measure))
        for measure in MEASURES
        if (value := value_of(metrics, measure)) is not None
    ]


def _first(metrics: dict[str, Any], card: dict[str, Any]) -> list[Drawing]:
    curves, found = card.get("curves") or {}, []
    if curves.get("lift"):
        words = _("The leads measured, cut into tenths by what was said of them. The dotted line is the mean.")
        drawn = model_figures.lift(curves["lift"], float(metrics.get("base_rate") or 0.0))
        found.append(Drawing("lift", _("Where the conversions are"), words, drawn))
    if curves.get("calibration"):
        words = _("Ten groups of leads by what was said of them. On the dotted line, as many converted as was said.")
        drawn = model_figures.calibration(curves["calibration"])
        found.append(Drawing("calibration", _("Do its probabilities hold"), words, drawn))
    return found


def _curves(card: dict[str, Any]) -> list[Drawing]:
    curves, found = card.get("curves") or {}, []
    if curves.get("roc"):
        words = _("The further above the dotted line, the better it tells them apart. On the line: a coin.")
        found.append(Drawing("curve", _("Telling them apart"), words, model_figures.roc(curves["roc"])))
    if curves.get("precision_recall"):
        words = _("Calling more leads finds more conversions, and more calls are in vain.")
        drawn = model_figures.precision_recall(curves["precision_recall"])
        found.append(Drawing("balance", _("Finding all, or calling few"), words, drawn))
    return found


def _groups(card: dict[str, Any]) -> list[Drawing]:
    words = _("The bar is the share that converted, the mark what it said. Where they part, it is off for these leads.")
    found = []
    if card.get("by_source"):
        drawn = model_figures.groups(card["by_source"], "source", "by-source", _("Source"))
        found.append(Drawing("sources", _("By source"), words, drawn))
    if card.get("by_age"):
        drawn = model_figures.groups(card["by_age"], "age", "by-age", _("Age"))
        found.append(Drawing("ages", _("By age of the lead"), words, drawn))
    return found


def _growth(card: dict[str, Any]) -> list[Drawing]:
    curve = card.get("learning_curve") or {}
    points = curve.get("points") or []
    if not any(each["roc_auc"] is not None for each in points):
        return []
    drawn = model_figures.learning_curve(points)
    return [Drawing("growth", _("What more data would bring"), growth_words(curve), drawn)]


def _tables(version: ModelVersion) -> list[Section]:
    plain = plain_card_of(version)
    made = (
        card_sections.against(plain),
        card_sections.thresholds(plain),
        card_sections.sources(plain),
        card_sections.ages(plain),
        _titled(card_sections.tried(plain)),
        _named(card_sections.left_out(plain)),
        _named(card_sections.suspects(plain)),
    )
    return [section for section in made if section.rows]


def _titled(section: Section) -> Section:
    """The same with the algorithms' names as people know them."""
    rows = tuple((str(ALGORITHMS.get(name, name)), *rest) for name, *rest in section.rows)
    return Section(section.title, section.words, section.head, rows)


def _named(section: Section) -> Section:
    """The same with the features' names as people know them."""
    rows = tuple((label_of(name), *rest) for name, *rest in section.rows)
    return Section(section.title, section.words, section.head, rows)
