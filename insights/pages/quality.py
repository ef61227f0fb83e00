"""Whether the model keeps its word: what it said, what happened, what is to be expected, and what moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.language import number
from insights import quality_figures
from insights.drawing import Figure
from insights.pages.drift import Drift, drift_of
from insights.words import percent, plain
from leads.models import Organisation
from models_registry.card_sayings import UNKNOWN, between, three
from models_registry.models import ModelActivation, ModelVersion
from predictions.living import NOT_YET, Living, living_of
from predictions.measurement import ALARM_DAYS, CALIBRATION_MARGIN
from predictions.quality import WHOLE

Window = Mapping[str, Any]
ENOUGH = 20
SURE = 0.01


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
class QualityPage:
    """What the page shows."""

    living: Living
    judgement: Judgement | None
    first_at: datetime | None
    waits_for_measurement: bool
    lines: list[Line]
    drift: Drift | None


def quality_page(org: Organisation) -> QualityPage:
    """All of it, in a fixed number of statements."""
    living = living_of(org.org_id)
    version = living.version
    return QualityPage(
        living=living,
        judgement=_judgement(living, _calibrated_at(version)),
        first_at=version.created_at + org.horizon if version and not org.observed_until else None,
        waits_for_measurement=living.reason == NOT_YET,
        lines=_lines(living),
        drift=drift_of(living.drift),
    )


def _calibrated_at(version: ModelVersion | None) -> datetime | None:
    return ModelActivation.objects.calibrated_at(version.org_id, version.version) if version else None


def _judgement(living: Living, calibrated_at: datetime | None) -> Judgement | None:
    """Of the version's own word where enough of it has matured, else of its rehearsal, else of every model's word."""
    own = partial(_verdict, calibrated_at=calibrated_at)
    candidates: list[tuple[str, str, Window, Callable[[Window], str]]] = [
        (_("What this version said"), "", window, own)
        for window in sorted(living.realised, key=lambda each: each["window_days"] != ALARM_DAYS)
    ]
    if living.rehearsed:
        note = _(
            "Scored afterwards, as of then: the model had not seen these leads, and saw nothing of what came later."
        )
        candidates.append((_("What this version would have said"), note, living.rehearsed, own))
    note = _("Nearly all of it was said by versions before this one: how this one does, it does not tell yet.")
    whose = _("What the models said that scored then")
    candidates += [(whose, note, window, _verdict_on_others) for window in living.every_model]
    for least in (ENOUGH, 1):
        for whose, note, window, verdict_on in candidates:
            if window["leads"] >= least:
                return _judged(whose, note, window, verdict_on(window))
    return None


def _judged(whose: str, note: str, window: Window, verdict: str) -> Judgement:
    bands = window["bands"]
    words = {
        id(band): Word(quality_figures.sentence(band), quality_figures.verdict(band), band["holds"]) for band in bands
    }
    first = _telling(bands)
    expected = round(window["expected"] * window["leads"])
    points = window["series"]["points"]
    return Judgement(
        whose=_("%(whose)s, %(since)s to %(until)s")
        % {"whose": whose, "since": _day(window["since"]), "until": _day(window["until"])},
        note=note,
        first=words[id(first)],
        others=[words[id(band)] for band in bands if band is not first],
        expected=_("Of %(leads)s leads we expected %(expected)s to convert; %(converted)s did.")
        % {"leads": plain(window["leads"]), "expected": plain(expected), "converted": plain(window["converted"])},
        verdict=verdict,
        holds=not _misses(window),
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


def _verdict_on_others(window: Window) -> str:
    """What was said before the active version came: nothing that could be done to it would mend that."""
    if window["calibration_p"] is None:
        return _("Too few leads to judge the probabilities as a whole.")
    off = number(f"{100 * window['calibration_error']:.1f}")
    if window["calibration_p"] <= SURE:
        return _("The probabilities were off by %s points on average, which is beyond chance.") % off
    return _("The probabilities were off by %s points on average, which chance alone explains.") % off


def _verdict(window: Window, calibrated_at: datetime | None) -> str:
    if window["calibration_p"] is None:
        return _("Too few leads to judge the probabilities as a whole.")
    holds = not _misses(window)
    off = number(f"{100 * window['calibration_error']:.1f}")
    if not holds and calibrated_at is not None and calibrated_at > datetime.fromisoformat(window["since"]):
        return _(
            "The model did not keep its word: the probabilities were off by %(points)s points on average, which is "
            "beyond chance. It was recalibrated on %(day)s; what it said before that still counts here."
        ) % {"points": off, "day": date_format(calibrated_at, "j N Y")}
    if not holds:
        return (
            _(
                "The model does not keep its word: the probabilities are off by %s points on average, which is beyond "
                "chance. Recalibrate it, or train."
            )
            % off
        )
    if window["calibration_p"] <= SURE:
        return (
            _(
                "The model keeps its word: the probabilities are off by %s points on average, beyond chance, but too "
                "little to matter."
            )
            % off
        )
    return (
        _("The model keeps its word: the probabilities are off by %s points on average, which chance alone explains.")
        % off
    )


def _shadow_lines(living: Living) -> list[Line]:
    """The shadow and, on the very same leads, what was given."""
    lines = []
    for window in living.shadowed:
        if window["leads"]:
            said = {"version": living.shadow, "span": _span(window["window_days"])}
            lines.append(_line(_("Shadow %(version)s, the last %(span)s that matured") % said, window))
            lines.append(_line(_("Given, for the same leads"), window | window["given"]))
    return lines


def _lines(living: Living) -> list[Line]:
    matured = _("Said, the last %s that matured")
    lines = [_line(matured % _span(each["window_days"]), each) for each in living.realised]
    lines += [
        _line(_("The same of every model, %s") % _span(each["window_days"]), each)
        for each in living.every_model
        if each["window_days"] == ALARM_DAYS
    ]
    lines = [line for line in lines if line.leads != "0"] + _shadow_lines(living)
    if living.rehearsed and living.rehearsed["leads"]:
        lines.append(_line(_("Rehearsed"), living.rehearsed))
    if living.estimated and living.estimated["n"]:
        lines.append(_estimate(living.estimated))
    if living.version and living.version.metrics.get("roc_auc") is not None:
        lines.append(_on_the_card(living.version.metrics))
    return lines


def _span(days: int) -> str:
    return _("year") if days == WHOLE else _("%s days") % days


def _line(name: str, window: Window) -> Line:
    interval = window["roc_auc_interval"]
    reach = f" ({between(interval, _two)})" if interval else ""
    return Line(
        name=name,
        leads=plain(window["leads"]),
        said=_share(window["expected"]),
        happened=_share(window["base_rate"]),
        roc_auc=f"{three(window['roc_auc'])}{reach}",
        log_loss=three(window["log_loss"]),
        calibration_error=three(window["calibration_error"]),
    )


def _estimate(estimated: Window) -> Line:
    return Line(
        name=_("To be expected of the newest (%s still undecided)") % plain(estimated["pending"]),
        leads=plain(estimated["n"]),
        said=_share(estimated["base_rate"]),
        happened=UNKNOWN,
        roc_auc=three(estimated["roc_auc"]),
        log_loss=three(estimated["log_loss"]),
        calibration_error=UNKNOWN,
    )


def _on_the_card(metrics: Window) -> Line:
    leads, rate = metrics.get("dossiers"), metrics.get("base_rate")
    return Line(
        name=_("Measured when it was made"),
        leads=UNKNOWN if leads is None else plain(leads),
        said=UNKNOWN,
        happened=_share(rate),
        roc_auc=three(metrics.get("roc_auc")),
        log_loss=three(metrics.get("log_loss")),
        calibration_error=three(metrics.get("calibration_error")),
    )


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else percent(value)


def _two(value: float) -> str:
    return number(f"{value:.2f}")


def _day(moment: str) -> str:
    read = parse_datetime(moment)
    return date_format(read, "j N Y") if read else moment
