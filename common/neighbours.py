"""Whether an organisation shares the installation with others."""

from __future__ import annotations

from common.audit import AuditEntry
from common.service_tokens import ServiceToken
from common.tenancy import Membership

WHO = (Membership, ServiceToken, AuditEntry)
"""People, programs, and whatever was done: an organisation in none of them has nobody who could mind."""


def has_neighbours(org_id: str) -> bool:
    """Whether the installation serves another organisation, too. One statement, by indexes also in a long history."""
    # "Below or above" instead of "not equal", which no index can answer.
    others = [
        table._default_manager.filter(**{f"org_id__{side}": org_id}).order_by().values_list("org_id")
        for table in WHO
        for side in ("lt", "gt")
    ]
    return others[0].union(*others[1:], all=True).exists()
