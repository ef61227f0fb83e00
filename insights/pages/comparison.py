"""Two versions side by side: their figures, what they were made with, and what they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from common.language import gettext as _
from common.language import gettext_noop, number
from insights import comparison_figures, words
from insights.drawing import Figure
from insights.versions import versions_to_show
from leads.models import Organisation
from models_registry import thresholds
from models_registry.card_sayings import UNKNOWN, between, counted, three
from models_registry.measures import LOG_LOSS, MEASURES, ROC_AUC, SAME, UNSURE, Measure, interval_of, value_of, verdict
from models_registry.models import ModelVersion, TrainingRun
from predictions.reasons import label_of

THRESHOLDS = {
    "high_probability": gettext_noop("Call today, from the probability"),
    "high_confidence": gettext_noop("Call today, from the confidence"),
    "medium_probability": gettext_noop("Call this week, from the probability"),
    "medium_confidence": gettext_noop("Call this week, from the confidence"),
    "nurture_probability": gettext_noop("Stay in touch, from the probability"),
}


@dataclass(frozen=True)
class Compared:
    """One figure of both; `verdict` is of the second: better, worse, same, unsure (within chance), or "" (unknown)."""

    name: str
    meaning: str
    before: str
    after: str
    reach: tuple[str, str]
    difference: str
    verdict: str


@dataclass(frozen=True)
class Setting:
    """What both were made with."""

    name: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        """Whether it is not the same in both."""
        return self.before != self.after


@dataclass(frozen=True)
class Comparison:
    """Both versions; `paired` are figures of both on the very same leads, where a run has measured them."""

    before: ModelVersion
    after: ModelVersion
    measures: list[Compared]
    paired: list[Compared]
    paired_leads: int
    differing: list[Setting]
    alike: list[Setting]
    added: list[str]
    dropped: list[str]
    kept: int
    importance: Figure
    radar: Figure


@dataclass(frozen=True)
class ComparisonPage:
    """What the page shows: the versions to choose from, and a comparison where two were chosen."""

    versions: list[ModelVersion]
    found: Comparison | None


def comparison_page(org: Organisation, before: str, after: str) -> ComparisonPage:
    """`before` and `after` are versions; what is not told is the active one, and the newest other one."""
    shown = list(versions_to_show(org.org_id, before, after).only("version", "algorithm", "is_active", "created_at"))
    names = _chosen(shown, before, after)
    full = {each.version: each for each in ModelVersion.objects.of(org.org_id).filter(version__in=names or ())}
    if names is None or not set(names) <= set(full):
        return ComparisonPage(shown, None)
    return ComparisonPage(shown, compared(*(full[name] for name in names)))


def _chosen(shown: list[ModelVersion], before: str, after: str) -> tuple[str, str] | None:
    active = next((each.version for each in shown if each.is_active), "")
    before = before or next((name for name in (active, *_names(shown)) if name and name != after), "")
    after = after or next((name for name in _names(shown) if name != before), "")
    return (before, after) if before and after and before != after else None


def _names(shown: list[ModelVersion]) -> list[str]:
    return [each.version for each in shown]


def compared(before: ModelVersion, after: ModelVersion) -> Comparison:
    """The two, the second against the first. One statement."""
    paired, leads = _paired(before, after)
    read = [_read_by(version) for version in (before, after)]
    names, settings = (before.version, after.version), _settings(before, after)
    return Comparison(
        before=before,
        after=after,
        measures=[
            _compared(each, before.metrics, after.metrics) for each in MEASURES if _is_known(each, before, after)
        ],
        paired=paired,
        paired_leads=leads,
        differing=[each for each in settings if each.differs],
        alike=[each for each in settings if not each.differs],
        added=sorted(map(label_of, read[1] - read[0])),
        dropped=sorted(map(label_of, read[0] - read[1])),
        kept=len(read[0] & read[1]),
        importance=comparison_figures.importance_of_two(before.importance, after.importance, names),
        radar=comparison_figures.radar_of_two(before.metrics, after.metrics, names),
    )


def _is_known(measure: Measure, *versions: ModelVersion) -> bool:
    return any(value_of(each.metrics, measure) is not None for each in versions)


def _compared(measure: Measure, before: Mapping[str, Any], after: Mapping[str, Any]) -> Compared:
    values = value_of(before, measure), value_of(after, measure)
    bounds = interval_of(before, measure), interval_of(after, measure)
    return Compared(
        name=measure.name,
        meaning=measure.meaning,
        before=three(values[0]),
        after=three(values[1]),
        reach=(_reach(bounds[0]), _reach(bounds[1])),
        difference=_difference(*values),
        verdict=verdict(measure, values, bounds),
    )


def _reach(bounds: tuple[float, float] | None) -> str:
    return between(bounds) if bounds else ""


def _difference(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return UNKNOWN
    return number(f"{after - before:+.3f}").replace("-", "−")


def _paired(before: ModelVersion, after: ModelVersion) -> tuple[list[Compared], int]:
    """What the run of the later one measured of both on the same leads, as the gate does; nothing where it did not."""
    older, newer = sorted((before, after), key=lambda each: each.version)
    run = TrainingRun.objects.of(newer.org_id).filter(version=newer, evidence__champion=older.version).first()
    if run is None:
        return [], 0
    turned = newer is before
    tests = ((ROC_AUC, run.evidence.get("auc")), (LOG_LOSS, run.evidence.get("log_loss")))
    return [_tested(measure, test, turned) for measure, test in tests if test], int(run.evidence.get("dossiers") or 0)


def _tested(measure: Measure, test: Mapping[str, float], turned: bool) -> Compared:
    """`gain_low` above 0 is better beyond chance; the other way nothing was tested."""
    old, new = test["champion"], test["challenger"]
    before, after = (new, old) if turned else (old, new)
    sure = test["gain_low"] > 0
    plain = verdict(measure, (before, after), (None, None))
    said = plain if sure or plain == SAME else UNSURE
    return Compared(
        measure.name, measure.meaning, three(before), three(after), ("", ""), _difference(before, after), said
    )


def _read_by(version: ModelVersion) -> set[str]:
    told = [each for key in ("features", "left_out") for each in version.card.get(key) or ()]
    left = {each["name"] for each in told if each.get("used") is False}
    return {each["name"] for each in version.features} - left


def _settings(before: ModelVersion, after: ModelVersion) -> list[Setting]:
    """Facts and parameters of both, in the order of the first; what only one has is a dash in the other."""
    told = [dict(_facts(version)) for version in (before, after)]
    return [Setting(name, *(each.get(name, UNKNOWN) for each in told)) for name in dict.fromkeys((*told[0], *told[1]))]


def _facts(version: ModelVersion) -> Iterator[tuple[str, str]]:
    card = version.card
    yield _("Algorithm"), str(words.ALGORITHMS.get(version.algorithm, version.algorithm))
    if past := card.get("training"):
        yield _("Learnt from leads since"), past["created_from"][:10]
        yield _("Learnt from leads until"), past["created_to"][:10]
        yield _("Leads learnt from"), counted(past["leads"])
    if newest := card.get("holdout"):
        yield _("Leads measured on"), counted(newest["leads"])
    if days := (card.get("labelling") or {}).get("horizon_days"):
        yield _("Days within which a conversion counts"), counted(days)
    yield _("Features read"), counted(len(_read_by(version)))
    if width := card.get("mean_interval_width"):
        yield _("Mean width of the interval"), three(width)
    yield _("Calibration"), _("refitted since") if version.calibration else _("its own")
    yield from ((_(THRESHOLDS[name]), number(f"{at:g}")) for name, at in thresholds.of(version).items())
    yield from _flat(card.get("parameters") or {})


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{label}: ")
        elif not isinstance(value, list):
            yield label, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return number(f"{value:.4g}")
    return UNKNOWN if value is None else str(value)
