"""Guessing passwords: slowed by address and by account, then locked out, at every door."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, RequestFactory
from django_otp.admin import OTPAdminSite
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from common import throttling

pytestmark = pytest.mark.django_db
DOORS = ["/api/auth/token/", "/accounts/login/", "/admin/login/"]


@pytest.fixture(autouse=True)
def anna(settings: Any) -> User:
    throttling.counter().registered_client.flushdb()
    settings.AXES_FAILURE_LIMIT = 1000
    return User.objects.create_superuser("anna", password="right-7")


def attempt(door: str, name: str = "anna", password: str = "wrong", address: str = "10.0.0.1", **headers: str) -> Any:
    kind = {"content_type": "application/json"} if door.startswith("/api") else {}
    body = {"username": name, "password": password}
    return Client().post(door, body, REMOTE_ADDR=address, headers=headers, **kind)


@pytest.mark.parametrize("door", DOORS)
def test_an_account_is_tried_so_often_from_anywhere(door: str, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_ACCOUNT = "3/minute"
    answers = [attempt(door, name, address=f"10.0.0.{at}") for at, name in enumerate(["anna", "Anna", "ANNA ", "anna"])]
    assert [answer.status_code == 429 for answer in answers] == [False, False, False, True]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert attempt(door, "berta", address="10.0.0.1").status_code != 429


@pytest.mark.parametrize("door", DOORS)
def test_an_address_tries_so_often_whichever_the_account(door: str, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_ADDRESS = "3/minute"
    answers = [attempt(door, f"person {at}") for at in range(4)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, False, True]
    assert attempt(door, "person 9", address="10.0.0.2").status_code != 429


def test_a_forged_forwarding_header_changes_nothing_unless_a_proxy_of_ours_wrote_it(settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_ADDRESS = "2/minute"
    forged = [attempt(DOORS[0], f"p{at}", **{"X-Forwarded-For": f"1.1.1.{at}"}) for at in range(3)]
    assert forged[-1].status_code == 429
    settings.TRUSTED_PROXIES = 1
    through = [attempt(DOORS[0], f"p{at}", **{"X-Forwarded-For": f"1.1.1.1, 2.2.2.{at}"}) for at in range(3)]
    assert through[-1].status_code == 401


@pytest.mark.parametrize("door", DOORS)
def test_after_too_many_failures_even_the_right_password_is_refused_from_there(door: str, settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(3):
        attempt(door)
    for headers in ({}, {"Authorization": "Bearer whatever"}):
        locked = attempt(door, password="right-7", **headers)
        assert locked.status_code == 429
        assert int(locked.headers["Retry-After"]) == 15 * 60
    assert attempt(door, password="right-7", address="10.0.0.9").status_code in (200, 302)
    AccessAttempt.objects.all().delete()  # what staff do in the admin
    assert attempt(door, password="right-7").status_code in (200, 302)


def test_while_valkey_is_away_the_lock_in_the_database_still_holds(settings: Any) -> None:
    settings.REDIS_URL, settings.AXES_FAILURE_LIMIT = "redis://127.0.0.1:1/0", 2
    assert [attempt(DOORS[0]).status_code for _ in range(3)][-1] == 429


def test_passwords_that_were_tried_are_kept_nowhere() -> None:
    attempt(DOORS[1], password="typed-by-mistake")
    assert "typed-by-mistake" not in str(list(AccessAttempt.objects.values()))


def test_by_setting_the_admin_asks_for_a_code_of_an_authenticator_app_as_well(anna: User) -> None:
    call_command("enrol_totp", "anna")
    device = TOTPDevice.objects.get(user=anna)
    request = RequestFactory().get("/admin/")
    request.user, request.user.is_verified = anna, lambda: False  # type: ignore[method-assign]
    assert not OTPAdminSite().has_permission(request)
    form = OTPAdminSite().login_form
    told = {"username": "anna", "password": "right-7", "otp_device": device.persistent_id}
    code = str(totp(device.bin_key, step=device.step, t0=device.t0)).zfill(6)
    answers = [form(request, told | {"otp_token": token}).is_valid() for token in ("", code, code, "000000")]
    assert answers == [False, True, False, False]  # a code opens it once
