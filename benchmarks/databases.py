"""A database of its own for a benchmark, on the embedded servers: dropped in the end, or kept for the next time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

IS_FILLED = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
FILLED = "filled"


@contextmanager
def own_database() -> Iterator[None]:
    """Servers, and a database that is dropped in the end."""
    from leadqual import embedded  # noqa: PLC0415

    with embedded.running():
        import django  # noqa: PLC0415

        django.setup()
        from django.db import connection  # noqa: PLC0415

        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


@contextmanager
def kept_database(name: str, fill: Callable[[], None]) -> Iterator[None]:
    """Servers, and a database of that name that stays; filled where it was never filled to the end."""
    from leadqual import embedded  # noqa: PLC0415

    with embedded.running():
        import django  # noqa: PLC0415

        django.setup()
        from django.db import connection  # noqa: PLC0415

        connection.settings_dict["TEST"]["NAME"] = name
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False, keepdb=True)
        if not _is_filled():
            connection.close()
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            fill()
            with connection.cursor() as cursor:
                cursor.execute(f"COMMENT ON DATABASE {name} IS '{FILLED}'")
        yield


def _is_filled() -> bool:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(IS_FILLED)
        return bool(cursor.fetchone()[0] == FILLED)
