"""A kept connection is known to be gone without asking its server."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def test_a_connection_whose_server_has_ended_it_is_not_usable() -> None:
    kept = connection.copy()
    try:
        kept.ensure_connection()
        assert kept.is_usable()
        with kept.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
        assert kept.is_usable()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        assert not kept.is_usable()
    finally:
        kept.close()
    assert not kept.is_usable()
