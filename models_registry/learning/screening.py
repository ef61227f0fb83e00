"""Which features may be learnt from: leakage suspects and useless ones are removed first, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from leads.features import LabelledRows
from models_registry.learning.leakage import LATER, Finding, examine, quarantined
from models_registry.learning.quick import Inner
from models_registry.learning.selection import unused_features
from models_registry.learning.split import Mask

Report = Callable[[str, float, str], None]
MOST_NAMED = 5


@dataclass(frozen=True)
class Screened:
    """The rows without the suspects, and the features among the rest to leave out."""

    rows: LabelledRows
    unused: Mapping[str, str]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """What the card says of it, and of how the labels were made."""
        gone = quarantined(self.findings) | {each.feature for each in self.findings if each.verdict == LATER}
        return {
            "leakage": [each.to_json() for each in self.findings],
            "left_out": [
                {"name": each.feature, "used": False, "why_not": each.words}
                for each in self.findings
                if each.feature in gone
            ],
            "labels": self.rows.labelling.get("labels"),
            "labelling": dict(self.rows.labelling),
        }


def screen(
    rows: LabelledRows, train: Mask, *, released: Collection[str] = (), seed: int, report: Report = lambda *_: None
) -> Screened:
    """Looks at the past part (`train`, a mask of rows) alone. `released` names features that a person has released."""
    inner = Inner.of(rows.take(train), seed=seed)
    findings = tuple(examine(rows, inner, released=released, seed=seed))
    suspects = quarantined(findings)
    for each in findings:
        if each.feature in suspects:
            report("splitting", 0.05, each.words)
    kept = rows.without(suspects)
    unused = unused_features(kept.take(train), inner.without(suspects), seed=seed)
    if unused:
        report("splitting", 0.05, in_words(unused))
    return Screened(kept, unused, findings)


def told_of(card: Mapping[str, Any], screened: Screened) -> dict[str, Any]:
    """The card with what was left out and why, and with how the labels were made."""
    reasons = screened.unused
    features = [
        {**each, "used": False, "why_not": reasons[each["name"]]} if each["name"] in reasons else each
        for each in card["features"]
    ]
    return {**card, "features": features, **screened.to_json()}


def in_words(unused: Mapping[str, str]) -> str:
    """Which features are left out: "Left out 3 features: price, city, and 1 more"."""
    names, more = list(unused)[:MOST_NAMED], len(unused) - MOST_NAMED
    listed = ", ".join([*names, *([f"and {more} more"] if more > 0 else [])])
    return f"Left out {len(unused)} feature{'s' if len(unused) > 1 else ''}: {listed}."
