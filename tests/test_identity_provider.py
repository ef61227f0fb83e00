"""Tokens of an outside identity provider, against a small real one that publishes its keys over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from common import identity_provider

pytestmark = pytest.mark.django_db
INFO = "/api/ml/model/versions"
RSA, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
CURVE = ec.generate_private_key(ec.SECP256R1())


class Provider:
    """It publishes keys, and signs what it is told to."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {"r1": RSA, "e1": CURVE}
        self.fetched = 0
        provider = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetched += 1
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": [published(*each) for each in provider.keys.items()]}).encode())

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def published(kid: str, key: Any) -> dict[str, Any]:
    algorithm, name = (RSAAlgorithm, "RS256") if isinstance(key, rsa.RSAPrivateKey) else (ECAlgorithm, "ES256")
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", "alg": name}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    provider = Provider()
    settings.JWT_JWK_URL, settings.JWT_ISSUER, settings.JWT_AUDIENCE = provider.url, "https://id.example", "leadqual"
    identity_provider._backend.cache_clear()
    yield provider
    provider.close()


def token(key: Any = RSA, kid: str = "r1", algorithm: str | None = "RS256", **claims: Any) -> str:
    said = {
        "iss": "https://id.example",
        "aud": "leadqual",
        "sub": "warehouse",
        "exp": int(time.time()) + 60,
        "scope": "models:read",
        "org_id": "default",
    } | claims
    return jwt.encode(
        {name: value for name, value in said.items() if value is not None}, key, algorithm, headers={"kid": kid}
    )


def status_for(text: str) -> int:
    client = Client(raise_request_exception=False)
    return client.get(INFO, headers={"Authorization": f"Bearer {text}"}).status_code


def test_its_tokens_open_the_doors_of_their_scope(provider: Provider) -> None:
    assert status_for(token()) == 200
    assert status_for(token(CURVE, "e1", "ES256")) == 200
    assert status_for(token(scope="predictions:read")) == 403
    assert status_for(token(aud=["leadqual", "another"])) == 200


def test_its_keys_are_not_fetched_for_each_request(provider: Provider) -> None:
    for _ in range(5):
        assert status_for(token()) == 200
        assert status_for(token(OTHER, "made-up")) == 401
    assert provider.fetched == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"exp": int(time.time()) - 1},
        {"nbf": int(time.time()) + 3600},
        {"iss": None},
        {"aud": None},
        {"exp": None},
    ],
)
def test_what_its_token_says_must_fit(provider: Provider, claims: dict[str, Any]) -> None:
    assert status_for(token(**claims)) == 401


def test_nobody_else_signs_for_it(provider: Provider) -> None:
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    confused = ".".join(jwt.encode({}, "x" * 32, "HS256", headers={"kid": "r1"}).split(".")[:1])
    assert status_for(token(OTHER)) == 401
    assert status_for(token(None, algorithm=None)) == 401
    assert status_for(token("k" * 64, algorithm="HS256")) == 401
    assert status_for(token(RSA, "e1")) == 401  # the name of a key of another kind
    assert status_for(token(CURVE, "r1", "ES256")) == 401
    assert status_for(f"{confused}.e30.{public[:20]}") == 401


def test_it_cannot_speak_for_a_person_of_ours(provider: Provider, django_user_model: Any) -> None:
    person = django_user_model.objects.create_superuser("root")
    assert status_for(token(user_id=str(person.pk), scope="")) == 403


def test_while_it_is_away_known_keys_still_serve_and_else_it_is_503(provider: Provider) -> None:
    assert status_for(token()) == 200
    provider.close()
    assert status_for(token()) == 200
    identity_provider._backend.cache_clear()
    assert status_for(token()) == 503


def test_without_all_three_settings_its_tokens_are_strangers(provider: Provider, settings: Any) -> None:
    settings.JWT_AUDIENCE = ""
    assert status_for(token()) == 401
