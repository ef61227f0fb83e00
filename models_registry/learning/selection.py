"""Which features a model leaves out, and why: constants, duplicates, those that only tell the time, and noise.

Importance is measured on newer leads than a quick model has learnt from, all of them *inside* the training part. Were
it measured on the holdout, that would choose the model's features, and its figures there would flatter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.features import Column, Feature, Kind, LabelledRows
from models_registry.learning.encoding import LARGEST, Encoder
from models_registry.learning.quick import Inner, Quick, losses_of
from models_registry.learning.times import RATES, of_the_times, rates_that_stay

NEARLY_ALWAYS, FEWEST_KNOWN = 0.99, 50
FEWEST_TOLD = 200
"""Newer leads of either outcome: among fewer, noise drowns what a useful feature tells, and none is left out for it.

On the demonstration (3,000 leads, 108 newer conversions) leaving out what seemed noise cost 0.008 in mean absolute
error against the true probability, and the interval a fifth of its coverage.
"""
NOISES, REPEATS = 8, 3
SAME, SMALLEST = 1.0 - 1e-9, float(np.finfo(np.float64).tiny)
CHANCE = 1.0
"""Standard errors: leaving features out is taken back already where it costs more than this."""
NO_COLUMN, NOISE = "It did not vary in training.", "It tells no more than a column of noise."
NOT_SHARED = "None of its values is shared by enough leads to learn from."
UNTRIED = "There are too few leads to show whether the recent conversion rate tells anything."


def unused_features(past: LabelledRows, inner: Inner, *, seed: int) -> dict[str, str]:
    """The features of `past` to leave out, each with its reason. Deterministic by the seed."""
    reasons, enough = _empty(past), inner.holds(FEWEST_TOLD)
    reasons |= _doubled(past, _left(past, reasons))
    if not enough:
        reasons |= dict.fromkeys((each.name for each in _left(past, reasons) if each.name in RATES), UNTRIED)
    times = of_the_times(past, [each.name for each in _left(past, reasons)])
    reasons |= times
    if enough:
        noise = _no_better_than_noise(inner.without(set(reasons)), seed=seed)
        reasons |= dict.fromkeys(sorted(noise.difference(rates_that_stay(times))), NOISE)
    return reasons


def _left(past: LabelledRows, reasons: Collection[str]) -> list[Feature]:
    return [each for each in past.features if each.name not in reasons]


def _empty(past: LabelledRows) -> dict[str, str]:
    reasons, codes = {}, Encoder.fit(past).codes
    for feature, code in zip(past.features, codes, strict=True):
        missing = _missing(past.columns[feature.name])
        share, known = float(np.average(missing, weights=past.weight)), len(np.unique(past.dossier[~missing]))
        if not _varies(past.columns[feature.name], missing):
            reasons[feature.name] = NO_COLUMN
        elif feature.is_category and code.width == 0:
            reasons[feature.name] = NOT_SHARED
        elif share > NEARLY_ALWAYS and known < FEWEST_KNOWN:
            reasons[feature.name] = f"It is known of {known} leads only."
    return reasons


def _missing(column: Column) -> NDArray[np.bool_]:
    if column.dtype == object:
        return np.array([each is None for each in column.tolist()], dtype=bool)
    return np.isnan(column)


def _varies(column: Column, missing: NDArray[np.bool_]) -> bool:
    known = column[~missing]
    return len(known) > 0 and bool(missing.any() or (known != known[0]).any())


def _doubled(past: LabelledRows, features: list[Feature]) -> dict[str, str]:
    """Duplicates: the same words as an earlier feature's, or numbers that are a linear function of an earlier one's."""
    reasons: dict[str, str] = {}
    seen: dict[bytes, list[tuple[str, Column]]] = {}
    for feature in features:
        column = past.columns[feature.name]
        key, values = _comparable(column, _missing(column))
        twin = next((name for name, other in seen.setdefault(key, []) if _same(values, other)), None)
        if twin is None:
            seen[key].append((feature.name, values))
        else:
            reasons[feature.name] = f"It says the same as {twin}."
    return reasons


def _comparable(column: Column, missing: NDArray[np.bool_]) -> tuple[bytes, Column]:
    """A key that equal columns share (their type, and where they are missing), and what is known, standardised."""
    key = column.dtype.str.encode() + np.packbits(missing).tobytes()
    known = column[~missing]
    if column.dtype == object:
        return key, known
    known = np.clip(known, -LARGEST, LARGEST)
    spread = known - known.mean()
    # By the largest first: the squares of numbers near 1e-300 are 0.
    spread /= max(float(np.abs(spread).max(initial=0.0)), SMALLEST)
    return key, spread / max(float(np.sqrt((spread**2).sum())), SMALLEST)


def _same(values: Column, other: Column) -> bool:
    if values.dtype == object:
        return bool(np.array_equal(values, other))
    both_constant = not values.any() and not other.any()
    return both_constant or abs(float(values @ other)) >= SAME


def _no_better_than_noise(inner: Inner, *, seed: int) -> set[str]:
    """Features that are no better than noise, neither on newer leads nor on leads of the same time.

    Where times change, a feature may mislead on newer leads although it tells a lot: that is drift, not noise.
    """
    if not inner.older.features:
        return set()
    forward, told = _above_noise(inner, seed=seed)
    told |= _above_noise(inner.shuffled(seed=seed), seed=seed)[1]
    ranked = sorted(forward, key=lambda name: (name not in told, -forward[name]))
    return _without_harm(inner, ranked, keep=max(len(told), 1), seed=seed)


def _above_noise(inner: Inner, *, seed: int) -> tuple[dict[str, float], set[str]]:
    """Each feature's importance, and the names of those above every column of noise."""
    rng = np.random.default_rng(seed)
    noisy = Inner(_with_noise(inner.older, rng), _with_noise(inner.newer, rng))
    importance = _importance(noisy, rng, seed=seed)
    level = max(0.0, *(importance.pop(_noise(at)) for at in range(NOISES)))
    return importance, {name for name, each in importance.items() if each > level}


