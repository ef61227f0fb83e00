"""The doors for predictions of leads, under `/api/ml/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.idempotency import idempotent
from common.pagination import Keyset
from common.serializers import EARLIEST, LATEST, iso
from common.throttling import PredictionLimit, RequestLimit
from common.views import ContractView, LookingUpLater
from leads.api.serializers import OutcomeOut
from leads.models import Dossier
from leads.orders import ORDERS
from leads.outcomes import record_outcome
from leads.seen import LeadGone
from predictions import answers, before, change, monitoring, on_request
from predictions.api import examples
from predictions.api import serializers as shapes
from predictions.jobs import start_score_job
from predictions.models import ScoreJob
from predictions.ranked import CONDITIONS, Ranking
from predictions.whatif import Impossible, what_if

READ, WRITE = "predictions:read", "predictions:write"
NO_SUCH_LEAD = "There is no such lead."
PAGING = [
    OpenApiParameter("limit", int, description="Rows a page, 1 to 1000 (default 50)."),
    OpenApiParameter("cursor", str, description="From `next` or `previous` of another page."),
]


def _moment(text: Any) -> Any:
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None or not EARLIEST <= moment <= LATEST:
        raise ValueError(text)
    return moment


NEWEST = Keyset("predicted_at", _moment, iso)


def dossier_or_404(org_id: str, number: int) -> Dossier:
    """The organisation's lead of that number. Raises NotFound, also for another organisation's."""
    dossier: Dossier | None = Dossier.objects.of(org_id).filter(number=number).first()
    if dossier is None:
        raise NotFound(NO_SUCH_LEAD)
    return dossier


@contextmanager
def or_gone_meanwhile() -> Iterator[None]:
    """Around an act on a lead that was found: raises NotFound where it is forgotten before the act reads it again."""
    try:
        yield
    except (LeadGone, Dossier.DoesNotExist) as error:
        raise NotFound(NO_SUCH_LEAD) from error


class Predict(LookingUpLater):
    """Scoring a lead."""

    required_scope = WRITE
    throttle_classes = [RequestLimit, PredictionLimit]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who asks, and whether they may; those who have been let in wait a moment for it."""
        with on_request.LEADS.coming():
            super().initial(request, *args, **kwargs)

    @extend_schema(
        request=None,
        responses=shapes.PredictionOut,
        tags=["predictions"],
        examples=[OpenApiExample("Worth a call", examples.PREDICTION, response_only=True)],
    )
    @idempotent
    def post(self, request: Request, dossier_id: int) -> Response:
        """Scores this lead now, stores the prediction and answers it."""
        self.take_no_body()
        with monitoring.watched():
            answer = on_request.of_lead(self.caller, dossier_id)
            if answer is None:
                raise NotFound(NO_SUCH_LEAD)
            return Response(answer)


class Latest(ContractView):
    """The newest prediction."""

    required_scope = READ

    @extend_schema(
        responses=shapes.PredictionOut,
        tags=["predictions"],
        examples=[OpenApiExample("Worth a call", examples.PREDICTION, response_only=True)],
    )
    def get(self, request: Request, dossier_id: int) -> Response:
        """The latest stored prediction of this lead. 404 where it was never scored."""
        lead = before.newest_of(self.caller.org_id, dossier_id)
        if lead is None:
            raise NotFound(NO_SUCH_LEAD)
        if lead.newest is None:
            raise NotFound("This lead has not been scored yet.")
        return Response(answers.stored(lead.dossier, [lead.newest], lead.outcome)[0])


class History(ContractView):
    """All predictions."""

    required_scope = READ

    @extend_schema(
        responses=shapes.PredictionPage,
        parameters=PAGING,
        tags=["predictions"],
        examples=[OpenApiExample("The only one", examples.HISTORY, response_only=True)],
    )
    def get(self, request: Request, dossier_id: int) -> Response:
        """Every prediction of this lead, newest first."""
        lead = before.fate_of(self.caller.org_id, dossier_id)
        if lead is None:
            raise NotFound(NO_SUCH_LEAD)
        history: Any = before.History(lead.dossier)
        page = NEWEST.page(request, history)
        return Response(page.answer(answers.stored(lead.dossier, page.rows, lead.outcome)))


