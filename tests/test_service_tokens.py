"""Tokens of programs: shown once, listed, and closed at once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from common import throttling
from common.audit import AuditEntry
from common.service_tokens import LOOK_UP, ServiceToken, issue, revoke
from common.tests import people
from leads.tests.cast import a_lead
from predictions.models import Prediction

pytestmark = pytest.mark.django_db
INFO, ADD = "/api/ml/model/versions", "/admin/common/servicetoken/add/"


def status_for(token: str) -> int:
    return Client().get(INFO, headers={"Authorization": f"Bearer {token}"}).status_code


def a_token(name: str = "crm", scopes: tuple[str, ...] = ("models:read",)) -> Any:
    return issue(name=name, org_id="default", scopes=list(scopes), days=1, by="tester")


def test_a_command_makes_one_and_another_revokes_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_token", scopes="models:read", name="crm")
    token = capsys.readouterr().out.strip()
    assert status_for(token) == 200
    call_command("tokens", "list")
    assert re.search(r"default  crm  valid  until .*  last used .*  models:read", capsys.readouterr().out)
    call_command("tokens", "revoke", "crm")
    assert status_for(token) == 401
    acts = AuditEntry.objects.order_by("number").values_list("act", "by")
    assert list(acts) == [("token.issue", "command"), ("token.revoke", "command")]


def test_nothing_that_is_kept_opens_a_door() -> None:
    issued = a_token()
    kept = {str(value) for row in (ServiceToken, AuditEntry) for value in row.objects.values_list().get()}
    assert not any(part in value for value in kept for part in issued.token.split("."))


def test_listing_or_revoking_what_is_not_there_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    a_token()
    call_command("tokens", "list", org="other")
    assert capsys.readouterr().out == "There are none.\n"
    with pytest.raises(CommandError, match="no token"):
        call_command("tokens", "revoke", "nobody")


def test_a_token_whose_row_is_gone_opens_no_door() -> None:
    issued = a_token()
    ServiceToken.objects.all().delete()
    assert status_for(issued.token) == 401


def test_looking_it_up_is_one_statement_and_its_use_is_noted_now_and_then(django_assert_num_queries: Any) -> None:
    token = a_token().token
    assert status_for(token) == 200
    with django_assert_num_queries(2):  # the token, and the versions
        assert status_for(token) == 200
    long_ago = timezone.now() - timedelta(hours=1)
    ServiceToken.objects.update(last_used_at=long_ago)
    assert status_for(token) == 200
    assert ServiceToken.objects.get().last_used_at > long_ago


def test_of_those_who_ask_together_each_is_told_of_its_own_token_and_only_good_ones_are_noted() -> None:
    good, fresh, revoked, gone = (a_token(name).row for name in ("good", "fresh", "revoked", "gone"))
    revoke(revoked, by="tester")
    ServiceToken.objects.filter(pk=gone.pk).delete()
    ServiceToken.objects.filter(pk=fresh.pk).update(last_used_at=(noted := timezone.now()))
    asked = [good, revoked, good, gone, fresh]
    refused = LOOK_UP._work(None, [str(row.pk) for row in asked])
    assert [each is not None for each in refused] == [False, True, False, True, False]
    used = dict(ServiceToken.objects.values_list("name", "last_used_at"))
    assert used["good"] is not None
    assert (used["fresh"], used["revoked"]) == (noted, None)


@pytest.mark.parametrize("path", ["/api/ml/predict/7", "/api/v1/predict"])
def test_where_it_is_looked_up_with_what_is_read_a_revoked_one_gets_nothing_either(path: str) -> None:
    a_lead(number=7)
    issued = a_token(scopes=("predictions:write",))

    def ask(body: Any, **headers: str) -> Any:
        headers |= {"Authorization": f"Bearer {issued.token}"}
        return Client().post(path, body, "application/json", headers=headers)

    body = None if path.endswith("7") else {"features": {}}
    assert [ask(body, **key).status_code for key in ({}, {"Idempotency-Key": "k"})] == [200, 200]
    assert ServiceToken.objects.get().last_used_at is not None
    revoke(issued.row, by="tester")
    for key in ({}, {"Idempotency-Key": "k"}, {"Idempotency-Key": "new"}):
        assert ask(body, **key).status_code == 401
    assert Prediction.objects.count() == 2
    assert "revoked" in ask(body).json()["errors"][0]["detail"]


def test_a_token_that_has_replaced_a_revoked_one_of_its_name_has_limits_of_its_own(settings: Any) -> None:
    throttling.counter().registered_client.flushdb()
    settings.RATE_LIMIT_REQUESTS = "1/minute"
    lead, (old, new) = a_lead(), (a_token(scopes=("predictions:write",)) for _ in range(2))
    revoke(old.row, by="tester")

    def status(issued: Any) -> int:
        headers = {"Authorization": f"Bearer {issued.token}"}
        return Client().post(f"/api/ml/predict/{lead.number}", {}, "application/json", headers=headers).status_code

    assert [status(each) for each in (old, old, new, new)] == [401, 401, 200, 429]


def test_in_the_admin_it_is_shown_once() -> None:
    admin = people.admin()
    page = admin.post(ADD, {"name": "crm", "days": "30", "scopes": ["models:read"]})
    token = re.search(r"eyJ[\w.-]+", page.content.decode())
    assert token is not None
    assert "no-store" in page.headers["Cache-Control"]
    assert status_for(token[0]) == 200
    assert "eyJ" not in admin.get("/admin/common/servicetoken/").content.decode()
    row = ServiceToken.objects.get()
    assert (row.name, row.created_by, row.scopes) == ("crm", "admin", ["models:read"])
    admin.post("/admin/common/servicetoken/", {"action": "revoke", "_selected_action": [str(row.pk)]})
    assert status_for(token[0]) == 401


def test_nobody_gives_a_scope_that_is_not_their_own() -> None:
    clerk = people.a_person("common.add_servicetoken", "models_registry.view_modelversion", is_staff=True)
    page = clerk.post(ADD, {"name": "crm", "days": "30", "scopes": ["models:write"]})
    assert "not one of the available choices" in page.content.decode()
    assert not ServiceToken.objects.exists()
    assert clerk.post(ADD, {"name": "crm", "days": "30", "scopes": ["models:read"]}).status_code == 200
    assert ServiceToken.objects.get().created_by == "person"


@pytest.mark.parametrize(("days", "scopes"), [(0, ["models:read"]), (3651, ["models:read"]), (1, ["models:destroy"])])
def test_what_makes_no_sense_gets_no_token(days: float, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match=r"days|scopes"):
        issue(name="crm", org_id="default", scopes=scopes, days=days, by="tester")
    assert not ServiceToken.objects.exists()


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ({"scopes": " , "}, "--scopes names none of"),
        ({"name": ""}, "name has 1 to 150"),
        ({"name": "n" * 151}, "name has 1 to 150"),
        ({"name": "crm\nby admin"}, "name has no line break"),
        ({"org": ""}, "id has 1 to 64"),
        ({"org": "o" * 65}, "id has 1 to 64"),
    ],
)
def test_the_command_says_why_it_issues_none(argument: dict[str, str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("issue_token", **{"scopes": "models:read", "name": "crm"} | argument)
    assert not ServiceToken.objects.exists()
