"""The ranked list of leads that are still to be decided, each with what to do and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request

from common.pagination import Keyset
from insights import words
from leads.models import Dossier, LeadScore, Organisation
from leads.tables.dossier import DossierQuerySet
from predictions.explaining import listed_reasons
from predictions.models import VECTOR, Prediction, ScoreJob
from predictions.reasons import Reason

ORDERS = {"probability": Keyset("probability", float), "expected_value": Keyset("expected_value", float)}
MOST_SOURCES = 200
RECENTLY = timedelta(minutes=10)


@dataclass(frozen=True)
class Wanted:
    """What the page's address asks for; what it does not know is left out."""

    order: str = "probability"
    action: str = ""
    source: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Wanted:
        """From the query's parameters."""
        order, action = str(query.get("order", "")), str(query.get("action", ""))
        return cls(
            order=order if order in ORDERS else "probability",
            action=action if action in words.ACTION else "",
            source=str(query.get("source", "")).replace("\x00", ""),
        )

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves leads out."""
        return bool(self.action or self.source)


@dataclass(frozen=True)
class Row:
    """One lead of the list."""

    score: LeadScore
    lead: Dossier
    action: words.Action
    age: str
    reasons: list[Reason] = field(default_factory=list)
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Today:
    """What the page shows. `counts` says how many scored, undecided leads each action has."""

    wanted: Wanted
    rows: list[Row]
    next: str | None
    previous: str | None
    is_first: bool
    counts: list[tuple[words.Action, int]]
    scored: int
    open_leads: int
    has_leads: bool
    sources: list[str]
    job: ScoreJob | None

    @property
    def unscored(self) -> int:
        """How many undecided leads have no score."""
        return max(self.open_leads - self.scored, 0)


def today(org: Organisation, request: HttpRequest) -> Today:
    """The page that the request asks for, in a fixed number of statements. Raises ValidationError for a bad cursor."""
    wanted = Wanted.of(request.GET)
    page = ORDERS[wanted.order].page(Request(request), _ranked(org.org_id, wanted))
    counts, open_leads = _counts(org.org_id), Dossier.objects.of(org.org_id).open().count()
    return Today(
        wanted=wanted,
        rows=_rows(org, page.rows),
        next=page.next,
        previous=page.previous,
        is_first=page.previous is None,
        counts=[(action, counts.get(action.code, 0)) for action in words.ACTIONS],
        scored=sum(counts.values()),
        open_leads=open_leads,
        has_leads=bool(open_leads) or Dossier.objects.of(org.org_id).exists(),
        sources=_sources(org.org_id),
        job=newest_job(org.org_id),
    )


def _ranked(org_id: str, wanted: Wanted) -> Any:
    undecided: DossierQuerySet = Dossier.objects.of(org_id).open()
    if wanted.source:
        undecided = undecided.filter(source=wanted.source)
    scores = LeadScore.objects.of(org_id).filter(**{f"{wanted.order}__isnull": False}, dossier__in=undecided)
    if wanted.action:
        scores = scores.filter(action=wanted.action)
    return scores.select_related("dossier")


def _counts(org_id: str) -> dict[str, int]:
    undecided = Dossier.objects.of(org_id).open()
    scores = LeadScore.objects.of(org_id).filter(probability__isnull=False, dossier__in=undecided)
    return dict(scores.values_list("action").annotate(leads=Count("pk")).order_by())


def _sources(org_id: str) -> list[str]:
    known = Dossier.objects.of(org_id).filter(source__isnull=False).order_by("source")
    return [str(source) for source in known.values_list("source", flat=True).distinct()[:MOST_SOURCES]]


def _rows(org: Organisation, scores: Iterable[LeadScore]) -> list[Row]:
    found, now = list(scores), org.now()
    predictions = _predictions(org.org_id, found)
    told = dict(zip(predictions, listed_reasons(org.org_id, list(predictions.values())), strict=True))
    return [
        _row(score, predictions.get(score.prediction_id), told.get(score.prediction_id, []), now) for score in found
    ]


def _predictions(org_id: str, scores: Iterable[LeadScore]) -> dict[int | None, Prediction]:
    keys = [score.prediction_id for score in scores if score.prediction_id is not None]
    stored = Prediction.objects.of(org_id).filter(pk__in=keys)
    return {row.pk: row for row in stored.only("pk", "probability_low", "probability_high", "model_version", *VECTOR)}


def _row(score: LeadScore, prediction: Prediction | None, reasons: list[Reason], now: datetime) -> Row:
    row = Row(
        score=score,
        lead=score.dossier,
        action=words.action_of(score.action, score.probability or 0.0),
        age=words.age((now - score.dossier.created_at) / timedelta(days=1)),
    )
    if prediction is None:
        return row
    return replace(row, reasons=reasons, low=prediction.probability_low, high=prediction.probability_high)


def newest_job(org_id: str) -> ScoreJob | None:
    """The score job under way, or the last one where it has just ended."""
    job: ScoreJob | None = ScoreJob.objects.of(org_id).order_by("-created_at").first()
    if job is None or job.is_open or (job.finished_at and job.finished_at > timezone.now() - RECENTLY):
        return job
    return None
