"""What kind of feature an attribute is, and how its values are read: pure, without a database."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leads.catalogue import _as_days_before, _as_number, _as_word, kind_of
from leads.features import Kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, None, False], Kind.BOOLEAN),
        ([1, 2.5, None], Kind.NUMERIC),
        ([1, True], Kind.CATEGORY),
        (["2026-01-31", "2026-02-01T10:00:00Z"], Kind.DATE),
        (["2026-01-31", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-12:00"], Kind.DATE),
        (["2026-01-31", "soon"], Kind.CATEGORY),
        (["yes", 3], Kind.CATEGORY),
        ([None, "", "  "], None),
        ([3, " "], Kind.NUMERIC),
    ],
)
def test_a_kind_is_what_all_values_agree_on_and_blanks_have_no_say(values: list[Any], kind: Kind | None) -> None:
    assert kind_of(values) == kind


@pytest.mark.parametrize(
    ("value", "word"), [("hot", "hot"), (5, "5"), (5.0, "5"), (5.5, "5.5"), (True, "True"), (" ", None), (None, None)]
)
def test_a_word_is_the_same_however_json_wrote_it(value: Any, word: str | None) -> None:
    assert _as_word(value, None) == word


def test_a_date_counts_in_utc_even_where_that_is_before_the_first_year() -> None:
    moment = np.datetime64("2026-06-01T00:00:00", "us")
    assert _as_days_before("2026-05-31T12:00:00+06:00", moment) == 0.75
    first = _as_days_before("0001-01-01T00:00:00+00:00", moment)
    assert _as_days_before("0001-01-01T00:00:00+12:00", moment) == first + 0.5


@pytest.mark.parametrize("value", ["many", None, ""])
def test_what_is_no_number_or_date_is_missing_rather_than_wrong(value: Any) -> None:
    assert _as_number(value, None) != _as_number(value, None)
    assert _as_days_before(value, None) != _as_days_before(value, None)
