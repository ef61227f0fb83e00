"""Audit rows: added and never changed, in a chain that shows every change made behind its back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from common import audit
from common.audit import AuditEntry

NOW = datetime(2026, 6, 1, 9, 30, 0, 123456, tzinfo=timezone.utc)


def three_acts(org_id: str = "default") -> None:
    for act in ("one", "two", "three"):
        audit.record(
            org_id=org_id,
            act=act,
            by="tester",
            at=NOW,
            evidence={"share": 0.1, "most": 10**22, "of": [None, True, "é"]},
        )


def tamper(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only")


@pytest.mark.django_db
def test_each_organisations_rows_are_chained(capsys: pytest.CaptureFixture[str]) -> None:
    three_acts()
    three_acts("other")
    call_command("audit", "verify")
    assert [line.split(", to")[0] for line in capsys.readouterr().out.splitlines()] == [
        "default: 3 rows hold",
        "other: 3 rows hold",
    ]


@pytest.mark.django_db
def test_an_organisation_of_which_nothing_is_kept_has_not_been_proven() -> None:
    three_acts()
    with pytest.raises(CommandError, match=r'Nothing is kept of "defualt"\. There is: default\.'):
        call_command("audit", "verify", "--org", "defualt")


@pytest.mark.django_db
def test_rows_cannot_be_changed_or_deleted() -> None:
    three_acts()
    for forbidden in (AuditEntry.objects.all().delete, lambda: AuditEntry.objects.update(by="nobody")):
        with pytest.raises(IntegrityError), transaction.atomic():
            forbidden()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "number", "words"),
    [
        ("UPDATE audit_entry SET by = 'nobody' WHERE number = 2", 2, "content"),
        ("UPDATE audit_entry SET evidence = '{}' WHERE number = 1", 1, "content"),
        ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE number = 3", 3, "content"),
        ("DELETE FROM audit_entry WHERE number = 2", 2, "missing"),
        ("DELETE FROM audit_entry WHERE number = 1", 1, "missing"),
        ("UPDATE audit_entry SET org_id = 'other' WHERE number = 3", 3, ""),
    ],
)
def test_who_gets_around_the_trigger_is_found_out(statement: str, number: int, words: str) -> None:
    three_acts()
    tamper(statement)
    broken = next(filter(None, (audit.verify(org_id).broken for org_id in audit.organisations())))
    assert broken.number in (number, 1)
    assert words in broken.words
    with pytest.raises(CommandError):
        call_command("audit", "verify")


@pytest.mark.django_db
def test_an_end_that_was_kept_elsewhere_shows_what_was_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    three_acts()
    last = audit.verify("default").last
    assert last is not None
    kept = f"{last.number}:{last.hash}"
    call_command("audit", "verify", org="default", holds=kept)
    tamper("DELETE FROM audit_entry WHERE number = 3")
    call_command("audit", "verify")  # a chain that was shortened holds in itself
    with pytest.raises(CommandError):
        call_command("audit", "verify", org="default", holds=kept)
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("audit", "verify", org="default", holds="²:ab")
    assert "not in the chain" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_acts_at_the_same_time_do_not_fork_the_chain(django_db_serialized_rollback: None) -> None:
    def act(number: int) -> Any:
        try:
            return audit.record(org_id="default", act=f"act {number}", by="tester", at=NOW).number
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(act, range(24)))
    assert sorted(numbers) == list(range(1, 25))
    assert audit.verify("default").broken is None
