"""What drift is measured against: how the features and the score were distributed in training, as plain data.

A reference of a feature holds `kind`, the effective number of leads `n`, the share `missing`, and the `shares` of the
known values over bins: for numbers between the `edges` (a value on an edge counts below it), for words the `levels`
and, last, all others. `seen` lists every word that training saw and `unseen` is the share of new ones to be expected
anyway (Good and Turing's estimate); both are None where there are too many words to list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.features import Column, Columns, Feature, Kind, LabelledRows
from models_registry.learning.times import RATES

Places = NDArray[np.int64]

BINS = 10
MOST_LEVELS, LEAST_SHARE, MOST_SEEN = 10, 0.02, 300


@dataclass(frozen=True)
class Sample:
    """n snapshots of leads: each feature's column, each row's weight, and the lead it belongs to (all (n,))."""

    columns: Columns
    weight: Floats
    dossier: NDArray[np.int64]

    def effective(self, rows: NDArray[np.bool_]) -> float:
        """So many equally weighted leads say as much as these rows (Kish): snapshots of a lead count as one."""
        _, place = np.unique(self.dossier[rows], return_inverse=True)
        mass = np.bincount(place, weights=self.weight[rows])
        return float(mass.sum() ** 2 / (mass @ mass)) if len(mass) else 0.0

    def share(self, rows: NDArray[np.bool_]) -> float:
        """The weight of these rows, as a share of all."""
        return float(self.weight[rows].sum() / self.weight.sum())

    def shares(self, place: Places, bins: int) -> Floats:
        """The share of each bin among the rows that have a place, (bins,)."""
        known = place >= 0
        mass = np.bincount(place[known], weights=self.weight[known], minlength=bins)
        return np.asarray(mass / mass.sum())


def reference_of(past: LabelledRows, newest: LabelledRows, probability: Floats) -> dict[str, Any]:
    """The card's `reference`: features from the training part, the score's tenths from the holdout it was measured on.

    `ages` is each age's share of the training snapshots (days: share), so that leads can be compared age by age;
    `score_ages` the same of the holdout, which may lack the ages at which the newest leads are not settled yet.
    """
    sample = Sample(past.columns, past.weight, past.dossier)
    held_out = Sample({}, newest.weight, newest.dossier)
    return {
        "features": {
            feature.name: _entry(feature, past.columns[feature.name], sample)
            for feature in past.features
            # Recent rates are left out: they are the same for all leads of a day, and are meant to move.
            if feature.name not in RATES
        },
        "score": _numbers(Kind.NUMERIC, probability, held_out),
        "ages": _ages(past),
        "score_ages": _ages(newest),
    }


def _ages(rows: LabelledRows) -> dict[str, float]:
    days = np.round((rows.moment - rows.created_at) / np.timedelta64(1, "D"), 3)
    ages, place = np.unique(days, return_inverse=True)
    shares = np.bincount(place, weights=rows.weight) / rows.weight.sum()
    return {f"{age:g}": float(share) for age, share in zip(ages, shares, strict=True)}


def _entry(feature: Feature, column: Column, sample: Sample) -> dict[str, Any]:
    return _words(column, sample) if feature.is_category else _numbers(feature.kind, column, sample)


def _numbers(kind: Kind, column: Column, sample: Sample) -> dict[str, Any]:
    known = ~np.isnan(column)
    entry: dict[str, Any] = {"kind": kind.value, "edges": _edges(kind, column[known], sample.weight[known])}
    return entry | _shares(entry, column, sample, bins=len(entry["edges"]) + 1)


def _edges(kind: Kind, values: Floats, weight: Floats) -> list[float]:
    """Tenths by weight, each once; none at the largest value, above which there would be nobody."""
    if len(values) == 0:
        return []
    if kind is Kind.BOOLEAN:
        return [0.0] if values.min() < values.max() else []
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    at = np.searchsorted(reached, np.arange(1, BINS) / BINS)
    edges = np.unique(values[order][np.minimum(at, len(values) - 1)])
    return [float(edge) for edge in edges if edge < values.max()]


def _words(column: Column, sample: Sample) -> dict[str, Any]:
    known = np.array([isinstance(value, str) for value in column], dtype=bool)
    words, place = np.unique(column[known].astype(str), return_inverse=True)
    weight = sample.weight[known]
    mass = np.bincount(place, weights=weight, minlength=len(words)) / max(weight.sum(), 1e-300)
    common = [at for at in np.argsort(-mass, kind="stable")[:MOST_LEVELS] if mass[at] >= LEAST_SHARE]
    is_listed = len(words) <= MOST_SEEN
    entry: dict[str, Any] = {
        "kind": Kind.CATEGORY.value,
        "levels": [str(words[at]) for at in common],
        "seen": words.tolist() if is_listed else None,
        "unseen": _seen_once(place, sample.dossier[known], mass) if is_listed else None,
    }
    return entry | _shares(entry, column, sample, bins=len(common) + 1)


def _seen_once(place: Places, dossier: NDArray[np.int64], mass: Floats) -> float:
    pairs = np.unique(np.stack([place, dossier]), axis=1)
    leads = np.bincount(pairs[0].astype(np.int64), minlength=len(mass))
    return float(mass[leads == 1].sum())


def _shares(entry: Mapping[str, Any], column: Column, sample: Sample, *, bins: int) -> dict[str, Any]:
    place = place_of(entry, column)
    known = place >= 0
    return {
        "n": sample.effective(np.ones(len(place), dtype=bool)),
        "missing": 1.0 - sample.share(known),
        "shares": sample.shares(place, bins).tolist() if known.any() else [0.0] * bins,
    }


def place_of(entry: Mapping[str, Any], column: Column) -> Places:
    """Which bin of a reference each value falls into, (n,); -1 where it is missing."""
    if entry["kind"] == Kind.CATEGORY.value:
        at = {word: place for place, word in enumerate(entry["levels"])}
        return np.array([at.get(v, len(at)) if isinstance(v, str) else -1 for v in column], dtype=np.int64)
    place = np.searchsorted(np.asarray(entry["edges"], dtype=np.float64), column, side="left")
    return np.where(np.isnan(column), -1, place).astype(np.int64)


def share_of_unseen(entry: Mapping[str, Any], column: Column, known: NDArray[np.bool_], sample: Sample) -> float:
    """The share, among known values, of words that training never saw."""
    seen = set(entry["seen"])
    new = known & np.array([value not in seen for value in column], dtype=bool)
    return float(sample.weight[new].sum() / sample.weight[known].sum())
