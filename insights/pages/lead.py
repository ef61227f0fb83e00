"""All of one lead: what to do with it, why, what happened to it, and how its score came to be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from insights import figures, words
from insights.drawing import Figure
from insights.history_figures import history_figure
from insights.levers import Lever, levers_of
from insights.pages.timeline import Happening, timeline
from leads.features import Feature, Kind
from leads.models import Dossier, LeadAttribute, Organisation, Outcome, Override, Property
from predictions.change import Change, between
from predictions.explaining import features_of, reasons_for
from predictions.models import Prediction
from predictions.reasons import Reason, label_of, shown

MOST_PREDICTIONS, MOST_OVERRIDES = 30, 10
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Contribution:
    """One line of the table of contributions."""

    label: str
    shown: str
    is_known: bool
    part: float


@dataclass(frozen=True)
class Judged:
    """The newest prediction and what is drawn and said of it."""

    prediction: Prediction
    action: words.Action
    speaks_for: list[Reason]
    speaks_against: list[Reason]
    contributions: list[Contribution]
    waterfall: Figure | None
    """None where the model is not to be had any more by which it could be drawn."""
    levers: list[Lever]


@dataclass(frozen=True)
class Opinion:
    """What a person said of the lead, and who was nearer once it was decided: "person", "model", "both" or "".

    Only the word that stood then is compared; one that `is_late` was given afterwards. One that has ended was taken
    back, unless it `is_replaced` by another, perhaps a colleague's.
    """

    row: Override
    action: words.Action
    nearer: str
    is_late: bool
    is_replaced: bool


@dataclass(frozen=True)
class LeadPage:
    """What the page of a lead shows."""

    lead: Dossier
    age: str
    is_aged: bool
    outcome: Outcome | None
    judged: Judged | None
    has_changed: bool
    """Whether there are two predictions, between which something may be told."""
    history: list[tuple[Prediction, words.Action]]
    drawn: Figure | None
    has_earlier: bool
    """Whether there are predictions before those of the history."""
    timeline: list[Happening]
    has_happened_before: bool
    """Whether more has happened, before what the timeline shows."""
    facts: list[tuple[str, str]]
    opinion: Opinion | None
    opinions: list[Opinion]

    @property
    def is_judged_late(self) -> bool:
        """Whether the newest prediction reads the lead as it was once it was decided."""
        return bool(self.judged and self.outcome and self.judged.prediction.as_of > self.outcome.occurred_at)


def lead_page(org: Organisation, lead: Dossier) -> LeadPage:
    """All of it, in a fixed number of statements."""
    happened, has_happened_before = timeline(lead)
    newest = list(Prediction.objects.of_dossier(lead)[: MOST_PREDICTIONS + 1])
    stored, has_earlier = newest[:MOST_PREDICTIONS], len(newest) > MOST_PREDICTIONS
    outcome = Outcome.objects.current().filter(dossier=lead).first()
    said = list(Override.objects.filter(dossier=lead).order_by("-at", "-pk")[:MOST_OVERRIDES])
    opinions = [_opinion(row, outcome, later=said[:place]) for place, row in enumerate(said)]
    now = org.now()
    return LeadPage(
        lead=lead,
        age=words.age(lead.created_at, now),
        is_aged=words.days_between(lead.created_at, now) >= words.AGED,
        outcome=outcome,
        judged=_judged(org.org_id, stored[0]) if stored else None,
        has_changed=len(stored) > 1,
        history=[(row, words.action_of(row.recommended_action)) for row in stored],
        drawn=history_figure(stored[::-1], happened) if len(stored) > 1 else None,
        has_earlier=has_earlier,
        timeline=happened,
        has_happened_before=has_happened_before,
        facts=_facts(lead, org.currency),
        opinion=next((each for each in opinions if each.row.ended_at is None), None),
        opinions=opinions,
    )


def _judged(org_id: str, newest: Prediction) -> Judged:
    features = features_of(org_id, newest.model_version)
    kinds = {feature.name: feature.kind for feature in features}
    reasons = reasons_for(org_id, [newest])[0]
    base_name = _("Average lead") if newest.model_version else _("Before any points")
    return Judged(
        prediction=newest,
        action=words.action_of(newest.recommended_action, newest.conversion_probability),
        speaks_for=[reason for reason in reasons if reason.raises],
        speaks_against=[reason for reason in reasons if not reason.raises],
        contributions=_contributions(newest.vector, kinds),
        waterfall=None
        if newest.is_unexplained
        else figures.waterfall(
            newest.base_probability, newest.vector, newest.conversion_probability, kinds=kinds, base_name=base_name
        ),
        levers=levers_of(features, newest.inputs),
    )


def last_change(org_id: str, lead: Dossier) -> Change | None:
    """Why the score moved from the prediction before the newest to the newest; None where there are no two."""
    stored = list(Prediction.objects.of_dossier(lead)[:2])
    return between(org_id=org_id, dossier=lead, start=stored[1], end=stored[0]) if len(stored) == 2 else None


def levers_for(org_id: str, newest: Prediction) -> list[Lever]:
    """What a person may vary of the lead of a prediction."""
    features: Sequence[Feature] = features_of(org_id, newest.model_version)
    return levers_of(features, newest.inputs)


def _contributions(vector: Sequence[Sequence[Any]], kinds: Mapping[str, Kind]) -> list[Contribution]:
    return [
        Contribution(label_of(name), shown(name, value, kinds.get(name)), value is not None, part)
        for name, value, part in vector
    ]


def _opinion(row: Override, outcome: Outcome | None, *, later: Sequence[Override]) -> Opinion:
    nearer = ""
    if outcome is not None and row.stood_at(outcome.occurred_at):
        person, model = (abs(each - outcome.converted) for each in (row.probability, row.model_probability))
        nearer = "both" if person == model else "person" if person < model else "model"
    is_late = outcome is not None and row.at > outcome.occurred_at
    is_replaced = any(each.at == row.ended_at for each in later)
    return Opinion(row, words.action_of(row.action, row.probability), nearer, is_late, is_replaced)


def _facts(lead: Dossier, currency: str) -> list[tuple[str, str]]:
    """What is known of the lead now, as (name, value)."""
    core = [(_("Source"), lead.source), (_("Region"), lead.region), (_("Owner"), lead.owner)]
    core.append((_("Amount"), _money(lead.amount, currency)))
    estate = Property.objects.filter(dossier=lead).first()
    if estate is not None:
        core += [(_("Property"), estate.city), (_("Price"), _money(estate.price, currency))]
    known = LeadAttribute.objects.filter(dossier=lead).order_by("name", "-known_from").distinct("name")
    core += [(label_of(f"attributes.{row.name}"), _text(row.value)) for row in known if not row.name.startswith("@")]
    return [(name, text) for name, text in core if text]


def _money(amount: float | None, currency: str) -> str | None:
    return None if amount is None else words.money(amount, currency)


def _text(value: Any) -> str | None:
    """A value as a person reads it; text that is a day (ISO 8601) is said as the page's other days are."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str) and (day := _day(value)):
        return date_format(day, "j N Y")
    return words.plain(value) if isinstance(value, (int, float)) else value


def _day(text: str) -> date | None:
    """The day that a text as 2026-12-11 names, else None."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:  # 2026-02-30
        return None
