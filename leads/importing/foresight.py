"""Columns that look as if they leaked the outcome: by their names, and by how well each alone predicts it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Few honest columns reach a higher ROC-AUC by themselves.
TOO_GOOD = 0.80
# A column that is filled for nearly all leads of one kind and few of the other was filled because of it.
FILLED_GAP = 0.4
MIN_OF_EACH = 20
AFTERWARDS = re.compile(
    r"\b(tags?|quality|profile|notable|last(?! ?name)|final|duration|outcome|result|reason|closed?(?:date)?|closing"
    r"|times contacted|activities|(?:last)?modified(?:date)?|probability"  # what moves until it is exported
    r"|lost|won|feedback|disposition|lead ?score|index|grade|rating|activity score|status)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Suspicion:
    """Why a column looks as if it had been filled afterwards."""

    reason: str


def suspicions(columns: Mapping[str, Sequence[Any]], target: Sequence[bool] | None) -> dict[str, Suspicion]:
    """The suspicious columns. `target` says which rows were won; None where nobody knows."""
    won = None if target is None else np.asarray(target, dtype=bool)
    found = {name: _reason(name, values, won) for name, values in columns.items()}
    return {name: Suspicion(reason) for name, reason in found.items() if reason}


def _reason(name: str, values: Sequence[Any], won: NDArray[np.bool_] | None) -> str | None:
    if won is not None and min(won.sum(), (~won).sum()) >= MIN_OF_EACH:
        is_filled = np.array([value is not None for value in values])
        if abs(is_filled[won].mean() - is_filled[~won].mean()) > FILLED_GAP:
            shares = is_filled[won].mean(), is_filled[~won].mean()
            return f"filled for {shares[0]:.0%} of the won leads and {shares[1]:.0%} of the others"
        auc = single_column_auc(values, won)
        if auc > TOO_GOOD:
            return f"tells the outcome too well by itself (ROC-AUC {auc:.2f})"
    return "its name speaks of what comes later" if AFTERWARDS.search(words_in(name)) else None


def words_in(name: str) -> str:
    """A column's name with its words parted: `CloseDate` and `close_date` as `Close Date`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ")


def single_column_auc(values: Sequence[Any], won: NDArray[np.bool_]) -> float:
    """How well one column alone parts won from lost, 0.5 to 1: numbers by their order, words by their rate of wins.

    Rates are taken from one half of the rows and judged on the other, so that a column of many words gains nothing.
    """
    if all(value is None or isinstance(value, (int, float)) for value in values):
        score = np.array([np.nan if value is None else float(value) for value in values])
        score = np.where(np.isnan(score), np.nanmedian(score) if not np.isnan(score).all() else 0.0, score)
        auc = roc_auc(score, won)
        return max(auc, 1 - auc)
    words, halves = np.array([str(value) for value in values]), np.arange(len(values)) % 2 == 0
    score = np.where(halves, _rates(words, won, ~halves), _rates(words, won, halves))
    return (roc_auc(score[halves], won[halves]) + roc_auc(score[~halves], won[~halves])) / 2


def _rates(words: NDArray[np.str_], won: NDArray[np.bool_], learn: NDArray[np.bool_]) -> NDArray[np.float64]:
    _, place = np.unique(words, return_inverse=True)
    size, base = place.max() + 1, won[learn].mean()
    wins = np.bincount(place[learn], weights=won[learn], minlength=size)
    rates: NDArray[np.float64] = ((wins + base) / (np.bincount(place[learn], minlength=size) + 1))[place]
    return rates


def roc_auc(score: NDArray[np.float64], won: NDArray[np.bool_]) -> float:
    """The probability that a won row scores above a lost one, ties counting half (Mann and Whitney 1947)."""
    values, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    positives, negatives = int(won.sum()), int((~won).sum())
    if not len(values) or not positives or not negatives:
        return 0.5
    return float((middle[place][won].sum() - positives * (positives + 1) / 2) / (positives * negatives))
