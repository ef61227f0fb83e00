"""What browsers are told, and that no page needs more than it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from common.tests import people
from tests.access.addresses import STANDARD, tables

pytestmark = pytest.mark.django_db
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=[\"']|javascript:|<script(?![^>]*(?:\ssrc=|application/json))", re.IGNORECASE
)
PAGES = ["/accounts/login/", "/api/docs/", "/admin/login/", "/nowhere", "/ml-insights/", "/ml-insights/models/"]
PAGES += ["/ml-insights/quality/", "/admin/", "/admin/password_change/", "/admin/common/servicetoken/add/"]


@pytest.mark.parametrize("path", [*PAGES, "/health/live", "/api/ml/model/info", "/metrics"])
def test_every_answer_carries_them(path: str) -> None:
    headers = Client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_behind_tls_browsers_stay_there_and_keep_their_cookies_to_it(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SESSION_COOKIE_SECURE = 31_536_000, True
    answer = Client().get("/accounts/login/", secure=True)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_the_session_is_out_of_reach_of_scripts_and_of_other_sites() -> None:
    User.objects.create_user("anna", password="right-7")
    client = Client()
    client.post("/accounts/login/", {"username": "anna", "password": "right-7"})
    cookies = client.cookies
    assert cookies["sessionid"]["httponly"]
    assert cookies["sessionid"]["samesite"] == "Lax"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_what_its_policy_would_refuse(path: str) -> None:
    assert not INLINE.findall(people.admin().get(path, follow=True).content.decode())


@pytest.mark.parametrize("label", tables())
def test_no_page_of_the_admin_does_either(label: str) -> None:
    admin = people.admin()
    for end in (end for end in STANDARD if "<" not in end):
        page = admin.get(f"/admin/{label.replace('.', '/')}/{end}")
        assert page.status_code == 200 or (page.status_code == 403 and end == "add/")
        assert not INLINE.findall(page.content.decode()), end


def test_other_origins_are_let_in_by_list(settings: Any) -> None:
    from corsheaders.middleware import CorsMiddleware
    from django.http import HttpResponse
    from django.test import RequestFactory

    settings.CORS_ALLOWED_ORIGINS = ["https://crm.example"]
    door = CorsMiddleware(lambda request: HttpResponse())
    answers = {
        origin: door(RequestFactory().get("/api/ml/model/info", headers={"Origin": origin})).headers
        for origin in ("https://crm.example", "https://evil.example")
    }
    assert answers["https://crm.example"]["Access-Control-Allow-Origin"] == "https://crm.example"
    assert "Access-Control-Allow-Origin" not in answers["https://evil.example"]
    assert "Access-Control-Allow-Credentials" not in answers["https://crm.example"]
    assert "Idempotent-Replayed" in answers["https://crm.example"]["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("header", ["authorization", "content-type", "idempotency-key", "x-request-id"])
def test_browsers_there_may_send_what_the_api_reads(settings: Any, header: str) -> None:
    from corsheaders.middleware import CorsMiddleware
    from django.http import HttpResponse
    from django.test import RequestFactory

    settings.CORS_ALLOWED_ORIGINS = ["https://crm.example"]
    asked = {"Origin": "https://crm.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = header
    door = CorsMiddleware(lambda request: HttpResponse())
    answer = door(RequestFactory().options("/api/ml/predict/7", headers=asked))
    assert header in answer.headers["Access-Control-Allow-Headers"].split(", ")
