"""Whether leads have changed since training: each feature and the score against the training reference.

The population stability index (PSI) of two samples of the same population is not 0: over B bins it is about
(1/n + 1/m) times a chi-square variable of B - 1 degrees of freedom. So its critical value depends on both sample
sizes, and a fixed 0.1 raises false alarms below some thousand leads. A shift counts where it is beyond chance, over all
tests of a day together (Holm), and is worth a person's time from `MATERIAL` on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri

from common.arrays import Floats
from leads.features import Column, Kind
from models_registry.learning.holm import holm
from models_registry.learning.reference import Sample, place_of, share_of_unseen

ALPHA = 0.01
MATERIAL = 0.1
"""A PSI below this is too small a shift to act on, however sure it is."""
MATERIAL_SHARE = 0.05
"""The same for a share of leads: five in a hundred."""
FEWEST = 50
"""Fewer leads (the effective number) say nothing of a distribution."""
PRIOR = 0.5
"""Added to each bin's count (Jeffreys), so that an empty bin does not make the index infinite."""

STEADY, SLIGHT, MOVED = "steady", "slight", "moved"
TOO_FEW = "too_few_leads"
"""The reason where leads are fewer than that."""


@dataclass(frozen=True)
class Shift:
    """A share of leads then (`reference`) and now, and the probability of such a difference by chance."""

    reference: float
    now: float
    p: float


@dataclass(frozen=True)
class Psi:
    """The index over `bins` bins, what chance alone exceeds once in a hundred times, and its own probability."""

    psi: float
    critical: float
    expected: float
    p: float
    bins: int


@dataclass(frozen=True)
class Drifted:
    """What became of one feature (or the score). Of what cannot be told, `reason` is the code and the rest is None."""

    feature: str
    verdict: str
    words: tuple[str, ...] = ()
    psi: Psi | None = None
    missing: Shift | None = None
    unseen: Shift | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"words": list(self.words)}


def expected_psi(n: float, m: float, bins: int) -> float:
    """The mean PSI of samples of n and m from one population."""
    return (bins - 1) * (1 / n + 1 / m)


def critical_psi(n: float, m: float, bins: int, alpha: float = ALPHA) -> float:
    """What the PSI of samples of n and m from one population exceeds with probability `alpha`."""
    return float(chdtri(bins - 1, alpha)) * (1 / n + 1 / m)


def psi_test(reference: Sequence[float], now: Sequence[float], n: float, m: float) -> Psi:
    """The test of bin shares `reference`, of n leads, against `now`, of m; at least two bins."""
    bins = len(reference)
    p, q = ((np.asarray(s) * of + PRIOR) / (of + PRIOR * bins) for s, of in ((reference, n), (now, m)))
    psi = float(np.sum((q - p) * np.log(q / p)))
    chance = float(chdtrc(bins - 1, psi / (1 / n + 1 / m)))
    return Psi(psi, critical_psi(n, m, bins), expected_psi(n, m, bins), chance, bins)


def share_test(reference: float, now: float, n: float, m: float, *, only_more: bool = False) -> Shift:
    """Fisher's exact test of a share of n leads against one of m (effective numbers are rounded)."""
    from scipy.stats import fisher_exact  # noqa: PLC0415 - a second that a web server should not pay

    table = np.array([[round(share * of), round(of) - round(share * of)] for share, of in ((now, m), (reference, n))])
    return Shift(reference, now, float(fisher_exact(table, "greater" if only_more else "two-sided")[1]))


def drift(
    reference: Mapping[str, Any],
    sample: Sample,
    *,
    score: Floats | None,
    score_weight: Floats | None = None,
    label: Callable[[str], str],
) -> tuple[list[Drifted], Drifted | None]:
    """Every feature of a card's `reference` against the leads of `sample`, and the score, strongest shift first.

    `score` (n,) are the sample's probabilities by the same model, and `score_weight` (n,) what each weighs among them,
    where the score's reference is of other ages; `label` names a feature for people.
    """
    tests = {
        name: _Tests.of(entry, sample.columns[name], sample)
        for name, entry in reference["features"].items()
        if name in sample.columns
    }
    if score is not None:
        weight = sample.weight if score_weight is None else score_weight
        rows = weight > 0.0
        tests[SCORE] = _Tests.of(reference["score"], score[rows], Sample({}, weight[rows], sample.dossier[rows]))
    chances = {(name, kind): p for name, each in tests.items() for kind, p in each.chances().items()}
    corrected = holm(list(chances.values()))
    held = {test for test, p in zip(chances, corrected, strict=True) if p is not None and p <= ALPHA}
    found = {name: each.verdict(name, {kind for at, kind in held if at == name}, label) for name, each in tests.items()}
    scored = found.pop(SCORE, None)
    return sorted(found.values(), key=_strength), scored


SCORE = "score"