def _without_harm(inner: Inner, ranked: list[str], *, keep: int, seed: int) -> set[str]:
    """What can be dropped beyond the first `keep` without making a model worse; half of it comes back where it does.

    Features that say the same each look useless while the others are there; all of them together are not.
    """
    whole = losses_of(Quick(inner.older, seed=seed)(inner.newer), inner.newer)
    while keep < len(ranked):
        fewer = inner.without(set(ranked[keep:]))
        losses = losses_of(Quick(fewer.older, seed=seed)(fewer.newer), fewer.newer)
        if not _is_worse(losses - whole, inner.newer):
            break
        keep += (len(ranked) - keep + 1) // 2
    return set(ranked[keep:])


def _is_worse(more: Floats, rows: LabelledRows) -> bool:
    """Whether losses grew beyond chance: their mean against its standard error over dossiers."""
    mean = float(np.average(more, weights=rows.weight))
    _, place = np.unique(rows.dossier, return_inverse=True)
    parts = np.bincount(place, weights=rows.weight * (more - mean)) / rows.weight.sum()
    return mean > CHANCE * float(np.sqrt((parts**2).sum()))


def _importance(inner: Inner, rng: np.random.Generator, *, seed: int) -> dict[str, float]:
    """Permutation importance: by how much the log loss of newer leads grows when a feature is shuffled among them.

    The mean of REPEATS shuffles.
    """
    model = Quick(inner.older, seed=seed)
    matrix = model.encoder.transform(inner.newer.columns)
    weight = inner.newer.weight
    base = float(np.average(losses_of(model.of_matrix(matrix), inner.newer), weights=weight))
    importance = {}
    for at, feature in enumerate(inner.older.features):
        columns = np.flatnonzero(model.encoder.column_feature == at)
        dealt = matrix.copy()
        grown = []
        for _ in range(REPEATS if len(columns) else 0):
            dealt[:, columns] = matrix[rng.permutation(len(matrix))][:, columns]
            grown.append(float(np.average(losses_of(model.of_matrix(dealt), inner.newer), weights=weight)) - base)
        importance[feature.name] = float(np.mean(grown)) if grown else 0.0
    return importance


def _noise(at: int) -> str:
    return f"noise.{at}"


def _with_noise(rows: LabelledRows, rng: np.random.Generator) -> LabelledRows:
    """The rows with columns of noise: random numbers, and features as other dossiers have them. One value a dossier."""
    _, first, place = np.unique(rows.dossier, return_index=True, return_inverse=True)
    numeric = [rows.columns[feature.name] for feature in rows.features if not feature.is_category]
    columns = {
        _noise(at): (
            numeric[at * len(numeric) // NOISES][rng.permutation(first)]
            if at % 2 and numeric
            else rng.standard_normal(len(first))
        )[place]
        for at in range(NOISES)
    }
    noise = tuple(Feature(name, Kind.NUMERIC, "", "Noise") for name in columns)
    return replace(rows, features=(*rows.features, *noise), columns={**rows.columns, **columns})
