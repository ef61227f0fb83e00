"""The ranked list of leads that are still to be decided, each with what to do and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request

from common.pagination import Page
from insights import words
from insights.calls import Calls, calls_of
from insights.models import SavedView
from insights.ranking import Counts, choices_of, counts_of, left_by, of_action, to_call
from insights.saved_views import query_of
from insights.wanted import Wanted
from leads.models import Dossier, LeadScore, Organisation, Override
from leads.orders import ORDERS
from leads.tables.outcome import LeadScoreQuerySet
from predictions.before import listed
from predictions.explaining import listed_reasons
from predictions.models import Prediction, ScoreJob
from predictions.reasons import Reason
from predictions.trails import Trail, trails_of

RECENTLY = timedelta(minutes=10)
DRAWN = timedelta(days=90)
MOST_SAVED = 10_000
"""A file holds so many leads of a view at most."""


@dataclass(frozen=True)
class Row:
    """One lead of the list."""

    score: LeadScore
    lead: Dossier
    action: words.Action
    age: str
    reasons: list[Reason] = field(default_factory=list)
    is_unexplained: bool = False
    low: float | None = None
    high: float | None = None
    trail: Trail | None = None
    override: Override | None = None
    overridden: words.Action | None = None
    """What to do by the person's own probability."""
    is_aged: bool = False
    """Whether the age is a span: not today or yesterday."""


@dataclass(frozen=True)
class Today:
    """What the page shows. `by_action` says how many scored, open leads of each action the filters leave."""

    wanted: Wanted
    rows: list[Row]
    next: str | None
    previous: str | None
    calls: Calls | None
    counts: Counts
    has_leads: bool
    choices: dict[str, list[str]]
    job: ScoreJob | None
    views: list[SavedView]

    @property
    def query(self) -> str:
        """What would be kept of this view, empty where it asks for nothing."""
        return query_of(self.wanted)

    @property
    def is_kept(self) -> bool:
        """Whether the person keeps this view already."""
        return any(view.query == self.query for view in self.views)

    @property
    def is_cut_in_file(self) -> bool:
        """Whether a file of the view would not hold all of it."""
        return not self.wanted.calls and self.counts.leads_of(self.wanted.action) > MOST_SAVED

    @property
    def most_saved(self) -> int:
        """So many leads a file holds at most."""
        return MOST_SAVED

    @property
    def is_first(self) -> bool:
        """Whether the best leads of the view are on it."""
        return self.previous is None

    @property
    def has_start(self) -> bool:
        """Whether its first lead is the one to start with: the best of all."""
        return self.is_first and not self.wanted.is_narrow

    @property
    def by_action(self) -> list[tuple[words.Action, int]]:
        """Each action with its number of leads."""
        groups = self.counts.by_action
        return [(action, groups[action.code].leads if action.code in groups else 0) for action in words.ACTIONS]


def today(org: Organisation, request: HttpRequest) -> Today:
    """The page that the request asks for, in a fixed number of statements. Raises ValidationError for a bad cursor."""
    wanted = Wanted.of(request.GET)
    left = left_by(org.org_id, wanted)
    page, counts = _page(of_action(wanted.action, left), wanted, request), counts_of(org.org_id, left)
    return Today(
        wanted=wanted,
        rows=rows_of(org, page.rows),
        next=page.next,
        previous=page.previous,
        calls=calls_of(wanted, page.rows, counts.probability_of(wanted.action)) if wanted.calls else None,
        counts=counts,
        has_leads=bool(counts.open) or Dossier.objects.of(org.org_id).exists(),
        choices=choices_of(org.org_id, wanted),
        job=newest_job(org.org_id),
        views=list(SavedView.objects.of_person(org.org_id, request.user)),
    )


def _page(fitting: LeadScoreQuerySet, wanted: Wanted, request: HttpRequest) -> Page:
    if wanted.calls:
        return Page(list(to_call(fitting, wanted)), None, None)
    return ORDERS[wanted.order].page(Request(request), fitting)


def rows_of(org: Organisation, scores: Sequence[LeadScore]) -> list[Row]:
    """The leads of these scores with all that stands beside them. Five statements, however many they are."""
    now, (scores, predictions) = org.now(), listed(org.org_id, scores)
    dossiers = [score.dossier_id for score in scores]
    told = dict(zip(predictions, listed_reasons(org.org_id, list(predictions.values())), strict=True))
    trails = trails_of(dossiers, since=timezone.now() - DRAWN)
    overrides = {row.dossier_id: row for row in Override.objects.standing().filter(dossier__in=dossiers)}
    return [
        _row(
            score,
            now,
            prediction=predictions.get(score.prediction_id),
            reasons=told.get(score.prediction_id, []),
            trail=trails.get(score.dossier_id),
            override=overrides.get(score.dossier_id),
        )
        for score in scores
    ]


def _row(
    score: LeadScore,
    now: datetime,
    *,
    prediction: Prediction | None,
    reasons: list[Reason] | None,
    trail: Trail | None,
    override: Override | None,
) -> Row:
    created_at = score.dossier.created_at
    return Row(
        score=score,
        lead=score.dossier,
        action=words.action_of(score.action, score.probability or 0.0),
        age=words.age(created_at, now),
        is_aged=words.days_between(created_at, now) >= words.AGED,
        reasons=reasons or [],
        is_unexplained=reasons is None,
        low=prediction.probability_low if prediction else None,
        high=prediction.probability_high if prediction else None,
        trail=trail,
        override=override,
        overridden=words.action_of(override.action, override.probability) if override else None,
    )


def newest_job(org_id: str) -> ScoreJob | None:
    """The job that scores all leads and is under way, or the last one where it has just ended."""
    job: ScoreJob | None = ScoreJob.objects.of(org_id).of_all_leads().order_by("-created_at").first()
    if job is None or job.is_open or (job.finished_at and job.finished_at > timezone.now() - RECENTLY):
        return job
    return None
