"""DeLong's paired test against reference figures, of which the smaller case always stands here."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from models_registry.learning.ranking import delong, placements

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "delong.json"
Y = [
    0,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    1,
    0,
    1,
    0,
    1,
    0,
    1,
    1,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    1,
    1,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    1,
]
A = [
    0.290906,
    0.097321,
    0.35819,
    0.255015,
    0.300535,
    0.250064,
    0.288123,
    0.275995,
    0.181489,
    0.6668,
    0.472819,
    0.336451,
    0.327783,
    0.433313,
    0.400966,
    0.469827,
    0.274524,
    0.47863,
    0.519974,
    0.240718,
    0.211835,
    0.53845,
    0.325808,
    0.121086,
    0.108382,
    0.309937,
    0.187437,
    0.583098,
    0.70256,
    0.066064,
    0.321778,
    0.789954,
    0.214582,
    0.14054,
    0.438376,
    0.321573,
    0.730248,
    0.206654,
    0.077143,
    0.497497,
]
B = [
    0.225173,
    0.211415,
    0.36061,
    0.100469,
    0.150851,
    0.389328,
    0.38762,
    0.194151,
    0.205032,
    0.621878,
    0.487927,
    0.459579,
    0.349049,
    0.364885,
    0.318168,
    0.587692,
    0.072035,
    0.387714,
    0.444988,
    0.108915,
    0.271552,
    0.343435,
    0.448846,
    0.144866,
    0.213031,
    0.498225,
    0.257563,
    0.336674,
    0.319003,
    0.283578,
    0.289085,
    0.536251,
    0.248377,
    0.154262,
    0.530729,
    0.310274,
    0.600307,
    0.149077,
    0.153349,
    0.262946,
]
CASE: dict[str, Any] = {
    "y": Y,
    "score_a": A,
    "score_b": B,
    "auc_a": 0.8516483516483516,
    "auc_b": 0.5741758241758241,
    "cov": [[0.004071879093011807, 0.00551141166525782], [0.00551141166525782, 0.010671184267972094]],
    "z": 4.549194541445476,
    "p_two_sided": 5.3851641274065205e-06,
}


def check(case: dict[str, Any]) -> None:
    y = np.array(case["y"], dtype=bool)
    figures = delong(np.array(case["score_a"]), np.array(case["score_b"]), y)
    z = (figures.auc_a - figures.auc_b) / figures.deviation
    assert (figures.auc_a, figures.auc_b) == pytest.approx((case["auc_a"], case["auc_b"]), abs=1e-12)
    assert figures.covariance == pytest.approx(np.array(case["cov"]), abs=1e-12)
    assert z == pytest.approx(case["z"], rel=1e-9)
    assert 2 * norm.sf(abs(z)) == pytest.approx(case["p_two_sided"], rel=1e-6)


def test_the_small_case_agrees() -> None:
    check(CASE)


@pytest.mark.skipif(not REFERENCE.exists(), reason="../shared/reference is not beside the project")
def test_every_case_of_the_reference_agrees() -> None:
    for case in json.loads(REFERENCE.read_text())["cases"]:
        check(case)


def test_ties_count_half() -> None:
    tied = placements(np.array([0.5, 0.5, 0.2]), np.array([True, False, False]), np.ones(3))
    assert tied.auc == 0.75
    assert tied.positives.tolist() == [0.75]
    assert tied.negatives.tolist() == [0.5, 1.0]


def test_a_weight_of_two_counts_like_the_row_twice() -> None:
    y, a, b = (np.array(CASE[name]) for name in ("y", "score_a", "score_b"))
    weight = np.where(np.arange(len(y)) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(len(y)), weight.astype(int))
    weighted = delong(a, b, y == 1, weight=weight, cluster=np.arange(len(y)))
    repeated = delong(a[twice], b[twice], y[twice] == 1, cluster=twice)
    assert weighted.auc_a == pytest.approx(repeated.auc_a, abs=1e-12)
    assert weighted.covariance == pytest.approx(repeated.covariance, abs=1e-12)


def test_snapshots_of_a_dossier_are_not_taken_for_so_many_dossiers() -> None:
    y, a, b = (np.array(CASE[name]) for name in ("y", "score_a", "score_b"))
    thrice = np.repeat(np.arange(len(y)), 3)
    once = delong(a, b, y == 1)
    clustered = delong(a[thrice], b[thrice], y[thrice] == 1, cluster=thrice)
    assert clustered.deviation == pytest.approx(once.deviation, rel=1e-9)
