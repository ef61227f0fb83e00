"""The terms on which leads are scored now, read in one statement: the organisation, the active version, the shadow.

Where leads are asked for by their numbers, the same statement reads what is known of them; it also looks up the tokens
of the callers. It is sent anew for each request and each chunk of a job, and nothing of it is kept in between, so that
a rollback holds at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from common import service_tokens
from common.joined import Joined, Part, part
from common.service_tokens import Refusals, Tokens
from experiments.models import Experiment
from leads.models import Dossier, Organisation, Outcome
from leads.seen import within
from models_registry import scorers
from models_registry.models import ModelVersion
from models_registry.scorers import NEEDED, Chosen

ORGANISATION = part("o", Organisation, "time_zone", "horizon_days", "observed_until", shared=True)
ACTIVE, SHADOW = (part(alias, ModelVersion, *NEEDED, shared=True) for alias in ("a", "s"))
EXPERIMENT = part("e", Experiment)
TERMS: tuple[Part[Organisation], Part[ModelVersion], Part[ModelVersion], Part[Experiment]] = (
    ORGANISATION,
    ACTIVE,
    SHADOW,
    EXPERIMENT,
)
LEAD = part("d", Dossier, "org_id", "number", "created_at")
OUTCOME = part("u", Outcome, "converted", "occurred_at", "revenue")

# Whether an experiment decides at all; on which leads, is the experiments' to say.
OF_ORGANISATION = """
FROM (SELECT %(org_id)s::varchar AS org_id) AS asked
LEFT JOIN organisation o ON o.org_id = asked.org_id
LEFT JOIN ml_model_version a ON a.org_id = asked.org_id AND a.is_active
LEFT JOIN ml_model_version s ON s.org_id = asked.org_id AND s.is_shadow
LEFT JOIN LATERAL (
    SELECT id FROM ab_test_experiment
    WHERE org_id = asked.org_id AND status IN ('RUNNING', 'ENROLMENT_CLOSED') LIMIT 1
) AS e ON true
"""
OF_LEADS = f"""{OF_ORGANISATION}
LEFT JOIN dossier d ON d.org_id = asked.org_id AND d.number = {{which}}
LEFT JOIN lead_outcome u ON u.dossier_id = d.id AND u.superseded_at IS NULL
ORDER BY d.id
"""
TERMS_NOW = Joined(TERMS, OF_ORGANISATION, {"org_id": "varchar"})
TERMS_FOR_CALLERS = Joined(
    TERMS, OF_ORGANISATION, {"org_id": "varchar"} | service_tokens.NEEDED, beside=(service_tokens.LISTED,)
)
# As `moment_of` has it; PostgreSQL leaves what is null out of both.
MOMENT = "greatest(least(o.observed_until, %(now)s), d.created_at)"
LEAD_NOW, LEADS_NOW = (
    Joined(
        (*TERMS, LEAD, OUTCOME),
        OF_LEADS.format(which=which),
        {"org_id": "varchar"} | service_tokens.NEEDED | types,
        beside=(MOMENT, within("d.id", MOMENT), service_tokens.LISTED),
    )
    for which, types in (("%(number)s", {"number": "bigint"}), ("ANY(%(numbers)s)", {"numbers": "bigint[]"}))
)


@dataclass(frozen=True)
class Terms:
    """What holds for every lead of an organisation now."""

    org: Organisation
    active: ModelVersion | None
    shadow: ModelVersion | None
    is_experimenting: bool


@dataclass(frozen=True)
class Asked:
    """A lead that is asked for, its current outcome, the terms, and the moment as of which it was read."""

    dossier: Dossier
    outcome: Outcome | None
    terms: Terms
    moment: datetime
    seen: str
    """What is known of it, for `leads.snapshots.told`."""


def terms_of(org_id: str) -> Terms:
    """The organisation's terms as they are now."""
    return _terms(org_id, *next(TERMS_NOW.rows({"org_id": org_id})))


def scorer_of(org_id: str) -> Chosen:
    """The active version's scorer as of now, or the rules where none is active."""
    return _scorer(terms_of(org_id))


def scorer_for(org_id: str, tokens: Tokens) -> tuple[Chosen, Refusals]:
    """The same, and which of the callers are refused. `tokens` holds the token that each of them shows, or None."""
    ((*terms, listed),) = TERMS_FOR_CALLERS.rows({"org_id": org_id} | _now(tokens))
    return _scorer(_terms(org_id, *terms)), service_tokens.refusals(tokens, listed)


def leads_of(org_id: str, numbers: Sequence[int], tokens: Tokens = ()) -> tuple[list[Asked], Refusals]:
    """The organisation's leads among these distinct numbers, with the terms, in the order of their keys.

    And which of the callers are refused. `tokens` holds the token that each of them shows, or None.
    """
    query = {"org_id": org_id} | _now(tokens)
    found = list(
        LEAD_NOW.rows(query | {"number": numbers[0]})
        if len(numbers) == 1
        else LEADS_NOW.rows(query | {"numbers": list(numbers)})
    )
    asked = [
        Asked(dossier, outcome, _terms(org_id, *terms), moment, seen)
        for *terms, dossier, outcome, moment, seen, _ in found
        if dossier is not None  # where there is none at all, one row says what holds for the callers
    ]
    return asked, service_tokens.refusals(tokens, found[0][-1])


def moment_of(org: Organisation, dossier: Dossier) -> datetime:
    """The moment as of which a lead is read now."""
    # A lead that the CRM dates into the future is read as it will be when it begins.
    return max(org.now(), dossier.created_at)


def _now(tokens: Tokens) -> dict[str, Any]:
    return {"now": timezone.now(), "tokens": [token for token in tokens if token is not None]}


def _scorer(terms: Terms) -> Chosen:
    return scorers.as_read(terms.org.org_id, scorers.ML, active=terms.active)


def _terms(
    org_id: str,
    org: Organisation | None,
    active: ModelVersion | None,
    shadow: ModelVersion | None,
    experiment: Experiment | None,
) -> Terms:
    return Terms(org or Organisation(org_id=org_id), active, shadow, is_experimenting=experiment is not None)
