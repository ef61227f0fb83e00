"""Whether the model keeps its word: what it said, what happened, what is to be expected, and what moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from insights import quality_figures
from insights.drawing import Figure
from insights.words import percent
from leads.models import Organisation
from predictions.drift_watch import RUNNING, named
from predictions.living import NOT_YET, Living, living_of
from predictions.measurement import ALARM_DAYS, CALIBRATION_MARGIN
from predictions.quality import WHOLE

Window = Mapping[str, Any]
ENOUGH = 20
SURE = 0.01
VERDICTS = {"steady": "as in training", "slight": "moved a little", "moved": "moved"}
REASONS = {
    "too_few_leads": "too few leads to tell",
    "mostly_missing": "nearly always missing",
    "did_not_vary": "did not vary in training",
}


@dataclass(frozen=True)
class Word:
    """One band of probability in words, and whether what happened is what was said."""

    sentence: str
    verdict: str
    holds: bool


@dataclass(frozen=True)
class Judgement:
    """The window that is shown: whose predictions, the sentences, the sum, and the figures."""

    whose: str
    note: str
    first: Word
    others: list[Word]
    expected: str
    verdict: str
    holds: bool
    said: Figure
    over_time: Figure | None


@dataclass(frozen=True)
class Line:
    """One row of the table of figures; a figure that could not be computed is a dash."""

    name: str
    leads: str
    said: str
    happened: str
    roc_auc: str
    log_loss: str
    calibration_error: str


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
class QualityPage:
    """What the page shows."""

    living: Living
    judgement: Judgement | None
    first_at: datetime | None
    waits_for_measurement: bool
    lines: list[Line]
    drift_words: list[str]
    drift: list[Moved]
    drift_since: datetime | None


def quality_page(org: Organisation) -> QualityPage:
    """All of it, in a fixed number of statements."""
    living = living_of(org.org_id)
    version = living.version
    drift = living.drift or {}
    watched = [*([drift["score"]] if drift.get("score") else []), *drift.get("features", [])]
    return QualityPage(
        living=living,
        judgement=_judgement(living),
        first_at=version.created_at + org.horizon if version and not org.observed_until else None,
        waits_for_measurement=living.reason == NOT_YET,
        lines=_lines(living),
        drift_words=[words for each in watched for words in each["words"] if each["feature"] not in RUNNING],
        drift=[_moved(each) for each in watched],
        drift_since=parse_datetime(drift["since"]) if drift else None,
    )


def _judgement(living: Living) -> Judgement | None:
    """Of the version's own word where enough of it has matured, else of its rehearsal, else of every model's word."""
    candidates = [
        ("What this version said", "", window)
        for window in sorted(living.realised, key=lambda each: each["window_days"] != ALARM_DAYS)
    ]
    if living.rehearsed:
        note = "Scored afterwards, as of then: the model had not seen these leads, and saw nothing of what came later."
        candidates.append(("What this version would have said", note, living.rehearsed))
    candidates += [("What the models said that scored then", "", window) for window in living.every_model]
    for least in (ENOUGH, 1):
        for whose, note, window in candidates:
            if window["leads"] >= least:
                return _judged(whose, note, window)
    return None


def _judged(whose: str, note: str, window: Window) -> Judgement:
    bands = window["bands"]
    words = {
        id(band): Word(quality_figures.sentence(band), quality_figures.verdict(band), band["holds"]) for band in bands
    }
    first = _telling(bands)
    expected = round(window["expected"] * window["leads"])
    holds = not _misses(window)
    points = window["series"]["points"]
    return Judgement(
        whose=f"{whose}, {_day(window['since'])} to {_day(window['until'])}",
        note=note,
        first=words[id(first)],
        others=[words[id(band)] for band in bands if band is not first],
        expected=f"Of {window['leads']:,} leads we expected {expected:,} to convert; {window['converted']:,} did.",
        verdict=_verdict(window, holds),
        holds=holds,
        said=quality_figures.said_and_happened(bands),
        over_time=quality_figures.over_time(window["series"]) if len(points) > 1 else None,
    )


def _telling(bands: Sequence[Window]) -> Window:
    """The band to begin with: of those that are no near certainty, the one with most leads."""
    middle = [band for band in bands if 0.15 <= band["said"] <= 0.85] or list(bands)
    return max(middle, key=lambda band: band["leads"])


def _misses(window: Window) -> bool:
    p, error = window["calibration_p"], window["calibration_error"]
    return p is not None and p <= SURE and error >= CALIBRATION_MARGIN


def _verdict(window: Window, holds: bool) -> str:
    if window["calibration_p"] is None:
        return "Too few leads to judge the probabilities as a whole."
    off = f"the probabilities are off by {100 * window['calibration_error']:.1f} points on average"
    if not holds:
        return f"The model does not keep its word: {off}, which is beyond chance. Recalibrate it, or train."
    if window["calibration_p"] <= SURE:
        return f"The model keeps its word: {off}, beyond chance, but too little to matter."
    return f"The model keeps its word: {off}, which chance alone explains."


def _shadow_lines(living: Living) -> list[Line]:
    """The shadow and, on the very same leads, what was given."""
    lines = []
    for window in living.shadowed:
        if window["leads"]:
            span = _span(window["window_days"])
            lines.append(_line(f"Shadow {living.shadow}, the last {span} that matured", window))
            lines.append(_line("Given, for the same leads", window | window["given"]))
    return lines


def _lines(living: Living) -> list[Line]:
    lines = [_line(f"Said, the last {_span(each['window_days'])} that matured", each) for each in living.realised]
    lines += [
        _line(f"The same of every model, {_span(each['window_days'])}", each)
        for each in living.every_model
        if each["window_days"] == ALARM_DAYS
    ]
    lines = [line for line in lines if line.leads != "0"] + _shadow_lines(living)
    if living.rehearsed and living.rehearsed["leads"]:
        lines.append(_line("Rehearsed", living.rehearsed))
    if living.estimated and living.estimated["n"]:
        lines.append(_estimate(living.estimated))
    if living.version and living.version.metrics.get("roc_auc") is not None:
        lines.append(_on_the_card(living.version.metrics))
    return lines


def _span(days: int) -> str:
    return "year" if days == WHOLE else f"{days} days"


def _line(name: str, window: Window) -> Line:
    interval = window["roc_auc_interval"]
    reach = f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    return Line(
        name=name,
        leads=f"{window['leads']:,}",
        said=_share(window["expected"]),
        happened=_share(window["base_rate"]),
        roc_auc=f"{_three(window['roc_auc'])}{reach}",
        log_loss=_three(window["log_loss"]),
        calibration_error=_three(window["calibration_error"]),
    )


def _estimate(estimated: Window) -> Line:
    return Line(
        name=f"To be expected of the newest ({estimated['pending']:,} still undecided)",
        leads=f"{estimated['n']:,}",
        said=_share(estimated["base_rate"]),
        happened="–",
        roc_auc=_three(estimated["roc_auc"]),
        log_loss=_three(estimated["log_loss"]),
        calibration_error="–",
    )


def _on_the_card(metrics: Window) -> Line:
    leads, rate = metrics.get("dossiers"), metrics.get("base_rate")
    return Line(
        name="Measured when it was made",
        leads="–" if leads is None else f"{leads:,}",
        said="–",
        happened=_share(rate),
        roc_auc=_three(metrics.get("roc_auc")),
        log_loss=_three(metrics.get("log_loss")),
        calibration_error=_three(metrics.get("calibration_error")),
    )


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _day(moment: str) -> str:
    read = parse_datetime(moment)
    return f"{read.day} {read:%b %Y}" if read else moment


def _moved(found: Window) -> Moved:
    psi, missing = found["psi"], found["missing"]
    running = found["feature"] in RUNNING
    return Moved(
        name=named(found["feature"]),
        verdict="moves by itself, as outcomes come in" if running else VERDICTS[found["verdict"]],
        psi="–" if psi is None else f"{psi['psi']:.3f}",
        critical="–" if psi is None else f"{psi['critical']:.3f}",
        missing="–" if missing is None else f"{percent(missing['now'])} ({percent(missing['reference'])})",
        note=REASONS.get(found["reason"] or "", ""),
    )
