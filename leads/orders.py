"""In which orders leads are listed, page by page: as the indexes of their current scores sort them."""

from __future__ import annotations

from collections.abc import Sequence

from common.joined import Joined, part
from common.pagination import Keyset
from leads.models import Dossier, LeadScore

# Many leads may have one and the same score: then by the lead's key.
ORDERS = {name: Keyset(name, float, tie="dossier_id", rises=True) for name in ("probability", "expected_value")}


LEADS = Joined(
    [part("d", Dossier, *(field.attname for field in Dossier._meta.concrete_fields))],
    "FROM dossier d WHERE d.id = ANY(%(keys)s)",
    {"keys": "bigint[]"},
)


def with_leads(scores: Sequence[LeadScore]) -> list[LeadScore]:
    """These scores, each with its lead; without those of leads that were forgotten meanwhile. One statement."""
    found = {lead.pk: lead for (lead,) in LEADS.rows({"keys": [score.dossier_id for score in scores]})}
    shown = [score for score in scores if score.dossier_id in found]
    for score in shown:
        score.dossier = found[score.dossier_id]
    return shown
