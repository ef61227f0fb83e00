"""What is copied in is what was given."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from django.db import connection

from common.copying import copy_in

pytestmark = pytest.mark.django_db


def test_a_moment_is_copied_to_the_microsecond_in_whatever_year() -> None:
    start = datetime(2041, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    moments = [start + timedelta(microseconds=each) for each in range(100_000, 100_200)]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copied (n bigint, at timestamptz) ON COMMIT DROP")
        for n, moment in enumerate(moments):
            copy_in(cursor, "copied", {"n": np.array([n]), "at": moment})
        cursor.execute("SELECT at FROM copied ORDER BY n")
        assert [at for (at,) in cursor.fetchall()] == moments
