"""A model's figures for parts of the leads: by source, and by age at scoring."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.features import LabelledRows
from models_registry.learning.evaluation import calibration_error, log_losses
from models_registry.learning.ranking import WeightedAuc

SOURCE = "source"
MOST_SOURCES = 12
FEWEST = 10
"""Leads of each outcome below which a group tells nothing."""
NO_SOURCE, OTHERS = "no source", "other sources"
AGES = (
    (0.0, "under an hour"),
    (1 / 24, "1 hour to 1 day"),
    (1.0, "1 to 3 days"),
    (3.0, "3 to 7 days"),
    (7.0, "1 to 2 weeks"),
    (14.0, "2 weeks to a month"),
    (30.0, "1 to 2 months"),
    (60.0, "2 months and more"),
)
"""From which age in days on (to the next), and its name."""
Groups = list[dict[str, Any]]
NOT_MEASURED: dict[str, Any] = {
    "rows": 0,
    "dossiers": 0,
    **dict.fromkeys(("base_rate", "predicted", "roc_auc", "log_loss", "calibration_error")),
    "reason": "None of the leads measured is old enough to be settled at this age, or was still open then.",
}


def by_source(rows: LabelledRows, probability: Floats) -> Groups:
    """A row of figures for each of the commonest sources, largest first; none where leads have no source."""
    if not any(feature.name == SOURCE and feature.is_category for feature in rows.features):
        return []
    named = np.array([value if isinstance(value, str) else NO_SOURCE for value in rows.columns[SOURCE].tolist()])
    names, place = np.unique(named, return_inverse=True)
    mass = np.bincount(place, weights=rows.weight)
    largest = np.argsort(-mass, kind="stable")[:MOST_SOURCES]
    groups = [{"source": str(names[at])} | _figures(rows, probability, place == at) for at in largest]
    rest = ~np.isin(place, largest)
    return groups + ([{"source": OTHERS} | _figures(rows, probability, rest)] if rest.any() else [])


def by_age(rows: LabelledRows, probability: Floats, past: LabelledRows) -> Groups:
    """A row of figures for each age at which leads were scored, youngest first; `from_days` inclusive.

    An age that was learnt from in the `past`, and at which no lead is there to measure on, has none and says so.
    """
    place, learnt = _ages_of(rows), _ages_of(past)
    return [
        {"age": AGES[at][1], "from_days": AGES[at][0]}
        | (_figures(rows, probability, place == at) if (place == at).any() else NOT_MEASURED)
        for at in np.union1d(place, learnt).tolist()
        if at >= 0
    ]


def _ages_of(rows: LabelledRows) -> NDArray[np.int64]:
    """Which of the ages each row's is, (n,); -1 where it is none."""
    days = (rows.moment - rows.created_at) / np.timedelta64(1, "D")
    starts = np.array([start for start, _ in AGES])
    # Snapshots are exact to the microsecond: one at seven days must not be rounded down to six.
    return np.asarray(np.searchsorted(starts, days + 1e-9, side="right") - 1)


def _figures(rows: LabelledRows, probability: Floats, inside: NDArray[np.bool_]) -> dict[str, Any]:
    converted, weight, p = rows.converted[inside], rows.weight[inside], probability[inside]
    dossier = rows.dossier[inside]
    fewest = min(len(np.unique(dossier[converted])), len(np.unique(dossier[~converted])))
    counts = {
        "rows": len(p),
        "dossiers": len(np.unique(dossier)),
        "base_rate": float(np.average(converted, weights=weight)),
        "predicted": float(np.average(p, weights=weight)),
    }
    if fewest < FEWEST:
        why = f"Fewer than {FEWEST} leads of an outcome."
        return counts | {"roc_auc": None, "log_loss": None, "calibration_error": None, "reason": why}
    return counts | {
        "roc_auc": WeightedAuc(p, converted)(weight),
        "log_loss": float(np.average(log_losses(p, converted), weights=weight)),
        "calibration_error": calibration_error(p, converted, weight),
        "reason": None,
    }
