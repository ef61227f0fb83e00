"""Why a lead scores as it does, in words. Pure: no Django.

A reason is made of one entry of a prediction's vector: the feature, the value it had then, and its part of the
probability. A missing value is never a reason: what nobody knows moves the score only by what the model assumes in its
place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leads.features import Feature, Kind
from predictions.quantities import counted, plain, points, span

LEAST_PART = 0.005
"""A reason moves the probability by at least half a point; less is not worth a person's time."""
MOST_EACH_WAY = 3
"""So many reasons for a lead, and as many against it, are told at most."""


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
        verb = "raise" if self.raises else "lower"
        return f"{self.what} {verb}{'' if _is_many(self.what) else 's'} it by {points(self.part)}"

    @property
    def text(self) -> str:
        """ "3 appointments; leads like this convert more often", as an answer of the API says it."""
        if self.by_rules:
            return f"{_capital(self.what)}; the rules {'give' if self.raises else 'take'} points for it"
        return f"{_capital(self.what)}; leads like this convert {'more' if self.raises else 'less'} often"


def _is_many(what: str) -> bool:
    first = what.split(" ", 1)[0]
    return first.replace(",", "").isdigit() and first != "1"


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
        return "that day"
    return f"{_days(days_before)} before" if days_before > 0 else f"{_days(-days_before)} later"


def _count(label: str, word: str, rest: str = "") -> _Wording:
    return _Wording(label, plain, lambda value: _nothing_or(counted(value, word), rest), (word, rest))


def _having(value: Any) -> str:
    return "having" if value else "the lack of"


def _yes_no(value: Any) -> str:
    return "yes" if value else "no"


def _hour(value: Any) -> str:
    return f"{int(value):02d}:00"


def _days(value: Any) -> str:
    return "less than a day" if value < 1 else counted(int(value), "day")


_WORDING: dict[str, _Wording] = {
    "lead_source_score": _Wording(
        "Source score", lambda v: f"{v:.0f} of 100", lambda v: f"a source score of {v:.0f} of 100"
    ),
    "response_time_minutes": _Wording("Answered after", span, lambda v: f"an answer after {span(v)}"),
    "inbound_messages_count": _count("Messages from the lead", "message", " from the lead"),
    "outbound_messages_count": _count("Messages to the lead", "message", " to the lead"),
    "appointments_count": _count("Appointments", "appointment"),
    "has_property": _Wording("Property known", _yes_no, lambda v: f"{_having(v)} a property"),
    "property_price": _Wording("Property's price", plain, lambda v: f"a property at {plain(v)}"),
    "property_has_photos": _Wording(
        "Photos of the property", _yes_no, lambda v: f"{_having(v)} photos of the property"
    ),
    "engagement_rate": _Wording(
        "Messages in per message out", plain, lambda v: f"an engagement of {plain(v)} (messages in per message out)"
    ),
    "days_since_creation": _Wording("Age", _days, lambda v: f"an age of {_days(v)}"),
    "market_activity_score": _Wording(
        "Market activity", lambda v: f"{v:.0f} of 100", lambda v: f"a market activity of {v:.0f} of 100"
    ),
    "source": _Wording("Source", str, lambda v: f"the source “{v}”"),
    "city": _Wording("City", str, lambda v: f"the city {v}"),
    "region": _Wording("Region", str, lambda v: f"the region {v}"),
    "amount": _Wording("Amount", plain, lambda v: f"an amount of {plain(v)}"),
    "created_weekday": _Wording("Created on", str, lambda v: f"having come on a {v}"),
    "created_hour": _Wording("Created at", _hour, lambda v: f"having come at about {_hour(v)}"),
    "inbound_messages_last_7_days": _count(
        "Messages from the lead, last 7 days", "message", " from the lead in the last 7 days"
    ),
    "outbound_messages_last_7_days": _count(
        "Messages to the lead, last 7 days", "message", " to the lead in the last 7 days"
    ),
    "appointments_last_7_days": _count("Appointments, last 7 days", "appointment", " in the last 7 days"),
    "days_since_last_event": _Wording("Silence", _days, lambda v: f"a silence of {_days(v)}"),
}


def _nothing_or(counted_words: str, rest: str) -> str:
    # "no messages from the lead" would read as many; one lack is one thing.
    return f"the lack of {counted_words[3:]}{rest}" if counted_words.startswith("no ") else counted_words + rest


def _wording(name: str, kind: Kind | None) -> _Wording:
    if name in _WORDING:
        return _WORDING[name]
    room, _, rest = name.partition(".")
    if room == "events":
        return _event_wording(rest)
    return _attribute_wording(_spaced(rest or name), kind)


def _event_wording(rest: str) -> _Wording:
    kind, _, part = rest.rpartition(".")
    recent = part == "last_7_days"
    label = f"Events “{_spaced(kind)}”" + (", last 7 days" if recent else "")
    return _count(label, "event", f" “{_spaced(kind)}”" + (" in the last 7 days" if recent else ""))


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
    return _wording(name, None).label


def shown(name: str, value: Any, kind: Kind | None = None) -> str:
    """A feature's value, as a person reads it; a missing one is "unknown"."""
    return "unknown" if value is None else _wording(name, kind).shown(value)


def kinds_of(features: Iterable[Mapping[str, Any]]) -> dict[str, Kind]:
    """Each feature's kind, from a version's `features` (plain data)."""
    return {feature.name: feature.kind for feature in map(Feature.from_json, features)}


def moved(name: str, before: Any, after: Any, kind: Kind | None = None) -> str:
    """What became of a feature: "2 new messages from the lead", "property's price: known now, 250,000"."""
    wording = _wording(name, kind)
    if wording.counted and before is not None and after is not None and after > before:
        word, rest = wording.counted
        return counted(after - before, f"new {word}") + rest
    label = wording.label[:1].lower() + wording.label[1:]
    if after is None:
        return f"{label}: no longer known"
    if before is None:
        return f"{label}: known now, {wording.shown(after)}"
    return f"{label}: {wording.shown(before)}, now {wording.shown(after)}"


def reasons_of(
    vector: Sequence[Sequence[Any]], *, kinds: Mapping[str, Kind] | None = None, by_rules: bool = False
) -> list[Reason]:
    """The reasons that a prediction's vector gives, in its order: [feature, value, part], largest part first."""
    return [
        Reason(name, _wording(name, (kinds or {}).get(name)).phrase(value), part, by_rules)
        for name, value, part in vector
        if value is not None and abs(part) >= LEAST_PART
    ]


def strongest(reasons: Iterable[Reason], *, each_way: int = MOST_EACH_WAY) -> list[Reason]:
    """The first few that speak for the lead and the first few against it, in their order."""
    left = {True: each_way, False: each_way}
    kept = []
    for reason in reasons:
        if left[reason.raises]:
            left[reason.raises] -= 1
            kept.append(reason)
    return kept
