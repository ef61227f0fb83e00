"""Who may come in by which door: tokens, scopes, organisations."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from common.auth import issue_service_token
from common.scopes import SCOPES
from common.tenancy import Membership
from leads.tests.cast import a_lead

pytestmark = pytest.mark.django_db
INFO = "/api/ml/model/versions"


def bearer(token: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def service(*scopes: str, org_id: str = "default", days: float = 1) -> dict[str, str]:
    return bearer(issue_service_token(name="crm", org_id=org_id, scopes=list(scopes), days=days))


def assert_error(response: Any, status: int) -> None:
    assert response.status_code == status, response.content
    body = response.json()
    assert set(body) == {"type", "errors"}
    assert {"code", "detail", "attr"} == set(body["errors"][0])


def test_without_a_token_it_is_401(client: Client) -> None:
    assert_error(client.get(INFO), 401)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_a_scheme_is_known_in_letters_of_either_case(client: Client, scheme: str) -> None:
    shown = service("models:read")["Authorization"].replace("Bearer", scheme)
    answer = client.get(INFO, headers={"Authorization": shown})
    assert (answer.status_code, answer.headers["Content-Security-Policy"][:18]) == (200, "default-src 'none'")


def forged(**claims: Any) -> dict[str, str]:
    token = AccessToken()
    token["scope"] = "models:read"
    return {**token.payload, **claims}


@pytest.mark.parametrize("token", ["nonsense", "eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im1vZGVsczpyZWFkIn0.", ""])
def test_a_token_that_nobody_signed_is_401(client: Client, token: str) -> None:
    assert_error(client.get(INFO, headers=bearer(token)), 401)


def test_what_is_wrong_with_a_token_is_said_once_with_what_to_do(client: Client) -> None:
    told = {
        "code": "token_not_valid",
        "detail": "Token is invalid. Get another at /api/auth/token/, or have a program's token issued anew.",
        "attr": None,
    }
    refused = client.get(INFO, headers=bearer("nonsense"))
    assert refused.json() == {"type": "client_error", "errors": [told]}
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    renewed = client.post("/api/auth/token/refresh/", {"refresh": "nonsense"}, "application/json")
    assert (renewed.status_code, renewed.json()["errors"]) == (401, [told])


def test_an_account_that_is_closed_and_a_header_that_cannot_be_read_are_told_once(client: Client) -> None:
    token = AccessToken.for_user(User.objects.create_user("anna", is_active=False))
    for headers, code in ((bearer(token), "user_inactive"), (bearer("two words"), "bad_authorization_header")):
        refused = client.get(INFO, headers=headers)
        assert_error(refused, 401)
        assert [(error["code"], error["attr"]) for error in refused.json()["errors"]] == [(code, None)]


def test_a_token_signed_with_another_key_is_401(client: Client) -> None:
    assert_error(client.get(INFO, headers=bearer(jwt.encode(forged(), "k" * 64, algorithm="HS256"))), 401)


def test_an_unsigned_token_is_401_whatever_it_claims(client: Client) -> None:
    assert_error(client.get(INFO, headers=bearer(jwt.encode(forged(), None, algorithm="none"))), 401)


def test_an_expired_token_is_401(client: Client) -> None:
    token = AccessToken()
    token.set_exp(lifetime=-timedelta(seconds=1))
    token["scope"] = "models:read"
    assert_error(client.get(INFO, headers=bearer(token)), 401)


def test_a_token_that_was_good_is_401_once_it_has_expired(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    token, later = service("models:read", days=1), timezone.now() + timedelta(days=1)
    assert client.get(INFO, headers=token).status_code == 200
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert_error(client.get(INFO, headers=token), 401)


def test_a_refresh_token_opens_no_door(client: Client) -> None:
    token = RefreshToken()
    token["scope"] = "models:read"
    assert_error(client.get(INFO, headers=bearer(token)), 401)


def test_lacking_the_scope_is_403_and_says_which(client: Client) -> None:
    response = client.get(INFO, headers=service("predictions:read"))
    assert_error(response, 403)
    assert "models:read" in response.json()["errors"][0]["detail"]


def test_the_scope_opens_the_door(client: Client) -> None:
    assert client.get(INFO, headers=service("models:read")).json() == []


def test_another_organisations_lead_is_not_there(client: Client) -> None:
    a_lead(number=77, org_id="theirs")
    for method, path in (("get", "latest"), ("get", "history"), ("post", "outcome")):
        call = getattr(client, method)
        response = call(
            f"/api/ml/predict/77/{path}",
            {"converted": True} if method == "post" else None,
            content_type="application/json",
            headers=service("predictions:read", "predictions:write"),
        )
        assert_error(response, 404)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/api/v1/predict", {"features": {}}),
        ("/api/ml/predict/77", {}),
        ("/api/ml/predict/77/outcome", {"converted": True}),
        ("/api/ml/predict/77/what-if", {"changes": {"appointments_count": 1}}),
        ("/api/ml/score-jobs", {}),
        ("/api/ml/model/train", {}),
        ("/api/ml/model/rollback/20260101000000", {}),
        ("/api/ml/ab-test/1/start", {}),
    ],
)
def test_another_organisation_in_the_body_is_403(client: Client, address: str, told: dict[str, Any]) -> None:
    a_lead(number=77)
    body = {"org_id": "theirs", **told}
    assert_error(client.post(address, body, "application/json", headers=service(*SCOPES)), 403)


@pytest.mark.parametrize(
    "address",
    [
        "/api/ml/leads/ranked?",
        "/api/ml/predict/77/change?",
        "/api/ml/ab-test/differences?control_method=ML&treatment_method=RULE_BASED&",
    ],
)
def test_another_organisation_in_an_address_whose_words_are_all_read_is_403_too(client: Client, address: str) -> None:
    a_lead(number=77)
    client.post("/api/ml/predict/77", {}, "application/json", headers=service(*SCOPES))
    assert_error(client.get(f"{address}org_id=theirs", headers=service(*SCOPES)), 403)
    assert client.get(f"{address}org_id=default", headers=service(*SCOPES)).status_code == 200


def test_another_organisation_in_the_form_of_an_import_is_403_too(client: Client) -> None:
    def told(org_id: str) -> Any:
        file = SimpleUploadedFile("leads.csv", b"dossier_id,status,created_at\n7,NEW,2026-06-01T09:00:00Z\n")
        return client.post("/api/ml/leads/import", {"file": file, "org_id": org_id}, headers=service(*SCOPES))

    assert_error(told("theirs"), 403)
    assert told("default").status_code == 202


@pytest.mark.parametrize(
    ("address", "told"),
    [("/api/auth/token/", {"username": "anna", "password": "x"}), ("/api/auth/token/refresh/", {"refresh": "x"})],
)
def test_where_nobody_is_known_yet_no_organisation_can_be_named(
    client: Client, address: str, told: dict[str, Any]
) -> None:
    answer = client.post(address, told | {"org_id": "theirs"}, "application/json")
    assert_error(answer, 400)
    assert answer.json()["errors"][0]["code"] == "unknown_field"


def test_ones_own_organisation_may_be_named_in_every_body(client: Client) -> None:
    a_lead(number=77)
    for address, told in (
        ("/api/ml/predict/77", {}),
        ("/api/ml/predict/77/outcome", {"converted": True}),
        ("/api/ml/predict/77/what-if", {"changes": {"appointments_count": 1}}),
    ):
        body = {"org_id": "default", **told}
        assert client.post(address, body, "application/json", headers=service(*SCOPES)).status_code == 200, address
        nobody = {"org_id": 5, **told}
        assert_error(client.post(address, nobody, "application/json", headers=service(*SCOPES)), 400)


@pytest.mark.parametrize(
    "address", ["/api/ml/predict/77", "/api/ml/model/rollback/20260101000000", "/api/ml/ab-test/1/start"]
)
@pytest.mark.parametrize("body", [{"featuers": {}}, [], "text"])
def test_a_door_that_asks_for_no_body_ignores_none(client: Client, address: str, body: Any) -> None:
    a_lead(number=77)
    assert_error(client.post(address, json.dumps(body), "application/json", headers=service(*SCOPES)), 400)


def test_a_persons_scopes_follow_from_the_permissions(client: Client) -> None:
    sales = User.objects.create_user("anna", password="kept-secret-7")
    sales.groups.add(Group.objects.get(name="sales"))
    Membership.objects.create(user=sales, org_id="north")
    tokens = client.post(
        "/api/auth/token/", {"username": "anna", "password": "kept-secret-7"}, "application/json"
    ).json()
    claims = jwt.decode(
        tokens["access"], settings.SECRET_KEY, algorithms=["HS256"], audience="leadqual", issuer="leadqual"
    )
    assert claims["org_id"] == "north"
    assert "models:read" in claims["scope"]
    assert "models:write" not in claims["scope"]
    assert client.get(INFO, headers=bearer(tokens["access"])).status_code == 200
    refreshed = client.post("/api/auth/token/refresh/", {"refresh": tokens["refresh"]}, "application/json").json()
    assert client.get(INFO, headers=bearer(refreshed["access"])).status_code == 200


def test_a_closed_account_is_refused_at_once(client: Client) -> None:
    admin = User.objects.create_superuser("root", password="kept-secret-7")
    tokens = client.post(
        "/api/auth/token/", {"username": "root", "password": "kept-secret-7"}, "application/json"
    ).json()
    admin.is_active = False
    admin.save()
    assert_error(client.get(INFO, headers=bearer(tokens["access"])), 401)


def tokens_of(client: Client, name: str = "anna") -> dict[str, str]:
    told = {"username": name, "password": "kept-secret-7"}
    tokens: dict[str, str] = client.post("/api/auth/token/", told, "application/json").json()
    return tokens


def refreshed(client: Client, tokens: dict[str, str]) -> Any:
    return client.post("/api/auth/token/refresh/", {"refresh": tokens["refresh"]}, "application/json")


@pytest.fixture
def anna() -> User:
    anna = User.objects.create_user("anna", password="kept-secret-7")
    anna.groups.add(Group.objects.get(name="sales"))
    return anna


def test_a_permission_that_is_taken_away_is_gone_from_tokens_at_once(client: Client, anna: User) -> None:
    tokens = tokens_of(client)
    anna.groups.clear()
    for access in (tokens["access"], refreshed(client, tokens).json()["access"]):
        assert_error(client.get(INFO, headers=bearer(access)), 403)


def test_a_permission_that_is_given_comes_with_the_next_token(client: Client, anna: User) -> None:
    groups = list(anna.groups.all())
    anna.groups.clear()
    tokens = tokens_of(client)
    anna.groups.set(groups)
    assert_error(client.get(INFO, headers=bearer(tokens["access"])), 403)
    access = refreshed(client, tokens).json()["access"]
    assert client.get(INFO, headers=bearer(access)).status_code == 200


def test_who_works_for_another_organisation_sees_no_more_of_the_last(client: Client, anna: User) -> None:
    work = Membership.objects.create(user=anna, org_id="north")
    a_lead(number=77, org_id="north")
    lead, tokens = "/api/ml/leads/77", tokens_of(client)
    assert client.get(lead, headers=bearer(tokens["access"])).status_code == 200
    work.org_id = "south"
    work.save()
    for access in (tokens["access"], refreshed(client, tokens).json()["access"]):
        assert_error(client.get(lead, headers=bearer(access)), 404)


def test_another_password_ends_the_tokens(client: Client, anna: User) -> None:
    tokens = tokens_of(client)
    anna.set_password("another-secret-7")
    anna.save()
    assert_error(client.get(INFO, headers=bearer(tokens["access"])), 401)
    assert_error(refreshed(client, tokens), 401)


def test_a_person_who_is_gone_gets_no_next_token(client: Client, anna: User) -> None:
    tokens = tokens_of(client)
    anna.delete()
    for refused in (refreshed(client, tokens), client.get(INFO, headers=bearer(tokens["access"]))):
        assert_error(refused, 401)
        (error,) = refused.json()["errors"]
        assert (error["code"], error["attr"]) == ("user_not_found", None)


def test_a_wrong_password_is_401(client: Client) -> None:
    assert_error(client.post("/api/auth/token/", {"username": "x", "password": "y"}, "application/json"), 401)


def test_the_browser_session_is_a_caller_too_and_needs_csrf() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_superuser("root"))
    assert browser.get(INFO).status_code == 200
    assert_error(browser.post("/api/ml/model/train", {}, "application/json"), 403)


def test_the_command_prints_a_token_that_works(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_token", "--org", "default", "--scopes", "models:read,predictions:write", "--days", "30")
    assert client.get(INFO, headers=bearer(capsys.readouterr().out.strip())).status_code == 200


def test_an_unknown_scope_gets_no_token() -> None:
    with pytest.raises(ValueError, match="models:destroy"):
        issue_service_token(name="crm", org_id="default", scopes=["models:destroy"], days=1)
