"""The hash is GrowthBook's, version 2: so a lead's arm can be computed by anybody, anywhere, for ever."""

import subprocess
import sys
from typing import Any

import pytest

from experiments.bucketing import arm_at, place_of, ranges_of
from experiments.tests.reference import figures

DRAW = """
from experiments.bucketing import arm_at, place_of, ranges_of
print([arm_at(place_of("salt", str(number)), ranges_of([0.5, 0.5])) for number in range(1000)])
"""


@pytest.mark.parametrize("row", figures("growthbook_bucketing")["rows"], ids=lambda row: f"{row['seed']} {row['unit']}")
def test_place_and_arm_are_growthbooks(row: Any) -> None:
    place = place_of(row["seed"], row["unit"])
    assert place == row["hash_v2"]
    arm = arm_at(place, ranges_of(row["weights"], row["coverage"]))
    assert arm == (None if row["variation"] == -1 else row["variation"])


def test_the_shares_are_kept_over_many_leads() -> None:
    ranges = ranges_of([0.2, 0.3, 0.5])
    arms = [arm_at(place_of("salt", str(number)), ranges) for number in range(20_000)]
    assert [arms.count(arm) / 20_000 for arm in range(3)] == pytest.approx([0.2, 0.3, 0.5], abs=0.01)


def test_another_salt_draws_anew() -> None:
    half = ranges_of([0.5, 0.5])
    pairs = [[arm_at(place_of(salt, str(number)), half) for salt in ("one", "two")] for number in range(4_000)]
    assert sum(first == second for first, second in pairs) / 4_000 == pytest.approx(0.5, abs=0.03)


def test_more_coverage_moves_nobody_to_another_arm() -> None:
    for number in range(2_000):
        place = place_of("salt", str(number))
        few = arm_at(place, ranges_of([0.5, 0.5], 0.3))
        assert few is None or few == arm_at(place, ranges_of([0.5, 0.5], 0.9))


def test_ten_processes_each_with_a_hash_seed_of_its_own_draw_the_same_arms() -> None:
    drawn = {
        subprocess.run(
            [sys.executable, "-c", DRAW], env={"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
        ).stdout
        for seed in range(10)
    }
    here = [arm_at(place_of("salt", str(number)), ranges_of([0.5, 0.5])) for number in range(1000)]
    assert drawn == {f"{here}\n"}
