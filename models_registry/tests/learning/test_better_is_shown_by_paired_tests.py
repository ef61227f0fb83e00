"""A challenger is better where the evidence carries it, and not where it is luck."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from models_registry.learning.comparison import Comparison, compare


def judged(champion_noise: float, challenger_noise: float, *, n: int = 2000, seed: int = 0) -> Comparison:
    """Two models that know the truth but for so much noise."""
    rng = np.random.default_rng(seed)
    truth = expit(rng.normal(-1.0, 1.2, n))
    noises = (champion_noise, challenger_noise)
    champion, challenger = (expit(logit(truth) + noise * rng.normal(size=n)) for noise in noises)
    return compare(
        champion=champion,
        challenger=challenger,
        converted=rng.random(n) < truth,
        weight=np.ones(n),
        dossier=np.arange(n),
        seed=seed,
    )


def test_a_plainly_better_challenger_is_better() -> None:
    verdict = judged(1.0, 0.1)
    assert verdict.better
    assert verdict.not_worse
    assert "better beyond chance" in verdict.words
    assert "surely not worse" in verdict.words


def test_a_plainly_worse_challenger_is_neither() -> None:
    verdict = judged(0.1, 1.0)
    assert not verdict.better
    assert not verdict.not_worse
    assert "which is worse" in verdict.words
    assert "cannot be shown" in verdict.words


def test_equal_models_are_seldom_promoted_by_luck() -> None:
    promoted = sum(judged(0.3, 0.3, n=800, seed=seed).better for seed in range(40))
    assert promoted <= 6


def test_the_very_same_probabilities_are_not_better_but_not_worse() -> None:
    p, y = np.linspace(0.1, 0.9, 100), np.arange(100) % 3 == 0
    verdict = compare(champion=p, challenger=p, converted=y, weight=np.ones(100), dossier=np.arange(100), seed=1)
    assert not verdict.better
    assert verdict.not_worse
    assert "the same" in verdict.words


@pytest.mark.parametrize("outcome", [True, False])
def test_leads_that_all_came_out_the_same_prove_nothing(outcome: bool) -> None:
    n = 50
    verdict = compare(
        champion=np.full(n, 0.5),
        challenger=np.full(n, 0.99 if outcome else 0.01),
        converted=np.full(n, outcome),
        weight=np.ones(n),
        dossier=np.arange(n),
        seed=1,
    )
    assert verdict.auc is None
    assert not verdict.better
    assert not verdict.not_worse
    assert "all came out the same" in verdict.words


def test_snapshots_of_a_dossier_do_not_count_as_evidence_of_their_own() -> None:
    rng = np.random.default_rng(4)
    truth = expit(rng.normal(-1.0, 1.2, 150))
    y, a, b = rng.random(150) < truth, expit(logit(truth) + 0.6 * rng.normal(size=150)), truth
    many = np.repeat(np.arange(150), 6)
    alone = compare(champion=a, challenger=b, converted=y, weight=np.ones(150), dossier=np.arange(150), seed=1)
    repeated = compare(
        champion=a[many], challenger=b[many], converted=y[many], weight=np.full(900, 1 / 6), dossier=many, seed=1
    )
    assert repeated.log_loss.gain_low == pytest.approx(alone.log_loss.gain_low, abs=1e-12)
    assert alone.auc is not None
    assert repeated.auc is not None
    assert repeated.auc.gain_low == pytest.approx(alone.auc.gain_low, abs=1e-9)


def test_the_evidence_is_plain_data() -> None:
    evidence = json.loads(json.dumps(judged(0.5, 0.2).to_json(), allow_nan=False))
    assert evidence["better"] in (True, False)
    assert set(evidence["log_loss"]) == {"champion", "challenger", "gain", "gain_low", "p"}


@pytest.mark.parametrize("nudge", [-1e-6, 1e-6])
def test_of_two_figures_that_read_alike_none_is_called_the_better(nudge: float) -> None:
    rng = np.random.default_rng(7)
    truth = expit(rng.normal(-1.0, 1.0, 400))
    y, nearly = rng.random(400) < truth, truth + nudge * rng.choice([-1.0, 1.0], 400)
    verdict = compare(
        champion=truth, challenger=nearly, converted=y, weight=np.ones(400), dossier=np.arange(400), seed=1
    )
    assert verdict.log_loss.gain != 0.0
    assert "which is the same (" in verdict.words
