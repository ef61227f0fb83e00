"""A CSV or any frame as labelled rows: learning from a notebook.

frame = pandas.read_csv("leads.csv")
status, created_at = frame.pop("status"), frame.pop("created_at")
rows = rows_of(frame, converted=status == "WON", created_at=created_at)
learned = learn(rows, seed=7)
learned.metrics["roc_auc"], learned.importance[:3]
learned.model.score(columns_of_frame(frame, learned.model.features)).probability
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from leads.features import Column, Columns, Feature, Kind, LabelledRows


def rows_of(
    frame: pd.DataFrame, *, converted: ArrayLike, created_at: ArrayLike, dossier: ArrayLike | None = None
) -> LabelledRows:
    """Each row of the frame as a snapshot at its creation; its columns as features, of a kind by their type.

    The other arguments have the frame's length; `created_at` is anything that pandas reads as a time. Rows of one
    `dossier` (None: each row is one) share its weight.
    """
    features = tuple(Feature(str(name), _kind(frame[name]), "as sent", f"Column {name}") for name in frame.columns)
    created = pd.to_datetime(pd.Series(np.asarray(created_at)), utc=True).dt.tz_localize(None)
    moments: NDArray[np.datetime64] = created.to_numpy().astype("datetime64[us]")
    labels = np.arange(len(frame)) if dossier is None else np.asarray(dossier)
    dossiers, times = np.unique(labels, return_inverse=True, return_counts=True)[1:]
    return LabelledRows(
        features,
        columns_of_frame(frame, features),
        np.asarray(converted, dtype=bool),
        1.0 / times[dossiers],
        dossiers.astype(np.int64),
        moments,
        moments,
    )


def columns_of_frame(frame: pd.DataFrame, features: Iterable[Feature]) -> Columns:
    """The features' columns of a frame. Raises KeyError where one is not there."""
    return {feature.name: _column(frame[feature.name], feature) for feature in features}


def _kind(values: pd.Series) -> Kind:
    if pd.api.types.is_bool_dtype(values):
        return Kind.BOOLEAN
    return Kind.NUMERIC if pd.api.types.is_numeric_dtype(values) else Kind.CATEGORY


def _column(values: pd.Series, feature: Feature) -> Column:
    if not feature.is_category:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.array([None if pd.isna(value) else str(value) for value in values], dtype=object)