def _strength(found: Drifted) -> tuple[int, float]:
    order = (MOVED, SLIGHT, STEADY)
    return order.index(found.verdict), -(found.psi.psi if found.psi else 0.0)


@dataclass(frozen=True)
class _Tests:
    """One feature's tests, with the bin shares they were made of."""

    entry: Mapping[str, Any]
    shares: Floats
    psi: Psi | None
    missing: Shift | None
    unseen: Shift | None
    reason: str | None

    @classmethod
    def of(cls, entry: Mapping[str, Any], column: Column, sample: Sample) -> _Tests:
        bins, n = len(entry["shares"]), float(entry["n"])
        place = place_of(entry, column)
        known, m = place >= 0, sample.effective(np.ones(len(place), dtype=bool))
        if min(n, m) < FEWEST:
            return cls(entry, np.zeros(bins), None, None, None, TOO_FEW)
        missing = share_test(entry["missing"], 1.0 - sample.share(known), n, m)
        n_known, m_known = n * (1.0 - entry["missing"]), sample.effective(known)
        if min(n_known, m_known) < FEWEST:
            return cls(entry, np.zeros(bins), None, missing, None, "mostly_missing")
        shares = sample.shares(place, bins)
        psi = psi_test(entry["shares"], shares.tolist(), n_known, m_known) if bins > 1 else None
        unseen = _unseen(entry, column, known, sample)
        return cls(entry, shares, psi, missing, unseen, None if psi else "did_not_vary")

    def chances(self) -> dict[str, float]:
        tests = {"psi": self.psi, "missing": self.missing, "unseen": self.unseen}
        return {kind: test.p for kind, test in tests.items() if test is not None}

    def verdict(self, name: str, held: set[str], label: Callable[[str], str]) -> Drifted:
        large = {kind for kind in held if self._is_material(kind)}
        verdict = MOVED if large else SLIGHT if held else STEADY
        told = tuple(self._words(kind, name, label) for kind in ("psi", "missing", "unseen") if kind in held)
        return Drifted(name, verdict, told, self.psi, self.missing, self.unseen, self.reason)

    def _is_material(self, kind: str) -> bool:
        if kind == "psi":
            return self.psi is not None and self.psi.psi >= MATERIAL
        shift = self.missing if kind == "missing" else self.unseen
        return shift is not None and abs(shift.now - shift.reference) >= MATERIAL_SHARE

    def _words(self, kind: str, name: str, label: Callable[[str], str]) -> str:
        shown = label(name)
        if kind == "psi":
            return f"{shown}: {moved_in_words(self.entry, self.shares)}"
        if kind == "missing" and self.missing is not None:
            side = "more" if self.missing.now > self.missing.reference else "less"
            return (
                f"{shown}: {side} often unknown than in training ({_instead(self.missing.now, self.missing.reference)})"
            )
        now = self.unseen.now if self.unseen else 0.0
        return f"{shown}: {_percent(now)} of leads have a value that training never saw"


def _unseen(entry: Mapping[str, Any], column: Column, known: NDArray[np.bool_], sample: Sample) -> Shift | None:
    if entry.get("seen") is None:
        return None
    n, m = entry["n"] * (1.0 - entry["missing"]), sample.effective(known)
    return share_test(entry["unseen"], share_of_unseen(entry, column, known, sample), n, m, only_more=True)


def moved_in_words(entry: Mapping[str, Any], now: Floats) -> str:
    """Where shares moved most: "more leads above 20,000 than in training (31 % instead of 12 %)"."""
    then = np.asarray(entry["shares"])
    if entry["kind"] == Kind.CATEGORY.value:
        at = int(np.argmax(np.abs(now - then)))
        level = "other values" if at == len(entry["levels"]) else f"“{entry['levels'][at]}”"
        return _more_or_fewer(f"with {level}", now[at], then[at])
    edges = entry["edges"]
    above, before = (1.0 - np.cumsum(each)[:-1] for each in (now, then))
    at = int(np.argmax(np.abs(above - before)))
    if entry["kind"] == Kind.BOOLEAN.value:
        return _more_or_fewer("with “yes”", above[at], before[at])
    if above[at] >= before[at]:
        return _more_or_fewer(f"above {number(edges[at])}", above[at], before[at])
    return _more_or_fewer(f"of {number(edges[at])} or less", 1.0 - above[at], 1.0 - before[at])


def _more_or_fewer(what: str, now: float, then: float) -> str:
    return f"{'more' if now > then else 'fewer'} leads {what} than in training ({_instead(now, then)})"


def _instead(now: float, then: float) -> str:
    return f"{_percent(now)} instead of {_percent(then)}"


def _percent(share: float) -> str:
    points = 100 * share
    return "<1 %" if 0 < points < 0.95 else f"{points:.0f} %"


def number(value: float) -> str:
    """A bound as one reads it: three digits, thousands parted."""
    rounded = float(f"{value:.3g}")
    return f"{int(rounded):,}" if rounded.is_integer() else f"{rounded:g}"
