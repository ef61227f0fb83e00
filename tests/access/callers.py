"""Every kind of caller, in two organisations."""

from __future__ import annotations

import time
from typing import Any

import jwt
from django.conf import settings
from django.test import Client

from common.scopes import SCOPES
from common.service_tokens import issue, revoke
from common.tests import people

WITHOUT_A_VALID_TOKEN = ("none", "expired", "wrong_signature", "alg_none", "wrong_audience", "revoked")
PROGRAMS = (*WITHOUT_A_VALID_TOKEN, "lacking_scope", "other_org", "service")
PEOPLE = ("sales", "staff", "admin")
CALLERS = (*PROGRAMS, *PEOPLE)


class Cast:
    """All of them; each asks by itself, and what is not its own to see it must not learn of."""

    def __init__(self) -> None:
        self.people = {"sales": people.sales(), "staff": people.staff(), "admin": people.admin()}
        self.others = people.staff(org_id="theirs")
        self.bearers = {"service": _service("service"), "other_org": _service("other", org_id="theirs")}
        self.bearers |= {name: _forged(name) for name in ("expired", "wrong_signature", "alg_none", "wrong_audience")}
        self.bearers["revoked"] = _revoked()

    def ask(self, caller: str, method: str, path: str, body: Any = None, *, scope: str = "") -> Any:
        """The answer to this caller. `scope` is what `lacking_scope` lacks."""
        client = self.people.get(caller) or Client(raise_request_exception=False)
        client.raise_request_exception = False
        headers = {} if caller in ("none", *PEOPLE) else {"Authorization": f"Bearer {self._bearer(caller, scope)}"}
        data = {} if method in ("GET", "HEAD") else {"data": body, "content_type": "application/json"}
        return getattr(client, method.lower())(path, headers=headers, **data)

    def _bearer(self, caller: str, scope: str) -> str:
        if caller != "lacking_scope":
            return self.bearers[caller]
        if scope not in self.bearers:
            self.bearers[scope] = _service("lacking", scopes=[each for each in SCOPES if each not in scope.split()])
        return self.bearers[scope]


def _service(name: str, *, org_id: str = "default", scopes: Any = SCOPES) -> str:
    return issue(name=name, org_id=org_id, scopes=list(scopes), days=1, by="tester").token


def _revoked() -> str:
    issued = issue(name="revoked", org_id="default", scopes=list(SCOPES), days=1, by="tester")
    revoke(issued.row, by="tester")
    return issued.token


def _forged(how: str) -> str:
    """A token in which nothing is wrong but this."""
    issued = issue(name=how, org_id="default", scopes=list(SCOPES), days=1, by="tester")
    key, ours = settings.SECRET_KEY, jwt.decode(issued.token, options={"verify_signature": False})
    if how == "expired":
        return jwt.encode(ours | {"exp": int(time.time()) - 1}, key, algorithm="HS256")
    if how == "wrong_signature":
        return jwt.encode(ours, "k" * 64, algorithm="HS256")
    if how == "alg_none":
        return jwt.encode(ours, None, algorithm="none")
    return jwt.encode(ours | {"aud": "somebody else"}, key, algorithm="HS256")
