"""Every address, asked by every kind of caller, against one page that says who may come in: matrix.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User

from common.admin import OwnOrganisationAdmin
from common.tenancy import OrgScoped
from experiments.models import Experiment
from experiments.tests.cast import an_experiment
from leads.models import ImportJob
from leads.tests.cast import MONDAY
from models_registry.models import TrainingRun
from models_registry.tests.artefacts import kept
from predictions.models import ScoreJob
from predictions.tests.scored import a_scored_lead
from tests.access.addresses import filled, of_a_table, routes, tables
from tests.access.callers import CALLERS, PEOPLE, PROGRAMS, WITHOUT_A_VALID_TOKEN, Cast

pytestmark = pytest.mark.django_db
MATRIX: dict[str, Any] = tomllib.loads((Path(__file__).parent / "matrix.toml").read_text(encoding="utf-8"))
DOORS: dict[str, list[str]] = MATRIX["doors"]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
VERSION, LEAD, ABSENT_VERSION, ABSENT_LEAD = "20260101000000", 4242, "20260202000000", 2424
ABSENT_ID = "00000000-0000-4000-8000-000000000000"
ANYTHING = {
    "object_id": "1",
    "key": 1,
    "id": 1,
    "pk": 1,
    "content_type_id": "1",
    "app_label": "leads",
    "url": "nowhere",
}


def matrix(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(route, with_head(entry) if kind == "api" else entry) for route, entry in MATRIX[kind].items()]


def with_head(entry: dict[str, Any]) -> dict[str, Any]:
    """Who may have the answer to GET may have its head, and nobody else."""
    rows = entry.get("row", [])
    head = {"HEAD": entry["GET"]} if "GET" in entry else {}
    return entry | head | ({"row": [*rows, "HEAD"]} if "GET" in rows else {})


@pytest.fixture
def cast(settings: Any) -> Cast:
    settings.HEALTH_TIMEOUT_SECONDS = 0.05
    return Cast()


@pytest.fixture
def rows() -> dict[str, Any]:
    """One row of each kind that an address can name, all of `default`."""
    lead = a_scored_lead(number=LEAD, model_version=kept(VERSION).version)
    jobs = {"job_id": ScoreJob.objects.create(id=ABSENT_ID.replace("8000", "8001")).pk}
    ImportJob.objects.create(id=jobs["job_id"])
    experiment = an_experiment(start=False)
    Experiment.objects.filter(pk=experiment.pk).update(id=LEAD)  # the number that the lead has, too
    run = TrainingRun.objects.create(since=MONDAY, as_of=MONDAY)
    return {"dossier_id": lead.number, "number": lead.number, "version": VERSION, "run_id": run.pk, **jobs}


ABSENT = {
    "dossier_id": ABSENT_LEAD,
    "number": ABSENT_LEAD,
    "version": ABSENT_VERSION,
    "run_id": ABSENT_ID,
    "job_id": ABSENT_ID,
}


def test_every_address_is_in_the_matrix() -> None:
    listed = {route for kind in ("open", "api", "page", "admin") for route in MATRIX[kind]}
    listed |= {route for label in MATRIX["tables"] for route in of_a_table(label)}
    assert set(routes()) - listed == set(), "who may come in there? Say so in tests/access/matrix.toml"
    assert listed - set(routes()) == set(), "nothing stands there any more"
    assert set(tables()) == set(MATRIX["tables"])


def is_in(answer: Any) -> bool:
    """Let in, whatever was said then: not turned away, and nothing broke."""
    if answer.status_code == 302 and "/login/?next=" in answer.headers["Location"]:
        return False
    return answer.status_code not in (401, 403, 405) and (answer.status_code < 500 or answer.status_code == 503)


def nothing_is_there(answer: Any) -> bool:
    """Django's admin sends back to its first page who asks for a row that is not there."""
    return bool(answer.status_code == 302 and answer.headers["Location"] == "/admin/")


def turned_away(kind: str, caller: str) -> int:
    """How, by the family of the address."""
    if kind == "api":
        return 401 if caller in WITHOUT_A_VALID_TOKEN else 403
    return 302 if caller in PROGRAMS or (kind == "admin" and caller == "sales") else 403


