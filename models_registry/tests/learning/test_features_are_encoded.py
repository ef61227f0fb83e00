"""The encoding is learnt on the training part, bears what it has never seen, and costs little for one row."""

import json

import numpy as np
import pytest

from leads.features import Columns, Feature, Kind, LabelledRows
from models_registry.learning.encoding import Encoder
from models_registry.tests.learning.simulated import leads

NUMBER = Feature("price", Kind.NUMERIC, "currency", "Price")
FLAG = Feature("photos", Kind.BOOLEAN, "yes or no", "Photos", 0, 1)
WORD = Feature("source", Kind.CATEGORY, "one of several words", "Source")


def rows(features: tuple[Feature, ...], columns: Columns) -> LabelledRows:
    n = len(columns[features[0].name])
    when = np.datetime64("2024-01-01", "us") + np.arange(n).astype("timedelta64[D]")
    return LabelledRows(features, columns, np.zeros(n, bool), np.ones(n), np.arange(n), when, when)


def words(*values: str | None) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return np.array(values, dtype=object)


def test_a_missing_number_gets_the_median_and_a_mark() -> None:
    encoder = Encoder.fit(rows((NUMBER,), {"price": np.array([1.0, 2.0, 9.0, np.nan])}))
    encoded = encoder.encode({"price": np.array([5.0, np.nan])})
    assert encoded.matrix.tolist() == [[5.0, 0.0], [2.0, 1.0]]
    assert encoded.missing.tolist() == [[False], [True]]
    assert encoded.matrix.dtype == np.float32


def test_a_number_missing_for_the_first_time_in_scoring_gets_the_median() -> None:
    encoder = Encoder.fit(rows((NUMBER,), {"price": np.array([1.0, 2.0, 9.0])}))
    encoded = encoder.encode({"price": np.array([np.nan])})
    assert encoded.matrix.tolist() == [[2.0]]
    assert encoded.missing.all()


def test_what_never_varied_has_no_column() -> None:
    constant = {"price": np.full(4, 3.0), "photos": np.full(4, np.nan), "source": words("web", "web", "web", "web")}
    encoder = Encoder.fit(rows((NUMBER, FLAG, WORD), constant))
    assert encoder.columns == 0
    fresh = {"price": np.array([7.0]), "photos": np.array([1.0]), "source": words("fair")}
    assert encoder.transform(fresh).shape == (1, 0)


def test_rare_levels_are_joined_and_unseen_ones_count_as_rare() -> None:
    encoder = Encoder.fit(rows((WORD,), {"source": words(*["web"] * 10, *["fair"] * 8, None, "mail", "radio")}))
    matrix = encoder.transform({"source": words("fair", "web", None, "mail", "never seen", "radio")})
    assert matrix.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]


def test_a_level_never_seen_is_zero_everywhere_where_none_was_rare() -> None:
    encoder = Encoder.fit(rows((WORD,), {"source": words(*["web"] * 10, *["fair"] * 8)}))
    assert encoder.transform({"source": words("never seen", None)}).tolist() == [[0, 0], [0, 0]]


def test_a_missing_word_is_missing_though_a_frame_writes_it_as_nan() -> None:
    encoder = Encoder.fit(rows((WORD,), {"source": words(*["web"] * 10, *["fair"] * 8, None)}))
    column = np.array(["web", float("nan")], dtype=object)
    encoded = encoder.encode({"source": column})
    assert encoded.missing.tolist() == [[False], [True]]
    assert encoded.matrix.tolist() == [[0, 1, 0], [0, 0, 1]]


def test_numbers_beyond_single_precision_stay_finite() -> None:
    encoder = Encoder.fit(rows((NUMBER,), {"price": np.array([1.0, 1e300, -1e300])}))
    assert np.isfinite(encoder.transform({"price": np.array([1e299, -1e299])})).all()


def test_each_column_knows_its_feature_and_columns_sum_back() -> None:
    encoder = Encoder.fit(
        rows(
            (NUMBER, FLAG, WORD),
            {
                "price": np.array([1.0, np.nan, 3.0] * 6),
                "photos": np.ones(18),
                "source": words(*["web", "fair", None] * 6),
            },
        )
    )
    assert encoder.column_feature.tolist() == [0, 0, 2, 2, 2]
    values, stretch = np.array([[1.0, 2.0, 4.0, 8.0, 16.0]] * 2), np.array([1.0, 0.5])
    assert encoder.sum_by_feature(values, stretch).tolist() == [[3.0, 0.0, 28.0], [1.5, 0.0, 14.0]]


def test_the_encoding_survives_json() -> None:
    known, _ = leads(300, seed=1)
    encoder = Encoder.fit(known)
    again = Encoder.from_json(json.loads(json.dumps(encoder.to_json(), allow_nan=False)))
    assert again == encoder
    assert np.array_equal(again.transform(known.columns), encoder.transform(known.columns))


def test_one_row_is_encoded_like_many() -> None:
    known, _ = leads(200, seed=1)
    encoder = Encoder.fit(known)
    many = encoder.transform(known.columns)
    for at in range(0, 200, 17):
        assert np.array_equal(encoder.transform(known.take(np.array([at])).columns)[0], many[at])


def test_a_column_that_is_not_there_is_an_error() -> None:
    known, _ = leads(100, seed=1)
    with pytest.raises(KeyError):
        Encoder.fit(known).transform({"source": words("web")})
