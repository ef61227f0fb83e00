"""Learning and measuring are split by time, dossier by dossier."""

import numpy as np

from models_registry.learning.split import forward_split, shuffled_split
from models_registry.tests.learning.simulated import leads


def test_the_holdout_is_the_most_recent_fifth_of_the_dossiers() -> None:
    rows, _ = leads(100, seed=1, snapshots=3)
    scrambled = rows.take(np.random.default_rng(0).permutation(len(rows)))
    train, holdout = forward_split(scrambled)
    assert scrambled.created_at[train].max() < scrambled.created_at[holdout].min()
    assert len(np.unique(scrambled.dossier[holdout])) == 20
    assert np.array_equal(train, ~holdout)


def test_all_snapshots_of_a_dossier_stand_on_one_side() -> None:
    rows, _ = leads(101, seed=1, snapshots=4)
    for train, holdout in (forward_split(rows), shuffled_split(rows, seed=3)):
        assert not set(rows.dossier[train]) & set(rows.dossier[holdout])


def test_dossiers_created_at_one_moment_are_split_the_same_way_each_time() -> None:
    rows, _ = leads(50, seed=1)
    rows.created_at[:] = rows.created_at[0]
    backwards = rows.take(np.arange(50)[::-1])
    held = [set(part.dossier[forward_split(part)[1]].tolist()) for part in (rows, backwards)]
    assert held[0] == held[1]


def test_the_shuffled_split_depends_on_its_seed_alone() -> None:
    rows, _ = leads(100, seed=1)
    first, again, other = (shuffled_split(rows, seed=seed)[1] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
