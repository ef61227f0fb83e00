"""The release before serves while tables are migrated, so what takes long on many rows holds no lock on a table."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, migrations
from django.db.migrations.executor import MigrationExecutor

from leads.models import Dossier
from leads.tests.cast import MONDAY, a_lead

TOLD_STATUS = import_module("leads.migrations.0011_told_status")


def migrate(name: str | None = None) -> None:
    """This room's tables to a migration; to the newest where none is named."""
    executor = MigrationExecutor(connection)
    leaves = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "leads"]
    executor.migrate([("leads", name)] if name else leaves)


def read_elsewhere(apps: Any, schema_editor: Any) -> None:
    """Fails where a lead cannot be read meanwhile."""

    def read() -> int:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
                cursor.execute("SELECT count(*) FROM dossier")
                return int(cursor.fetchone()[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(read).result() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_leads_are_read_while_their_history_is_searched_for_what_they_were_told_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_lead(MONDAY, number=42)
    added, found = TOLD_STATUS.Migration.operations
    watched = [added, migrations.RunPython(read_elsewhere, migrations.RunPython.noop), found]
    try:
        migrate("0010_currency")
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(TOLD_STATUS.Migration, "operations", watched)
            migrate("0011_told_status")
    finally:
        migrate()
    assert Dossier.objects.get().told_status is None