class RecordOutcome(ContractView):
    """What became of a lead."""

    required_scope = WRITE

    @extend_schema(
        request=shapes.OutcomeIn,
        responses=OutcomeOut,
        tags=["predictions"],
        examples=[
            OpenApiExample("Won", examples.OUTCOME, request_only=True),
            OpenApiExample("As recorded", examples.OUTCOME, response_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request, dossier_id: int) -> Response:
        """Records the outcome. Sending it again corrects it; the correction is kept on record."""
        body = shapes.OutcomeIn(data=request.data)
        body.is_valid(raise_exception=True)
        dossier = dossier_or_404(self.caller.org_id, dossier_id)
        with or_gone_meanwhile():
            outcome = record_outcome(
                org_id=self.caller.org_id,
                dossier=dossier,
                converted=body.validated_data["converted"],
                occurred_at=body.validated_data["occurred_at"],
                revenue=body.validated_data["revenue"],
                by=self.caller.name,
                at=timezone.now(),
            )
        return Response(outcome.to_json())


class WhatIf(ContractView):
    """A lead as it might be."""

    required_scope = READ
    throttle_classes = [RequestLimit, PredictionLimit]

    @extend_schema(
        request=shapes.WhatIfIn,
        responses=shapes.WhatIfOut,
        tags=["predictions"],
        examples=[
            OpenApiExample("Four appointments", {"changes": {"appointments_count": 4}}, request_only=True),
            OpenApiExample("As it would be", examples.WHAT_IF, response_only=True),
        ],
    )
    def post(self, request: Request, dossier_id: int) -> Response:
        """The probability as it would be if the lead's features were changed so. Stored nowhere."""
        body = shapes.WhatIfIn(data=request.data)
        body.is_valid(raise_exception=True)
        dossier = dossier_or_404(self.caller.org_id, dossier_id)
        try:
            with or_gone_meanwhile():
                found = what_if(org_id=self.caller.org_id, dossier=dossier, changes=body.validated_data["changes"])
        except Impossible as error:
            raise ValidationError({"changes": error.problems}) from error
        return Response(answers.supposed(found))


class WhyItMoved(ContractView):
    """Why a lead's score moved."""

    required_scope = READ
    throttle_classes = [RequestLimit, PredictionLimit]

    @extend_schema(
        parameters=[shapes.ChangeIn],
        responses=shapes.ChangeOut,
        tags=["predictions"],
        operation_id="predict_change",
        examples=[OpenApiExample("Two new messages", examples.CHANGE, response_only=True)],
    )
    def get(self, request: Request, dossier_id: int) -> Response:
        """Why the score moved since the last prediction: time, the lead's data, the version, recalibration.

        The parts add up to the difference. 404 where the lead was never scored.
        """
        query = shapes.ChangeIn(data=self.query)
        query.is_valid(raise_exception=True)
        dossier = dossier_or_404(self.caller.org_id, dossier_id)
        try:
            with or_gone_meanwhile():
                found = change.asked_for(org_id=self.caller.org_id, dossier=dossier, ids=query.validated_data)
        except change.NeverScored as error:
            raise NotFound("This lead has not been scored yet.") from error
        except change.NotItsPrediction as error:
            raise ValidationError({error.name: str(error)}) from error
        return Response(answers.change(dossier, found))


class ScoreJobs(ContractView):
    """Scoring many leads."""

    required_scope = WRITE

    @extend_schema(
        request=shapes.ScoreJobIn,
        responses={202: shapes.ScoreJobOut},
        tags=["predictions"],
        examples=[
            OpenApiExample("Of one source", {"source": "website"}, request_only=True),
            OpenApiExample("Queued", examples.SCORE_JOB_QUEUED, response_only=True, status_codes=["202"]),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Scores the undecided leads, all of them or those that the filter names, in the background."""
        body = shapes.ScoreJobIn(data=self.body)
        body.is_valid(raise_exception=True)
        job = start_score_job(org_id=self.caller.org_id, by=self.caller.name, criteria=body.validated_data)
        return Response(shapes.ScoreJobOut(job.to_json()).data, status=202)


class OneScoreJob(ContractView):
    """Following a score job."""

    required_scope = READ

    @extend_schema(
        responses=shapes.ScoreJobOut,
        tags=["predictions"],
        examples=[OpenApiExample("On its way", examples.SCORE_JOB, response_only=True)],
    )
    def get(self, request: Request, job_id: Any) -> Response:
        """How far the job is."""
        job = ScoreJob.objects.of(self.caller.org_id).filter(pk=job_id).first()
        if job is None:
            raise NotFound("There is no such score job.")
        return Response(shapes.ScoreJobOut(job.to_json()).data)


class Ranked(ContractView):
    """The leads worth calling."""

    required_scope = READ

    @extend_schema(
        parameters=[shapes.RankedIn],
        responses=shapes.RankedPage,
        tags=["predictions"],
        operation_id="leads_ranked",
        examples=[OpenApiExample("The best", examples.RANKED, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """The leads by current probability, or by expected value, best first; undecided ones unless asked otherwise."""
        query = shapes.RankedIn(data=self.query)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        conditions = {name: value for name, value in wanted.items() if name in CONDITIONS}
        ranking = Ranking(self.caller.org_id, conditions, with_decided=wanted["include_decided"])
        page = ORDERS[wanted["order"]].page(request, ranking)
        return Response(page.answer(answers.ranked(self.caller.org_id, page.rows)))
