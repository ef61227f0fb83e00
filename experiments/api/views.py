"""The doors for experiments, under `/api/ml/ab-test`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.idempotency import idempotent
from common.serializers import MAX_ID
from common.views import ContractView
from experiments import answers, lifecycle
from experiments.analysis import analyse
from experiments.api import answer_shapes as out
from experiments.api import shapes
from experiments.api import trial_shapes as trial
from experiments.api.examples import A_B_TEST, ACTS, EXPERIMENT, METRICS, PLAN, SELF_TEST, STOPPED
from experiments.designs import TWO_ARMS, Impossible
from experiments.models import Experiment
from experiments.planning import plan, traffic
from experiments.self_test import self_test
from leads.models import Organisation

READ, WRITE = "experiments:read", "experiments:write"


def experiment_or_404(org_id: str, number: int) -> Experiment:
    """The organisation's experiment. Raises NotFound, also for another organisation's."""
    experiment = Experiment.objects.of(org_id).filter(pk=number).first() if number <= MAX_ID else None
    if experiment is None:
        raise NotFound("There is no such experiment.")
    return experiment


@contextmanager
def refusals(said: Collection[str] = ()) -> Iterator[None]:
    """What the acts raise, as the API's errors, by the fields that were `said`."""
    try:
        yield
    except Impossible as error:
        raise ValidationError(_by_field(error.problems, said)) from error
    except Experiment.DoesNotExist as error:
        raise NotFound("There is no such experiment.") from error


def _by_field(problems: Mapping[str, str], said: Collection[str]) -> dict[str, list[str]]:
    """Of arms that were told as `variants`, what is wrong is wrong with these: nothing else of them was sent."""
    named: dict[str, list[str]] = {}
    for name, text in problems.items():
        named.setdefault("variants" if "variants" in said and name in TWO_ARMS else name, []).append(text)
    return named


