"""A CRM that asks all the while, asks again with the same key where it got no answer, and keeps what it was told."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from tests.faults.installation import Failed

LIMIT_SECONDS = 30.0
"""No request may take longer, whatever is away."""
PATIENCE_SECONDS = 240.0
PAUSE_SECONDS = 0.05
FINAL = {200, 201, 202, 409}
LATER = {503}


@dataclass
class Told:
    """What the callers were answered."""

    answers: Counter[str] = field(default_factory=Counter)
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By idempotency key, what was answered 200."""
    events: dict[str, int] = field(default_factory=dict)
    outcomes: dict[int, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seconds: list[tuple[float, float]] = field(default_factory=list)
    """When a prediction was asked for, by the monotonic clock, and how long that request took."""
    batches: int = 0
    slowest: float = 0.0
    unanswered: int = 0
    asked_again: int = 0


class Callers:
    """Threads that act as CRM, pages and schedule until told to stop."""

    def __init__(
        self, port: int, token: str, numbers: list[int], *, threads: int = 6, jobs_every: float = 5.0, seed: int = 1
    ) -> None:
        self.port, self.token, self.numbers, self.jobs_every = port, token, numbers, jobs_every
        self.told = Told()
        self._lock, self._over = threading.Lock(), threading.Event()
        acts = [self._predicts] * threads + [self._tells, self._sends_batches, self._has_jobs_done, self._rolls_back]
        self._threads = [
            threading.Thread(target=self._keep, args=(act, Random(seed * 1000 + at))) for at, act in enumerate(acts)
        ]

    def start(self) -> None:
        """Begins."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Each finishes what it is at: until it is answered."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, act: Any, chance: Random) -> None:
        while not self._over.is_set():
            try:
                act(chance)
            except Failed as problem:
                self._note(str(problem))
            except Exception as error:  # a thread that ends would be load that is not there
                self._note(f"{act.__name__}: {type(error).__name__}: {error}")
            time.sleep(PAUSE_SECONDS)

    def _note(self, problem: str) -> None:
        with self._lock:
            self.told.problems.append(problem)

    def _predicts(self, chance: Random) -> None:
        number, key = chance.choice(self.numbers), uuid.uuid4().hex
        status, body = self._until_answered("POST", f"/api/ml/predict/{number}", None, key)
        if status != 200:
            raise Failed(f"a prediction was answered {status}: {body}")
        with self._lock:
            self.told.predictions[key] = body

    def _tells(self, chance: Random) -> None:
        number, now = chance.choice(self.numbers), datetime.now(timezone.utc)
        event = {"kind": "page_view", "occurred_at": (now - timedelta(minutes=1)).isoformat()}
        event["external_id"] = external_id = f"fault-{uuid.uuid4().hex}"
        self._until_answered("POST", f"/api/ml/leads/{number}/events", event, uuid.uuid4().hex)
        converted = chance.random() < 0.5
        told = {"converted": converted, "occurred_at": now.isoformat()}
        self._until_answered("POST", f"/api/ml/predict/{number}/outcome", told, uuid.uuid4().hex)
        with self._lock:
            self.told.events[external_id] = number
            self.told.outcomes[number] = converted
        self._until_answered("GET", f"/api/ml/predict/{number}/history", None, None)

    def _sends_batches(self, chance: Random) -> None:
        items = [{"features": {"appointments_count": chance.randrange(5)}} for _ in range(20)]
        self._until_answered("POST", "/api/v1/predict/batch", {"org_id": "default", "batch": items}, uuid.uuid4().hex)
        with self._lock:
            self.told.batches += 1
        self._over.wait(0.5)

    def _has_jobs_done(self, chance: Random) -> None:
        """There is always a run and a score job under way; 409 where a run still is."""
        self._until_answered("POST", "/api/ml/model/train", {"algorithm": "logistic_regression"}, None)
        self._until_answered("POST", "/api/ml/score-jobs", {}, uuid.uuid4().hex)
        self._over.wait(self.jobs_every)

    def _rolls_back(self, chance: Random) -> None:
        _, versions = self._until_answered("GET", "/api/ml/model/versions", None, None)
        version = chance.choice([each["version"] for each in versions if not each["archived"]])
        status, body = self._until_answered("POST", f"/api/ml/model/rollback/{version}", {}, None)
        if status != 200:
            raise Failed(f"a rollback was answered {status}: {body}")
        self._over.wait(1.0)

    def _until_answered(self, method: str, path: str, body: Any, key: str | None) -> tuple[int, Any]:
        """Asks again for as long as nobody can answer. Raises Failed on an answer that must not be."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status, answer = self._ask(method, path, body, key)
            if status in FINAL:
                return status, answer
            if status not in LATER | {0}:
                raise Failed(f"{method} {path} was answered {status}: {answer}")
            with self._lock:
                self.told.asked_again += 1
            time.sleep(0.2)
        raise Failed(f"{method} {path} was not answered for {PATIENCE_SECONDS:g} s")

    def _ask(self, method: str, path: str, body: Any, key: str | None) -> tuple[int, Any]:
        """Status and JSON; status 0 where the connection was refused or broken off."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            text, status, retry = response.read(), response.status, response.headers["Retry-After"]
        except TimeoutError:
            raise Failed(f"{method} {path} hung for {LIMIT_SECONDS:g} s") from None
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.told.unanswered += 1
            return 0, None
        finally:
            connection.close()
        with self._lock:
            self.told.answers[f"{method} {status}"] += 1
            self.told.slowest = max(self.told.slowest, time.monotonic() - began)
            if path.startswith("/api/ml/predict/") and path.count("/") == 4:
                self.told.seconds.append((began, time.monotonic() - began))
        if status == 503 and retry is None:
            raise Failed(f"{method} {path} was answered 503 without Retry-After")
        return status, json.loads(text) if text.startswith((b"{", b"[")) else text[:200]
