"""Which open leads a view of Today holds, in which order, and what there is to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, Exists, OuterRef, QuerySet

from insights.wanted import Wanted
from leads.models import Dossier, LeadAttribute, LeadScore, Override
from leads.orders import ORDERS
from leads.tables.outcome import LeadScoreQuerySet
from leads.vocabulary import MOST, words_of
from predictions.overriding import SET_ASIDE

OF_THE_LEAD = ("source", "region", "owner")
NEWEST_LEADS = 1_000
"""The attributes to choose from are those of so many newest leads: asking every lead would take long."""

# Open leads are all leads less the decided ones: both are counted from indexes alone.
COUNTS = """
SELECT (SELECT count(*) FROM dossier WHERE org_id = %(org_id)s)
       - (SELECT count(*) FROM lead_score WHERE org_id = %(org_id)s AND is_decided),
       (SELECT count(*) FROM lead_score WHERE org_id = %(org_id)s AND NOT is_decided AND probability IS NOT NULL)
"""
ATTRIBUTES = """
SELECT DISTINCT a.name
FROM (SELECT id FROM dossier WHERE org_id = %(org_id)s ORDER BY created_at DESC LIMIT %(newest)s) AS d
JOIN lead_attribute a ON a.dossier_id = d.id WHERE a.name NOT LIKE '@%%'
"""


def ranked(org_id: str, wanted: Wanted) -> LeadScoreQuerySet:
    """The current scores of the open leads that fit, for a page; the order is the page's."""
    return of_action(wanted.action, left_by(org_id, wanted))


def left_by(org_id: str, wanted: Wanted) -> LeadScoreQuerySet:
    """The current scores of the open leads that the filters leave, of every action.

    Where a text is searched for, one statement finds the leads that tell of it, however often they are asked for then.
    """
    scores: LeadScoreQuerySet = LeadScore.objects.of(org_id).of_open_leads()
    told = {f"dossier__{name}": getattr(wanted, name) for name in OF_THE_LEAD}
    scores = scores.filter(**{f"{wanted.order}__isnull": False}, **{name: word for name, word in told.items() if word})
    if wanted.has_attribute:
        least, most = wanted.range or (None, None)
        told_of = LeadAttribute.objects.of(org_id).standing(wanted.attribute, wanted.values, least=least, most=most)
        scores = scores.filter(dossier__in=told_of.values("dossier"))
    if wanted.search:
        telling = Dossier.objects.of(org_id).keys_telling(wanted.search)
        scores = scores.among(telling.values_list("pk", flat=True))
    return scores


def of_action(action: str, scores: LeadScoreQuerySet) -> LeadScoreQuerySet:
    """Those with a recommended action; all where it is empty."""
    return scores.filter(action=action) if action else scores


def to_call(scores: LeadScoreQuerySet, wanted: Wanted) -> QuerySet[LeadScore]:
    """The best of them, as many as can be called: without those that a person has set aside."""
    aside = Override.objects.standing().filter(dossier=OuterRef("dossier"), action__in=SET_ASIDE)
    return scores.filter(~Exists(aside)).order_by(*ORDERS[wanted.order].order)[: wanted.calls]


@dataclass(frozen=True)
class Group:
    """How many leads have an action, and how likely they are to convert on average."""

    leads: int
    probability: float


@dataclass(frozen=True)
class Counts:
    """How many leads are open, how many of them have a score, and those that filters leave, by action."""

    open: int
    scored: int
    by_action: dict[str, Group]

    @property
    def unscored(self) -> int:
        """Those that wait for a score."""
        return self.open - self.scored

    @property
    def left(self) -> int:
        """All that the filters leave."""
        return self.leads_of("")

    def leads_of(self, action: str) -> int:
        """How many have an action; all that are left where it is empty."""
        return sum(group.leads for group in self._groups(action))

    def probability_of(self, action: str) -> float:
        """How likely those with an action are to convert on average; all that are left where it is empty."""
        groups = self._groups(action)
        return sum(each.leads * each.probability for each in groups) / max(sum(each.leads for each in groups), 1)

    def _groups(self, action: str) -> list[Group]:
        return [group for code, group in self.by_action.items() if action in ("", code)]


def counts_of(org_id: str, left: LeadScoreQuerySet) -> Counts:
    """Of the organisation, and of what filters leave. Two statements, that read each score once."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"org_id": org_id})
        opened, scored = cursor.fetchone()
    groups: Any = left.order_by().values_list("action").annotate(leads=Count("dossier"), probability=Avg("probability"))
    return Counts(opened, scored, {action: Group(leads, average or 0.0) for action, leads, average in groups})


def choices_of(org_id: str, wanted: Wanted) -> dict[str, list[str]]:
    """What filters offer: the sources, regions and owners of leads, and the names of attributes. Two statements.

    What is asked for is offered, too, where it is not among the first or the newest: a form that did not hold it would
    lose it at the next change.
    """
    with connection.cursor() as cursor:
        cursor.execute(ATTRIBUTES, {"org_id": org_id, "newest": NEWEST_LEADS})
        attributes = sorted(name for (name,) in cursor.fetchall())
    offered = words_of(org_id, OF_THE_LEAD) | {"attribute": attributes[:MOST]}
    return {name: _with(words, getattr(wanted, name)) for name, words in offered.items()}


def _with(words: list[str], word: str) -> list[str]:
    return words if word in ("", *words) else sorted([*words, word])
