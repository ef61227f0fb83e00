"""Whether leads are still like those that the active version learnt from, as measured last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.language import ENGLISH, speaking
from insights import drift_figures
from insights import words as sayings
from insights.drawing import Figure
from models_registry.card_sayings import UNKNOWN, three
from models_registry.learning.drift import MOVED, SCORE, TOO_FEW
from models_registry.phrases import PHRASES
from predictions.drift_watch import RUNNING, named
from predictions.reasons import label_of

VERDICTS = {
    "steady": gettext_lazy("as in training"),
    "slight": gettext_lazy("moved a little"),
    "moved": gettext_lazy("moved"),
}
REASONS = {
    TOO_FEW: gettext_lazy("too few leads to tell"),
    "mostly_missing": gettext_lazy("nearly always missing"),
    "did_not_vary": gettext_lazy("did not vary in training"),
}
NO_REFERENCE = "no_reference"


@dataclass(frozen=True)
class Moved:
    """A feature's drift as the table shows it."""

    name: str
    verdict: str
    psi: str
    critical: str
    missing: str
    note: str


@dataclass(frozen=True)
class Drift:
    """What moved since training; `is_too_old`: nothing to compare with."""

    leads: int
    since: datetime | None
    moved: int
    """How many features (or the score) moved beyond chance, and so much that it matters."""
    words: list[str]
    """All that moved beyond chance, also where it is little."""
    rows: list[Moved]
    figure: Figure | None
    is_too_old: bool
    can_tell: bool
    """Whether there are leads enough to say of anything that it moved, or did not."""


def drift_of(measured: Mapping[str, Any] | None) -> Drift | None:
    """From the stored measurement; None where there is none."""
    if not measured:
        return None
    watched = [*([measured["score"]] if measured.get("score") else []), *measured.get("features", [])]
    counted = [each for each in watched if each["feature"] not in RUNNING]
    told = [(_named(each["feature"]), each["psi"]) for each in counted if each["psi"]]
    return Drift(
        leads=measured["leads"],
        since=parse_datetime(measured["since"]),
        moved=sum(each["verdict"] == MOVED for each in counted),
        words=[_said(each["feature"], words) for each in counted for words in each["words"]],
        rows=[_moved(each) for each in watched],
        figure=drift_figures.shifts(told) if told else None,
        is_too_old=measured["reasons"].get("all") == NO_REFERENCE,
        can_tell=any(each["reason"] != TOO_FEW for each in counted),
    )


def _said(feature: str, words: str) -> str:
    """A stored sentence, which begins with the feature's English name, in the viewer's language."""
    with speaking(ENGLISH):
        begins = f"{named(feature)}: "
    if not words.startswith(begins):
        return words
    told = {"name": _named(feature), "what": PHRASES.say(words.removeprefix(begins))}
    return _("%(name)s: %(what)s") % told


def _named(feature: str) -> str:
    return _("The score") if feature == SCORE else label_of(feature)


def _moved(found: Mapping[str, Any]) -> Moved:
    psi, missing = found["psi"], found["missing"]
    return Moved(
        name=_named(found["feature"]),
        verdict=_verdict(found),
        psi=three(psi["psi"]) if psi else UNKNOWN,
        critical=three(psi["critical"]) if psi else UNKNOWN,
        missing=f"{sayings.percent(missing['now'])} ({sayings.percent(missing['reference'])})" if missing else UNKNOWN,
        note=str(REASONS.get(found["reason"] or "", "")),
    )


def _verdict(found: Mapping[str, Any]) -> str:
    if found["feature"] in RUNNING:
        return _("moves by itself, as outcomes come in")
    return UNKNOWN if found["reason"] == TOO_FEW else str(VERDICTS[found["verdict"]])
