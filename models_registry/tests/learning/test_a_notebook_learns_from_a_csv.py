"""Learning needs no database: a CSV does."""

import io

import numpy as np
import pandas as pd

from leads.features import Kind
from models_registry.learning.fit import learn
from models_registry.learning.frames import columns_of_frame, rows_of
from models_registry.tests.learning.simulated import leads


def csv() -> io.StringIO:
    rows, _ = leads(300, seed=1)
    frame = pd.DataFrame(dict(rows.columns))
    text = frame.assign(status=np.where(rows.converted, "WON", "LOST"), created_at=rows.created_at).to_csv(index=False)
    return io.StringIO(text)


def test_a_csv_is_learned_and_scored() -> None:
    frame = pd.read_csv(csv())
    status, created_at = frame.pop("status"), frame.pop("created_at")
    rows = rows_of(frame, converted=status == "WON", created_at=created_at)
    assert "status" not in {feature.name for feature in rows.features}
    learned = learn(rows, seed=7)
    scores = learned.model.score(columns_of_frame(frame.head(3), learned.model.features))
    assert scores.probability.shape == (3,)


def test_columns_are_numbers_words_and_flags_by_their_type() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [True, False]})
    rows = rows_of(frame, converted=[True, False], created_at=["2024-01-01", "2024-02-01"])
    assert [feature.kind for feature in rows.features] == [Kind.NUMERIC, Kind.CATEGORY, Kind.BOOLEAN]
    assert rows.columns["b"].tolist() == ["x", None]
    assert rows.columns["c"].tolist() == [1.0, 0.0]


def test_rows_of_one_dossier_weigh_one_in_all() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]})
    rows = rows_of(frame, converted=[1, 0, 0], created_at=["2024-01-01"] * 3, dossier=["x", "y", "x"])
    assert rows.weight.tolist() == [0.5, 1.0, 0.5]
    assert rows.dossier.tolist() == [0, 1, 0]
