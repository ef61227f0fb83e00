"""The leakage guard: attributes that look as if they were written after the outcome.

It looks forward in time, at the training part alone. An attribute that predicts the outcome almost by itself, or whose
mere presence does, was most likely filled in because of the outcome. Where a mapping says when the attribute is known,
that is believed, and the figure is shown. Where nobody can say (`unknown`), such a suspect is kept out of learning
until a person releases it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.features import Column, Feature, LabelledRows
from models_registry.learning.quick import Inner, Quick, auc_of

TOO_GOOD_ALONE = 0.9
"""One honest field alone does not tell winners from losers so well."""
TOO_TELLING_FILLED = 0.75
"""Whether a form field was filled says something: of the honest ones of X Education the most telling reaches 0.73."""
BINS = 20
SMOOTHING = 5.0
MOST_COMPARED = 6
CLEAR, SUSPECT, RELEASED, LATER = "clear", "suspect", "released", "later"
NOT_COMPARED = "Only the {} most telling are learnt with and without."


@dataclass(frozen=True)
class Finding:
    """What was found of one attribute. A figure is None where it was not taken; `words` says why."""

    feature: str
    availability: str
    verdict: str
    words: str
    auc_alone: float | None = None
    auc_filled: float | None = None
    auc_with: float | None = None
    auc_without: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As the card shows it."""
        return dict(vars(self))


def examine(rows: LabelledRows, inner: Inner, *, released: Collection[str], seed: int) -> list[Finding]:
    """Every attribute, the most telling first; those never read come last. `inner` are parts of the past of `rows`."""
    attributes = [feature for feature in rows.features if feature.name.startswith("attributes.")]
    found = [_alone(each, rows.availability.get(each.name, "observed"), inner, released) for each in attributes]
    found.sort(key=lambda each: (each.verdict == CLEAR, -(each.auc_alone or 0.0), each.feature))
    return _compared(found, inner, seed=seed) + [_later(name, when) for name, when in sorted(rows.later.items())]


def quarantined(findings: Collection[Finding]) -> set[str]:
    """The features that are kept out of learning."""
    return {each.feature for each in findings if each.verdict == SUSPECT}


def _alone(feature: Feature, availability: str, inner: Inner, released: Collection[str]) -> Finding:
    said = Finding(feature.name, availability, CLEAR, "")
    if inner.is_telling:
        older, newer = inner.older.columns[feature.name], inner.newer.columns[feature.name]
        alone = auc_of(_told_by(_levels(older, older, feature), _levels(newer, older, feature), inner), inner.newer)
        filled = auc_of(_told_by(_missing(older), _missing(newer), inner), inner.newer)
        said = replace(said, auc_alone=alone, auc_filled=filled)
    return _judged(said, released)


def _judged(found: Finding, released: Collection[str]) -> Finding:
    alarm = _alarm(found)
    if alarm is None:
        return replace(found, words=f"Alone it ranks with a ROC-AUC of {found.auc_alone:.2f}.")
    if found.feature in released:
        return replace(found, verdict=RELEASED, words=f"{alarm} A person has released it.")
    if found.availability != "unknown":
        known = "with the lead" if found.availability == "creation" else "at the time recorded"
        return replace(found, words=f"{alarm} It is used, as it is said to be known {known}.")
    return replace(found, verdict=SUSPECT, words=f"{alarm} Nobody can say when it is known, so it is kept out.")


def _alarm(found: Finding) -> str | None:
    name = found.feature.removeprefix("attributes.")
    if found.auc_alone is None:
        return f"There are too few leads to show {name} harmless."
    if found.auc_alone > TOO_GOOD_ALONE:
        return f"{name} looks like a leak: alone it ranks with a ROC-AUC of {found.auc_alone:.2f}."
    if found.auc_filled is not None and found.auc_filled > TOO_TELLING_FILLED:
        return f"{name} looks like a leak: its being filled ranks with a ROC-AUC of {found.auc_filled:.2f}."
    return None


def _later(name: str, when: str) -> Finding:
    return Finding(name, when, LATER, f"Known only after the {when}: no model reads it.")


def _told_by(older: NDArray[np.int64], newer: NDArray[np.int64], inner: Inner) -> Floats:
    """Each newer row's score (n,): the smoothed conversion rate of its level (0, 1, ...) among the older rows."""
    rows, n = inner.older, int(max(older.max(), newer.max())) + 1
    base = float(np.average(rows.converted, weights=rows.weight))
    mass = np.bincount(older, weights=rows.weight, minlength=n)
    won = np.bincount(older, weights=rows.weight * rows.converted, minlength=n)
    return np.asarray(((won + SMOOTHING * base) / (mass + SMOOTHING))[newer])


def _levels(column: Column, learnt_on: Column, feature: Feature) -> NDArray[np.int64]:
    """A level each, (n,): 0 is missing, 1 (of words) one not seen in `learnt_on`; numbers stand in quantile bins."""
    if feature.is_category:
        known = {word: at for at, word in enumerate(sorted({each for each in learnt_on if each is not None}), start=2)}
        return np.array([0 if each is None else known.get(each, 1) for each in column], dtype=np.int64)
    values = learnt_on[~np.isnan(learnt_on)]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])) if len(values) else np.array([])
    return np.where(np.isnan(column), 0, 1 + np.searchsorted(edges, column, side="right"))


def _missing(column: Column) -> NDArray[np.int64]:
    if column.dtype == object:
        return np.array([each is None for each in column], dtype=np.int64)
    return np.isnan(column).astype(np.int64)


def _compared(found: list[Finding], inner: Inner, *, seed: int) -> list[Finding]:
    """Adds to the first findings the quick model's AUC with and without the feature, all other suspects left out."""
    if not found or not inner.is_telling:
        return found
    kept_out = {each.feature for each in found if each.verdict != CLEAR}
    plain = _auc_without(inner, kept_out, seed)
    compared = []
    for at, each in enumerate(found):
        if at >= MOST_COMPARED:
            compared.append(replace(each, words=f"{each.words} {NOT_COMPARED.format(MOST_COMPARED)}"))
        elif each.feature in kept_out:
            compared.append(
                replace(each, auc_with=_auc_without(inner, kept_out - {each.feature}, seed), auc_without=plain)
            )
        else:
            compared.append(
                replace(each, auc_with=plain, auc_without=_auc_without(inner, kept_out | {each.feature}, seed))
            )
    return compared


def _auc_without(inner: Inner, names: set[str], seed: int) -> float | None:
    parts = inner.without(names)
    return auc_of(Quick(parts.older, seed=seed)(parts.newer), parts.newer) if parts.older.features else None
