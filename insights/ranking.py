"""Which open leads a view of Today holds, in which order, and what there is to choose from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet

from insights.wanted import Wanted
from leads.models import Dossier, LeadAttribute, LeadScore, Override
from leads.orders import ORDERS
from leads.tables.outcome import LeadScoreQuerySet
from leads.vocabulary import MOST, words_of
from predictions.overriding import SET_ASIDE

OF_THE_LEAD = ("source", "region", "owner")
NEWEST_LEADS = 1_000
"""The attributes to choose from are those of so many newest leads: asking every lead would take long."""

# All open leads are counted as those there are less those that are decided: neither reads a lead.
COUNTS = """
SELECT action, count(*) FROM lead_score
WHERE org_id = %(org_id)s AND NOT is_decided AND probability IS NOT NULL GROUP BY action
UNION ALL
SELECT NULL, (SELECT count(*) FROM dossier WHERE org_id = %(org_id)s)
             - (SELECT count(*) FROM lead_score WHERE org_id = %(org_id)s AND is_decided)
"""
ATTRIBUTES = """
SELECT DISTINCT a.name
FROM (SELECT id FROM dossier WHERE org_id = %(org_id)s ORDER BY created_at DESC LIMIT %(newest)s) AS d
JOIN lead_attribute a ON a.dossier_id = d.id WHERE a.name NOT LIKE '@%%'
"""


def ranked(org_id: str, wanted: Wanted) -> QuerySet[LeadScore]:
    """The current scores of the open leads that fit, for a page; the order is the page's."""
    return fitting(org_id, wanted).of_open_leads()


def fitting(org_id: str, wanted: Wanted) -> LeadScoreQuerySet:
    """The current scores of the leads that fit, whether they are open or not."""
    scores: LeadScoreQuerySet = LeadScore.objects.of(org_id).filter(**{f"{wanted.order}__isnull": False})
    told = {"action": wanted.action} | {f"dossier__{name}": getattr(wanted, name) for name in OF_THE_LEAD}
    scores = scores.filter(**{name: value for name, value in told.items() if value})
    if wanted.has_attribute:
        least, most = wanted.range or (None, None)
        told_of = LeadAttribute.objects.of(org_id).standing(wanted.attribute, wanted.values, least=least, most=most)
        scores = scores.filter(dossier__in=told_of.values("dossier"))
    if wanted.search:
        scores = scores.among(Dossier.objects.of(org_id).keys_telling(wanted.search))
    return scores


def to_call(org_id: str, wanted: Wanted) -> QuerySet[LeadScore]:
    """The best of them, as many as can be called: without those that a person has set aside."""
    aside = Override.objects.standing().filter(dossier=OuterRef("dossier"), action__in=SET_ASIDE)
    best = ranked(org_id, wanted).filter(~Exists(aside))
    return best.order_by(*ORDERS[wanted.order].order)[: wanted.calls]


@dataclass(frozen=True)
class Counts:
    """How many leads are open, how many of them have a score, and how many of each action a view's filters leave."""

    open: int
    scored: int
    by_action: dict[str, int]

    @property
    def unscored(self) -> int:
        """Those that wait for a score."""
        return self.open - self.scored

    @property
    def fitting(self) -> int:
        """All that the filters leave."""
        return sum(self.by_action.values())


def counts_of(org_id: str, wanted: Wanted) -> Counts:
    """One statement, that reads each lead's score once; another where filters leave leads out."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"org_id": org_id})
        found: dict[str | None, int] = dict(cursor.fetchall())
    opened, scored = found.pop(None, 0), {action or "": count for action, count in found.items()}
    return Counts(opened, sum(scored.values()), _left_by(org_id, wanted) if wanted.is_counted_apart else scored)


def _left_by(org_id: str, wanted: Wanted) -> dict[str, int]:
    """The open leads that fit by action, whichever of them the view shows."""
    left = ranked(org_id, replace(wanted, action="")).order_by()
    return dict(left.values_list("action").annotate(leads=Count("dossier")))


def choices_of(org_id: str) -> dict[str, list[str]]:
    """What filters offer: the sources, regions and owners of leads, and the names of attributes. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(ATTRIBUTES, {"org_id": org_id, "newest": NEWEST_LEADS})
        attributes = sorted(name for (name,) in cursor.fetchall())
    return words_of(org_id, OF_THE_LEAD) | {"attribute": attributes[:MOST]}