class Experiments(ContractView):
    """All of them, and a new one."""

    required_scope = {"GET": READ, "POST": WRITE}

    @extend_schema(
        responses=trial.TrialOut(many=True),
        tags=["experiments"],
        operation_id="ab_test_list",
        examples=[OpenApiExample("One experiment", EXPERIMENT, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Every experiment, newest first."""
        rows = Experiment.objects.of(self.caller.org_id).newest_first()
        return Response([row.to_json() for row in rows])

    @extend_schema(
        request=shapes.ExperimentIn,
        responses={201: trial.TrialOut},
        tags=["experiments"],
        examples=[
            OpenApiExample("Two arms", A_B_TEST, request_only=True),
            OpenApiExample("Running", EXPERIMENT, response_only=True, status_codes=["201"]),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Makes an experiment, and starts it unless `start` is false. 409 where another one has these leads."""
        body = shapes.ExperimentIn(data=self.body)
        body.is_valid(raise_exception=True)
        with refusals(body.validated_data):
            made = lifecycle.create_experiment(
                org_id=self.caller.org_id,
                plan=body.plan(),
                by=self.caller.name,
                at=timezone.now(),
                start=body.validated_data["start"],
            )
        return Response(made.to_json(), status=201)


class OneExperiment(ContractView):
    """One experiment."""

    required_scope = READ

    @extend_schema(
        responses=trial.TrialWithActsOut,
        tags=["experiments"],
        examples=[OpenApiExample("Running", EXPERIMENT | {"acts": ACTS}, response_only=True)],
    )
    def get(self, request: Request, number: int) -> Response:
        """The experiment with its design, its hash, and who did what with it."""
        experiment = experiment_or_404(self.caller.org_id, number)
        acts = [answers.act(row) for row in lifecycle.acts_of(experiment)]
        return Response(experiment.to_json() | {"acts": acts})


class Metrics(ContractView):
    """What it says."""

    required_scope = READ

    @extend_schema(
        responses=out.MetricsOut,
        tags=["experiments"],
        examples=[OpenApiExample("Not yet", METRICS, response_only=True)],
    )
    def get(self, request: Request, number: int) -> Response:
        """How the arms stand, what may be said at every look, who has won or why nobody has yet, and how long still.

        The four fields of each arm count all leads so far; `winner` and `comparisons` go by those whose window is over.
        """
        experiment = experiment_or_404(self.caller.org_id, number)
        at = Organisation.get(self.caller.org_id).now()
        return Response(answers.metrics(analyse(experiment, at=at)))


class _Act(ContractView):
    """A step in an experiment's life."""

    required_scope = WRITE

    def told(self, number: int) -> dict[str, Any]:
        """What every act needs."""
        return {
            "org_id": self.caller.org_id,
            "experiment_id": min(number, MAX_ID),
            "by": self.caller.name,
            "at": timezone.now(),
        }

    def reason(self) -> str:
        """Why, if somebody said."""
        body = shapes.ReasonIn(data=self.body)
        body.is_valid(raise_exception=True)
        return str(body.validated_data["reason"])


class Start(_Act):
    """From a draft to a running experiment."""

    @extend_schema(
        request=None,
        responses=trial.TrialOut,
        tags=["experiments"],
        examples=[OpenApiExample("Running", EXPERIMENT, response_only=True)],
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Lets leads in. The design is hashed, and stands from now on. 409 where another one has these leads."""
        self.take_no_body()
        with refusals():
            return Response(lifecycle.start_experiment(**self.told(number)).to_json())


class CloseEnrolment(_Act):
    """No new leads."""

    @extend_schema(
        request=shapes.ReasonIn,
        responses=trial.TrialOut,
        tags=["experiments"],
        examples=[
            OpenApiExample("Why", {"reason": "Enough leads."}, request_only=True),
            OpenApiExample(
                "Closed",
                EXPERIMENT | {"status": "ENROLMENT_CLOSED", "enrolment_closed_at": "2026-10-29T09:00:00Z"},
                response_only=True,
            ),
        ],
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Takes no new leads; those that are in stay in their arms. 409 unless it is running."""
        with refusals():
            return Response(lifecycle.close_enrolment(**self.told(number), reason=self.reason()).to_json())


class LetMature(_Act):
    """Waiting for outcomes."""

    @extend_schema(
        request=shapes.ReasonIn,
        responses=trial.TrialOut,
        tags=["experiments"],
        examples=[
            OpenApiExample("Why", {"reason": "Enough leads."}, request_only=True),
            OpenApiExample(
                "Waiting",
                EXPERIMENT | {"status": "MATURING", "enrolment_closed_at": "2026-10-29T09:00:00Z"},
                response_only=True,
            ),
        ],
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Scores every lead by the default method again, and waits for the outcomes that are due."""
        with refusals():
            return Response(lifecycle.let_mature(**self.told(number), reason=self.reason()).to_json())


class Stop(_Act):
    """The end."""

    @extend_schema(
        request=shapes.StopIn,
        responses=trial.TrialOut,
        tags=["experiments"],
        examples=[
            OpenApiExample("Ship it", {"decision": "SHIP", "reason": "A winner."}, request_only=True),
            OpenApiExample("Stopped", STOPPED, response_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Ends the experiment with a decision, `INCONCLUSIVE` unless said. 409 where it has ended."""
        body = shapes.StopIn(data=self.body)
        body.is_valid(raise_exception=True)
        with refusals():
            return Response(lifecycle.stop_experiment(**self.told(number), **body.validated_data).to_json())


class Iterate(_Act):
    """The same question again, asked otherwise."""

    @extend_schema(
        request=shapes.IterationIn,
        responses={201: trial.TrialOut},
        tags=["experiments"],
        examples=[
            OpenApiExample("Half of the leads", {"coverage": 0.5}, request_only=True),
            OpenApiExample(
                "Running again",
                EXPERIMENT | {"id": 8, "coverage": 0.5, "iteration": 2, "previous": 7},
                response_only=True,
                status_codes=["201"],
            ),
        ],
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """A new iteration of a stopped experiment, with what is changed, drawn by a new salt. 409 unless it stopped."""
        body = shapes.IterationIn(data=self.body)
        body.is_valid(raise_exception=True)
        start = body.validated_data["start"]
        with refusals(body.validated_data):
            made = lifecycle.iterate(**self.told(number), start=start, **body.changes())
        return Response(made.to_json(), status=201)


class SelfTest(ContractView):
    """Whether the method keeps its word here."""

    required_scope = READ

    @extend_schema(
        responses=out.SelfTestOut,
        tags=["experiments"],
        examples=[OpenApiExample("Of 10,000 leads", SELF_TEST, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Experiments without any effect on the organisation's own leads: how often each way of looking names a winner.

        The newest 10,000 leads whose window is over are put into two like arms 500 times, and looked at every 100.
        """
        at = Organisation.get(self.caller.org_id).now()
        return Response(answers.self_tested(self_test(self.caller.org_id, at=at)))


class PlanExperiment(ContractView):
    """How long it would take."""

    required_scope = READ

    @extend_schema(
        request=shapes.PlanIn,
        responses=out.PlanOut,
        tags=["experiments"],
        examples=[
            OpenApiExample("A tenth more", {"smallest_lift": 0.1}, request_only=True),
            OpenApiExample("Ten weeks", PLAN, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Leads and days that an experiment needs, by the organisation's own rate and traffic unless given."""
        body = shapes.PlanIn(data=self.body)
        body.is_valid(raise_exception=True)
        return Response(answers.planned(_planned(self.caller.org_id, body.validated_data), body.validated_data))


def _planned(org_id: str, said: dict[str, Any]) -> Any:
    own = traffic(
        org_id,
        attribution_days=said["attribution_days"],
        population=said.get("population", {}),
        at=Organisation.get(org_id).now(),
    )
    return plan(
        rate=said.get("baseline_rate", own.rate),
        leads_per_day=said.get("leads_per_day", own.leads_per_day),
        lift=said["smallest_lift"],
        power=said["power"],
        treatment_share=1 - said["traffic_split"],
        attribution_days=said["attribution_days"],
        horizon=said["horizon"],
    )
