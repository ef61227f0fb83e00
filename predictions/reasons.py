"""Why a lead scores as it does, in words. Pure: no Django.

A reason is made of one entry of a prediction's vector: the feature, the value it had then, and its part of the
probability. A missing value is never a reason: what nobody knows moves the score only by what the model assumes in its
place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from common.language import gettext as _
from common.language import gettext_noop
from leads.features import Feature, Kind
from predictions.quantities import counted, plain, points, span

LEAST_PART = 0.005
"""A reason moves the probability by at least half a point; less is not worth a person's time."""
MOST_EACH_WAY = 3
"""So many reasons for a lead, and as many against it, are told at most."""
Entry = Sequence[Any]
"""Of a vector: feature, value, part."""


@dataclass(frozen=True)
class Reason:
    """One feature's part of a probability: `what` the lead has, and by how much (as a share) that moves it."""

    feature: str
    what: str
    part: float
    by_rules: bool = False

    @property
    def raises(self) -> bool:
        """Whether it speaks for the lead."""
        return self.part > 0

    @property
    def sentence(self) -> str:
        """ "3 appointments raise it by 12 points"."""
        told = {"what": self.what, "points": points(self.part)}
        if _is_many(self.what):
            return (
                _("%(what)s raise it by %(points)s") if self.raises else _("%(what)s lower it by %(points)s")
            ) % told
        return (_("%(what)s raises it by %(points)s") if self.raises else _("%(what)s lowers it by %(points)s")) % told

    @property
    def text(self) -> str:
        """ "3 appointments; leads like this convert more often", as an answer of the API says it."""
        if self.by_rules:
            return f"{_capital(self.what)}; the rules {'give' if self.raises else 'take'} points for it"
        return f"{_capital(self.what)}; leads like this convert {'more' if self.raises else 'less'} often"


def _is_many(what: str) -> bool:
    first = what.split(" ", 1)[0]
    return first[:1].isdigit() and first != "1"


@dataclass(frozen=True)
class _Wording:
    """How a feature is named, how its value is shown, and how it stands in a sentence."""

    label: str
    shown: Callable[[Any], str]
    phrase: Callable[[Any], str]
    counted: tuple[str, str] | None = None
    """Of what there may be more: ("message", " from the lead")."""


def _when(days_before: Any) -> str:
    if -1 < days_before < 1:
        return _("that day")
    return (_("%s before") if days_before > 0 else _("%s later")) % _days(abs(days_before))


def _count(label: str, word: str, rest: str = "") -> _Wording:
    return _Wording(label, plain, lambda value: _nothing_or(value, word) + _after(rest), (word, rest))


def _after(rest: str) -> str:
    return f" {_(rest)}" if rest else ""


def _yes_no(value: Any) -> str:
    return _("yes") if value else _("no")


def _hour(value: Any) -> str:
    return f"{int(value):02d}:00"


def _days(value: Any) -> str:
    return _("less than a day") if value < 1 else counted(int(value), "day")


def _of_100(value: Any) -> str:
    return _("%s of 100") % f"{value:.0f}"


def _lately(label: str, when: str) -> _Wording:
    return _Wording(
        label,
        lambda share: _of_100(100 * share),
        lambda share: (
            _("a conversion rate of %(rate)s among all leads %(when)s")
            % {"rate": _of_100(100 * share), "when": _(when)}
        ),
    )


_WORDING: dict[str, _Wording] = {
    "lead_source_score": _Wording(
        gettext_noop("Source score"), _of_100, lambda v: _("a source score of %s of 100") % f"{v:.0f}"
    ),
    "response_time_minutes": _Wording(
        gettext_noop("Answered after"), span, lambda v: _("an answer after %s") % span(v)
    ),
    "inbound_messages_count": _count(gettext_noop("Messages from the lead"), "message", gettext_noop("from the lead")),
    "outbound_messages_count": _count(gettext_noop("Messages to the lead"), "message", gettext_noop("to the lead")),
    "appointments_count": _count(gettext_noop("Appointments"), "appointment"),
    "has_property": _Wording(
        gettext_noop("Property known"), _yes_no, lambda v: _("having a property") if v else _("the lack of a property")
    ),
    "property_price": _Wording(gettext_noop("Property's price"), plain, lambda v: _("a property at %s") % plain(v)),
    "property_has_photos": _Wording(
        gettext_noop("Photos of the property"),
        _yes_no,
        lambda v: _("having photos of the property") if v else _("the lack of photos of the property"),
    ),
    "engagement_rate": _Wording(
        gettext_noop("Messages in per message out"),
        plain,
        lambda v: _("an engagement of %s (messages in per message out)") % plain(v),
    ),
    "days_since_creation": _Wording(gettext_noop("Age"), _days, lambda v: _("an age of %s") % _days(v)),
    "market_activity_score": _Wording(
        gettext_noop("Market activity"), _of_100, lambda v: _("a market activity of %s of 100") % f"{v:.0f}"
    ),
    "source": _Wording(gettext_noop("Source"), str, lambda v: _("the source “%s”") % v),
    "city": _Wording(gettext_noop("City"), str, lambda v: _("the city %s") % v),
    "region": _Wording(gettext_noop("Region"), str, lambda v: _("the region %s") % v),
    "amount": _Wording(gettext_noop("Amount"), plain, lambda v: _("an amount of %s") % plain(v)),
    "created_weekday": _Wording(gettext_noop("Created on"), _, lambda v: _("having come on a %s") % _(v)),
    "created_hour": _Wording(gettext_noop("Created at"), _hour, lambda v: _("having come at about %s") % _hour(v)),
    "inbound_messages_last_7_days": _count(
        gettext_noop("Messages from the lead, last 7 days"), "message", gettext_noop("from the lead in the last 7 days")
    ),
    "outbound_messages_last_7_days": _count(
        gettext_noop("Messages to the lead, last 7 days"), "message", gettext_noop("to the lead in the last 7 days")
    ),
    "appointments_last_7_days": _count(
        gettext_noop("Appointments, last 7 days"), "appointment", gettext_noop("in the last 7 days")
    ),
    "conversion_rate_last_7_days": _lately(
        gettext_noop("Conversion rate of all leads, last 7 days"), gettext_noop("in the last 7 days")
    ),
    "conversion_rate_last_30_days": _lately(
        gettext_noop("Conversion rate of all leads, last 30 days"), gettext_noop("in the last 30 days")
    ),
    "days_since_last_event": _Wording(gettext_noop("Silence"), _days, lambda v: _("a silence of %s") % _days(v)),
}


