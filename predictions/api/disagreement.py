"""The door for what two methods would recommend differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.serializers import StrictSerializer, TextField
from common.views import ContractView
from models_registry.scorers import UnknownMethod
from predictions.disagreement import disagreement
from predictions.side_by_side import Unreadable

EXAMPLE = {
    "leads": 500,
    "differ": 130,
    "share": 0.26,
    "words": "Both recommend different actions for 26% of the leads; on the others nothing can differ.",
    "pairs": [{"control_action": "NURTURE", "treatment_action": "HIGH_PRIORITY", "leads": 130}],
}


class MethodsIn(StrictSerializer):
    """Two methods."""

    control_method = TextField(max_length=32, help_text="`RULE_BASED`, `ML`, or `ML:<version>`.")
    treatment_method = TextField(max_length=32)


class PairOut(serializers.Serializer[Any]):
    """Leads for which one recommends this and the other that."""

    control_action = serializers.CharField()
    treatment_action = serializers.CharField()
    leads = serializers.IntegerField()


class DisagreementOut(serializers.Serializer[Any]):
    """On how many of the newest undecided leads both methods differ."""

    leads = serializers.IntegerField()
    differ = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    words = serializers.CharField()
    pairs = PairOut(many=True)


def _refused(said: Mapping[str, str], error: Exception, why: str) -> ValidationError:
    """What the error says of a method, by the fields that name it."""
    wrong = [name for name, method in said.items() if method == str(error)]
    return ValidationError(dict.fromkeys(wrong, f"{error} {why}"))


class Differences(ContractView):
    """Before a start."""

    required_scope = "experiments:read"

    @extend_schema(
        parameters=[MethodsIn],
        responses=DisagreementOut,
        tags=["experiments"],
        operation_id="ab_test_differences",
        examples=[OpenApiExample("A quarter", EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """The share of leads for which two methods recommend different actions. Nothing differs: do not run one."""
        query = MethodsIn(data=self.query)
        query.is_valid(raise_exception=True)
        said = query.validated_data
        try:
            found = disagreement(
                org_id=self.caller.org_id, control=said["control_method"], treatment=said["treatment_method"]
            )
        except UnknownMethod as error:
            raise _refused(said, error, "is no method of yours.") from error
        except Unreadable as error:
            raise _refused(said, error, "reads what this installation does not know of leads.") from error
        pairs = [
            {"control_action": old, "treatment_action": new, "leads": leads}
            for (old, new), leads in sorted(found.pairs.items(), key=lambda pair: -pair[1])
        ]
        return Response(
            {"leads": found.leads, "differ": found.differ, "share": found.share, "words": found.words, "pairs": pairs}
        )
