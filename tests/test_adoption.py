"""`migrate --fake-initial` adopts a CRM's own tables: its rows become leads, and it can go on writing them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.slow
NAME = "adopted_crm"
CRM = """
CREATE TABLE dossier (id bigserial PRIMARY KEY, org_id varchar(64) NOT NULL, status varchar(200) NOT NULL,
    created_at timestamptz NOT NULL, lead_name text);
CREATE TABLE property (id bigserial PRIMARY KEY, org_id varchar(64) NOT NULL, price double precision,
    dossier_id bigint NOT NULL UNIQUE REFERENCES dossier);
CREATE TABLE message_entity (id bigserial PRIMARY KEY, org_id varchar(64) NOT NULL, direction varchar(8),
    created_at timestamptz NOT NULL, dossier_id bigint NOT NULL REFERENCES dossier, body text);
CREATE TABLE appointment_entity (id bigserial PRIMARY KEY, org_id varchar(64) NOT NULL,
    created_at timestamptz NOT NULL, dossier_id bigint NOT NULL REFERENCES dossier);
CREATE TABLE lead_score (id bigserial PRIMARY KEY, org_id varchar(64) NOT NULL,
    dossier_id bigint NOT NULL UNIQUE REFERENCES dossier);
INSERT INTO dossier (id, org_id, status, created_at, lead_name)
    VALUES (4711, 'default', 'NEW', '2026-01-05T09:00Z', 'Ada'), (4700, 'default', 'WON', '2025-12-01T09:00Z', 'Bo');
INSERT INTO property (org_id, price, dossier_id) VALUES ('default', 250000, 4711);
INSERT INTO message_entity (org_id, direction, created_at, dossier_id, body)
    VALUES ('default', 'INBOUND', '2026-01-06T09:00Z', 4711, 'Hello');
"""


def connect(name: str) -> Any:
    server = settings.DATABASES["default"]
    opened = psycopg2.connect(
        host=server["HOST"], port=server["PORT"], user=server["USER"], password=server["PASSWORD"], dbname=name
    )
    opened.autocommit = True
    return opened


@pytest.fixture
def crm(django_db_blocker: Any) -> Iterator[Any]:
    admin = connect("postgres")
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {NAME}")
    opened = connect(NAME)
    try:
        with opened.cursor() as cursor:
            cursor.execute(CRM)
            yield cursor
    finally:
        opened.close()
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
        admin.close()


def manage(*words: str) -> None:
    server = settings.DATABASES["default"]
    host = str(server["HOST"]).replace("/", "%2F")
    password = f":{server['PASSWORD']}" if server["PASSWORD"] else ""
    url = f"postgres://{server['USER']}{password}@{host}:{server['PORT']}/{NAME}"
    subprocess.run(
        [sys.executable, "manage.py", *words],
        check=True,
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": url},
        timeout=120,
    )


def migrate() -> None:
    manage("migrate", "--fake-initial", "--verbosity", "0")


def follow() -> None:
    manage("shell", "--verbosity", "0", "-c", "from leads.tasks import follow_untold_statuses as f; f()")


@pytest.mark.django_db
def test_the_crms_rows_become_leads_and_it_goes_on_writing(crm: Any) -> None:
    assert connection.vendor == "postgresql"
    migrate()
    crm.execute("SELECT number, recorded_at = created_at, lead_name FROM dossier WHERE status = 'NEW'")
    assert crm.fetchall() == [(4711, True, "Ada")]
    crm.execute("SELECT recorded_at = created_at FROM message_entity")
    assert crm.fetchall() == [(True,)]
    crm.execute("SELECT known_from = '2026-01-05T09:00Z' FROM property")
    assert crm.fetchall() == [(True,)]
    crm.execute("INSERT INTO dossier (id, org_id, status, created_at) VALUES (4712, 'default', 'NEW', now())")
    crm.execute(
        "INSERT INTO message_entity (org_id, direction, created_at, dossier_id)"
        " VALUES ('default', 'OUTBOUND', now(), 4712)"
    )
    crm.execute("SELECT number FROM dossier ORDER BY id")
    assert crm.fetchall() == [(4700,), (4711,), (4712,)]


@pytest.mark.django_db
def test_what_became_of_the_crms_leads_is_known_and_followed(crm: Any) -> None:
    outcomes = "SELECT dossier_id, converted, is_exact FROM lead_outcome WHERE superseded_at IS NULL ORDER BY 1"
    migrate()
    follow()
    crm.execute(outcomes)
    assert crm.fetchall() == [(4700, True, False)]  # won before, and nobody knows when
    crm.execute("UPDATE dossier SET status = 'LOST' WHERE id = 4711")
    crm.execute("UPDATE dossier SET status = 'NEW' WHERE id = 4700")
    crm.execute("INSERT INTO dossier (id, org_id, status, created_at) VALUES (4712, 'default', 'WON', now())")
    follow()
    crm.execute(outcomes)
    assert crm.fetchall() == [(4711, False, True), (4712, True, True)]
    crm.execute("SELECT dossier_id, from_status, to_status FROM lead_status_change ORDER BY id")
    first, then = (
        [(4700, "", "WON"), (4711, "", "NEW")],
        [(4700, "WON", "NEW"), (4711, "NEW", "LOST"), (4712, "", "WON")],
    )
    assert crm.fetchall() == first + then