def cells(kind: str, entry: dict[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    """Method, door, caller, and whether the caller is let in."""
    for method in METHODS:
        for caller in CALLERS if method in entry else ():
            yield method, entry[method], caller, caller in DOORS[entry[method]]


@pytest.mark.parametrize(("route", "entry"), matrix("open"))
def test_open_doors_are_open_to_all(route: str, entry: dict[str, Any], cast: Cast) -> None:
    for method in entry:
        for caller in ("none", "expired"):
            answer = cast.ask(caller, method, filled(route, {}), {})
            assert is_in(answer), (method, caller, answer.status_code)


@pytest.mark.parametrize(("route", "entry"), matrix("api"))
def test_the_api_lets_in_who_has_the_scope(route: str, entry: dict[str, Any], cast: Cast, rows: dict[str, Any]) -> None:
    for method, scope, caller, may in cells("api", entry):
        body = body_of(entry, rows)
        answer = cast.ask(caller, method, filled(route, rows), body, scope=scope)
        told = (method, caller, answer.status_code, answer.content[:200])
        assert is_in(answer) if may else answer.status_code == turned_away("api", caller), told
        if method in entry.get("row", []):
            assert (answer.status_code == 404) == (caller == "other_org") or not may, told
    for method in set(METHODS) - set(entry):
        for caller in ("service", "admin"):
            assert cast.ask(caller, method, filled(route, rows), {}).status_code == 405, (method, caller)


@pytest.mark.parametrize(("route", "entry"), [each for each in matrix("api") if each[1].get("row")])
def test_what_belongs_to_others_is_answered_as_what_does_not_exist(
    route: str, entry: dict[str, Any], cast: Cast, rows: dict[str, Any]
) -> None:
    for method in entry["row"]:
        theirs = cast.ask("other_org", method, filled(route, rows), body_of(entry, rows))
        absent = cast.ask("other_org", method, filled(route, ABSENT), body_of(entry, ABSENT))
        assert theirs.status_code == absent.status_code == 404
        assert without_names(theirs, rows) == without_names(absent, ABSENT)


def body_of(entry: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.format(**values) if isinstance(value, str) else value
        for name, value in entry.get("body", {}).items()
    }


def without_names(answer: Any, values: dict[str, Any]) -> str:
    """The answer, with what was asked for left out."""
    text = str(answer.content.decode())
    for value in values.values():
        text = text.replace(str(value), "?")
    return text


@pytest.mark.parametrize("path", ["/api/ml/model/versions", "/api/ml/leads/ranked", "/api/ml/model/ledger"])
def test_lists_hold_nothing_of_others(path: str, cast: Cast, rows: dict[str, Any]) -> None:
    ours, theirs = (cast.ask(caller, "GET", path).json() for caller in ("service", "other_org"))
    assert (theirs if isinstance(theirs, list) else theirs["results"]) == []
    assert isinstance(ours, list | dict)


@pytest.mark.parametrize(("route", "entry"), matrix("page"))
def test_pages_are_for_people_who_may_see_them(
    route: str, entry: dict[str, Any], cast: Cast, rows: dict[str, Any]
) -> None:
    for method, _, caller, may in cells("page", entry):
        answer = cast.ask(caller, method, filled(route, rows))
        told = (method, caller, answer.status_code)
        assert is_in(answer) if may else answer.status_code == turned_away("page", caller), told
    for method in entry.get("row", []):
        for path in (filled(route, rows), filled(route, ABSENT)):
            assert getattr(cast.others, method.lower())(path).status_code == 404, (method, path)
    for method in set(METHODS) - set(with_head(entry)):
        assert cast.ask("admin", method, filled(route, rows)).status_code == 405, method


@pytest.mark.parametrize(("route", "entry"), matrix("admin"))
def test_the_admin_lets_in_who_may(route: str, entry: dict[str, Any], cast: Cast) -> None:
    values = ANYTHING | ({"key": ABSENT_ID} if "<uuid:" in route else {})
    for method, _, caller, may in cells("admin", entry):
        answer = cast.ask(caller, method, filled(route, values))
        expected = turned_away("admin", caller)
        assert is_in(answer) if may else answer.status_code == expected, (method, caller, answer.status_code)


@pytest.mark.parametrize("label", sorted(MATRIX["tables"]))
def test_each_table_in_the_admin_is_for_who_has_the_right(label: str, cast: Cast) -> None:
    ids = ANYTHING | {"object_id": User.objects.get(username="admin").pk if label == "auth.user" else 1}
    for route, right in of_a_table(label).items():
        for caller in ("none", "service", *PEOPLE):
            rights = MATRIX["tables"][label].get(caller, "").split()
            answer = cast.ask(caller, "GET", filled(route, ids))
            may = right in rights or (route.endswith("<path:object_id>/") and caller in ("staff", "admin"))
            told = (route, caller, answer.status_code)
            if nothing_is_there(answer) and "<path:object_id>" in route:
                continue  # as for any row that is not there, or not one's own
            assert is_in(answer) if may else answer.status_code == turned_away("admin", caller), told


def test_tables_of_organisations_show_only_ones_own_in_the_admin() -> None:
    for model, shown in admin.site._registry.items():
        if issubclass(model, OrgScoped):
            assert isinstance(shown, OwnOrganisationAdmin), model
