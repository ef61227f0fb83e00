"""The leads of a view as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from common.spreadsheets import harmless
from insights import words
from insights.pages.today import MOST_SAVED, Row, rows_of
from insights.ranking import ranked, to_call
from insights.wanted import Wanted
from leads.models import LeadScore, Organisation
from leads.orders import ORDERS

CHUNK = 500


class _Line:
    """A file for `csv.writer` that returns each line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def lines_of(org: Organisation, wanted: Wanted) -> Iterator[str]:
    """The view's leads in its order, at most 10,000, with a head; the first character says that it is UTF-8."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(_head(org.currency))
    found = _shown(org.org_id, wanted)
    for start in range(0, len(found), CHUNK):
        for row in rows_of(org, found[start : start + CHUNK]):
            yield writer.writerow([harmless(cell) for cell in _cells(row)])


def _shown(org_id: str, wanted: Wanted) -> Sequence[LeadScore]:
    found = ranked(org_id, wanted)
    if wanted.calls:
        return list(to_call(found, wanted))
    return list(found.order_by(*ORDERS[wanted.order].order)[:MOST_SAVED])


def _head(currency: str) -> list[str]:
    worth = f"{_('Expected value')} ({currency})" if currency else _("Expected value")
    names = (_("Lead"), _("Action"), _("Probability"), _("from"), _("to"), _("Confidence"), worth)
    more = (_("Source"), _("Region"), _("Owner"), _("Created"), _("Your own probability"), _("Reason 1"), _("Reason 2"))
    return [str(name) for name in (*names, *more)]


def _cells(row: Row) -> list[Any]:
    score, lead = row.score, row.lead
    numbers = [score.probability, row.low, row.high, score.confidence]
    reasons = [words.capital(reason.sentence) for reason in row.reasons]
    return [
        lead.number,
        row.action.label,
        *("" if number is None else round(number, 4) for number in numbers),
        "" if score.expected_value is None else round(score.expected_value, 2),
        lead.source or "",
        lead.region or "",
        lead.owner or "",
        lead.created_at.isoformat(timespec="minutes"),
        "" if row.override is None else round(row.override.probability, 4),
        *[*reasons, "", ""][:2],
    ]