_LACKS: dict[str, Callable[[], str]] = {
    "message": lambda: _("the lack of messages"),
    "appointment": lambda: _("the lack of appointments"),
    "event": lambda: _("the lack of events"),
}


def _nothing_or(value: Any, word: str) -> str:
    # "no messages from the lead" would read as many; one lack is one thing.
    return counted(value, word) if value else _LACKS[word]()


def _wording(name: str, kind: Kind | None) -> _Wording:
    if name in _WORDING:
        return _WORDING[name]
    room, _, rest = name.partition(".")
    if room == "events":
        return _event_wording(rest)
    return _attribute_wording(_spaced(rest or name), kind)


def _event_wording(rest: str) -> _Wording:
    name, _dot, part = rest.rpartition(".")
    kind, recent = f"“{_spaced(name)}”", part == "last_7_days"
    label = (_("Events %s, last 7 days") if recent else _("Events %s")) % kind

    def after() -> str:
        return f" {kind} " + _("in the last 7 days") if recent else f" {kind}"

    return _Wording(label, plain, lambda value: _nothing_or(value, "event") + after(), ("event", after()[1:]))


def _attribute_wording(name: str, kind: Kind | None) -> _Wording:
    label = _capital(name)
    if kind is Kind.BOOLEAN:
        return _Wording(label, _yes_no, lambda v: f"{name}: {_yes_no(v)}")
    if kind is Kind.DATE:
        return _Wording(label, _when, lambda v: f"{name} ({_when(v)})")
    return _Wording(label, _any, lambda v: f"{name} {_any(v)}" if isinstance(v, (int, float)) else f"{name} “{v}”")


def _any(value: Any) -> str:
    return plain(value) if isinstance(value, (int, float)) else str(value)


def _spaced(name: str) -> str:
    return name.replace("_", " ").strip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def label_of(name: str) -> str:
    """A feature's name, as a person reads it."""
    return _(_wording(name, None).label)


def shown(name: str, value: Any, kind: Kind | None = None) -> str:
    """A feature's value, as a person reads it; a missing one is "unknown"."""
    return _("unknown") if value is None else _wording(name, kind).shown(value)


def kinds_of(features: Iterable[Mapping[str, Any]]) -> dict[str, Kind]:
    """Each feature's kind, from a version's `features` (plain data)."""
    return {feature.name: feature.kind for feature in map(Feature.from_json, features)}


def moved(name: str, before: Any, after: Any, kind: Kind | None = None) -> str:
    """What became of a feature: "2 new messages from the lead", "property's price: known now, 250,000"."""
    wording = _wording(name, kind)
    if wording.counted and before is not None and after is not None and after > before:
        word, rest = wording.counted
        return counted(after - before, f"new {word}") + _after(rest)
    label = _(wording.label)
    told = {"what": label[:1].lower() + label[1:]}
    if after is None:
        return _("%(what)s: no longer known") % told
    told |= {"after": wording.shown(after)}
    if before is None:
        return _("%(what)s: known now, %(after)s") % told
    return _("%(what)s: %(before)s, now %(after)s") % (told | {"before": wording.shown(before)})


def reasons_of(
    vector: Iterable[Entry], *, kinds: Mapping[str, Kind] | None = None, by_rules: bool = False, most: int | None = None
) -> list[Reason]:
    """The reasons that a prediction's vector gives, in its order: [feature, value, part], largest part first."""
    return [
        Reason(name, _wording(name, (kinds or {}).get(name)).phrase(value), part, by_rules)
        for name, value, part in islice(filter(_is_telling, vector), most)
    ]


def _is_telling(entry: Entry) -> bool:
    return entry[1] is not None and abs(entry[2]) >= LEAST_PART


def strongest(vector: Iterable[Entry], *, each_way: int = MOST_EACH_WAY) -> list[Entry]:
    """The first few entries of a vector that speak for the lead and the first few against it, in their order."""
    left = {True: each_way, False: each_way}
    kept = []
    for entry in filter(_is_telling, vector):
        raises = entry[2] > 0
        if left[raises]:
            left[raises] -= 1
            kept.append(entry)
    return kept
