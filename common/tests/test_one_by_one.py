"""Organisations are cared for one after another: one's trouble is its own, a server that is away is everybody's."""

import pytest
from django.db import OperationalError, connection, transaction

from common.one_by_one import SomeFailed, for_each

pytestmark = pytest.mark.django_db


def _too_long() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SELECT pg_sleep(10)")


def test_a_statement_that_took_one_organisation_too_long_keeps_no_other_waiting() -> None:
    done = []

    def act(org_id: str) -> None:
        if org_id == "b":
            _too_long()
        done.append(org_id)

    with pytest.raises(SomeFailed, match="b"):
        for_each(("a", "b", "c"), act, failure="not_done")
    assert done == ["a", "c"]


def test_a_server_that_is_away_ends_it_at_once() -> None:
    asked = []

    def act(org_id: str) -> None:
        asked.append(org_id)
        raise OperationalError("server closed the connection unexpectedly")

    with pytest.raises(OperationalError, match="closed"):
        for_each(("a", "b"), act, failure="not_done")
    assert asked == ["a"]


def test_what_was_made_is_returned_in_turn() -> None:
    assert for_each(("a", "b"), str.upper, failure="not_done") == ["A", "B"]
