"""The doors for leads and what happens to them, under `/api/ml/leads/`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import TooLarge
from common.idempotency import idempotent
from common.scopes import HasScope, ensure_own_org
from common.views import ContractView
from leads.api import answers
from leads.api import serializers as shapes
from leads.api.examples import APPOINTMENT, KNOWN_LEAD, LEAD, MESSAGE
from leads.intake import add_events, put_leads
from leads.models import Dossier

READ, WRITE = "predictions:read", "leads:write"
READING = ("GET", "HEAD")


class MayRead(HasScope):
    """Reading a lead takes `predictions:read`; who may write leads may also read them back."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller has either scope. Raises PermissionDenied that names the lacking one."""
        if request.method not in READING or not request.user or not request.user.is_authenticated:
            return super().has_permission(request, view)
        return WRITE in view.caller.scopes or super().has_permission(request, view)


class Lead(ContractView):
    """A lead, told and read back."""

    required_scope = {"PUT": WRITE, "GET": READ}
    permission_classes = [MayRead]

    @extend_schema(
        request=shapes.LeadIn,
        tags=["leads"],
        operation_id="leads_put",
        responses={200: shapes.LeadOut, 201: OpenApiResponse(shapes.LeadOut, "It was not known before.")},
        examples=[
            OpenApiExample("A lead", LEAD, request_only=True),
            OpenApiExample("As known", KNOWN_LEAD, response_only=True, status_codes=["200", "201"]),
        ],
    )
    def put(self, request: Request, dossier_id: int) -> Response:
        """Creates (201) or replaces (200) a lead. What is left out is no longer so; what was so stays on record."""
        body = shapes.LeadIn(data=request.data)
        body.is_valid(raise_exception=True)
        done = put_leads(
            org_id=self.caller.org_id, leads=[body.record(dossier_id)], at=timezone.now(), by=self.caller.name
        )
        lead = lead_or_404(self.caller.org_id, dossier_id)
        return Response(answers.lead_as_known(lead), status=201 if done.created else 200)

    @extend_schema(
        responses=shapes.LeadOut,
        tags=["leads"],
        operation_id="leads_get",
        examples=[OpenApiExample("As known", KNOWN_LEAD, response_only=True)],
    )
    def get(self, request: Request, dossier_id: int) -> Response:
        """The lead as known: its values, how many events of each kind, its outcome and its current score."""
        return Response(answers.lead_as_known(lead_or_404(self.caller.org_id, dossier_id)))


class LeadEvents(ContractView):
    """What happens to a lead."""

    required_scope = WRITE

    @extend_schema(
        request=PolymorphicProxySerializer(
            component_name="OneEventOrSeveral",
            serializers=[shapes.EventIn, shapes.EventIn(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        tags=["leads"],
        operation_id="leads_events_add",
        responses={201: shapes.EventsOut, 200: OpenApiResponse(shapes.EventsOut, "All were known already.")},
        examples=[
            OpenApiExample("One message", MESSAGE, request_only=True),
            OpenApiExample("Several", [MESSAGE, APPOINTMENT], request_only=True),
            OpenApiExample("Added", {"dossier_id": 42, "added": 2, "known": 0}, response_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request, dossier_id: int) -> Response:
        """Adds one event, or an array of up to 10,000. The same `external_id` sent twice counts once."""
        lead = lead_or_404(self.caller.org_id, dossier_id)
        events = [shapes.event_record(lead.number, told) for told in self._told(request)]
        done = add_events(org_id=self.caller.org_id, events=events, at=timezone.now(), by=self.caller.name)
        answer = {"dossier_id": lead.number, "added": done.added, "known": done.known}
        return Response(answer, status=201 if done.added else 200)

    def _told(self, request: Request) -> list[dict[str, Any]]:
        many = isinstance(request.data, list)
        if many and len(request.data) > settings.BATCH_MAX_ITEMS:
            raise TooLarge(f"At most {settings.BATCH_MAX_ITEMS:,} events may be sent at once.")
        if many and not request.data:
            raise ValidationError("There is no event in the array.")
        body = shapes.EventIn(data=request.data, many=many)
        body.is_valid(raise_exception=True)
        told = body.validated_data if many else [body.validated_data]
        for event in told:
            ensure_own_org(request, event.get("org_id"))
        return told


def lead_or_404(org_id: str, number: int) -> Dossier:
    """The organisation's lead of that number. Raises NotFound, also for another organisation's."""
    lead = answers.find_lead(org_id, number)
    if lead is None:
        raise NotFound("There is no such lead.")
    return lead
