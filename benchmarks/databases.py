"""A database of its own for a benchmark, on the embedded servers; dropped in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
