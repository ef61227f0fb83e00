"""Work that several threads of a process ask for at the same time, done for all of them at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, NoReturn, TypeVar

from django.db import InterfaceError, OperationalError, connection
from psycopg2.errors import DeadlockDetected

Key = TypeVar("Key", bound=Hashable)
Asked = TypeVar("Asked")
Answered = TypeVar("Answered")
Work = Callable[[Key, Sequence[Asked]], Sequence[Answered]]
PATIENCE_SECONDS = 0.003
"""So long those whose turn it is wait for those who are on their way."""


@dataclass(eq=False)
class _Call(Generic[Asked, Answered]):
    """What a thread that waits asks for, and what it is to do when its turn has come."""

    asked: Asked
    turn: Future[Callable[[], Answered]] = field(default_factory=Future)


class Together(Generic[Key, Asked, Answered]):
    """Answers calls by `work(key, asked)`, which answers several of one key in their order, for less than one by one.

    Who asks while nothing is under way is answered at once. Those who ask meanwhile are answered together next, at most
    `most` of them, by the thread of the first; so all that `work` reads is read after each of them has asked. Nobody
    waits for company that is not on its way already.
    """

    def __init__(self, work: Work[Key, Asked, Answered], *, most: int, patience: float = PATIENCE_SECONDS) -> None:
        self._work, self._most, self._patience = work, most, patience
        self._lock = threading.Lock()
        self._coming, self._arrived = 0, threading.Condition(self._lock)
        self._waiting: dict[Key, list[_Call[Asked, Answered]]] = {}
        """Of the keys of which something is under way."""

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Within it a caller is on its way, of whatever key: for a moment others wait for it."""
        with self._lock:
            self._coming += 1
        try:
            yield
        finally:
            with self._lock:
                self._coming -= 1
                self._arrived.notify_all()

    def ask(self, key: Key, asked: Asked) -> Answered:
        """The answer to what is asked, or its own error: where several fail together, each is tried again alone.

        But where the database does not answer, all are told so. Within a transaction it is done alone: no other thread
        sees what that has written.
        """
        if connection.in_atomic_block:
            return self._alone(key, asked)
        with self._lock:
            call = self._in_the_queue(key, asked)
        return self._lead(key, asked) if call is None else call.turn.result()()

    def _in_the_queue(self, key: Key, asked: Asked) -> _Call[Asked, Answered] | None:
        """None where nothing is under way, so that it is this thread's turn."""
        if key not in self._waiting:
            self._waiting[key] = []
            return None
        call = _Call[Asked, Answered](asked)
        self._waiting[key].append(call)
        return call

    def _alone(self, key: Key, asked: Asked) -> Answered:
        (answer,) = self._work(key, [asked])
        return answer

    def _lead(self, key: Key, asked: Asked) -> Answered:
        company = self._company(key)
        try:
            own, *others = self._outcomes(key, [asked, *(call.asked for call in company)])
        finally:
            self._hand_on(key)
        for call, outcome in zip(company, others, strict=True):
            call.turn.set_result(outcome)
        return own()

    def _outcomes(self, key: Key, asked: Sequence[Asked]) -> list[Callable[[], Answered]]:
        try:
            # As many answers as were asked for, or an error: nobody may be left waiting.
            return [partial(_same, answer) for _, answer in zip(asked, self._work(key, asked), strict=True)]
        except Exception as error:
            if len(asked) == 1 or _concerns_all(error):
                return [partial(_raise, error)] * len(asked)
            return [partial(self._alone, key, each) for each in asked]

    def _company(self, key: Key) -> list[_Call[Asked, Answered]]:
        with self._lock:
            self._arrived.wait_for(lambda: not self._coming, self._patience)
            waiting = self._waiting[key]
            company, waiting[:] = waiting[: self._most - 1], waiting[self._most - 1 :]
        return company

    def _hand_on(self, key: Key) -> None:
        with self._lock:
            if not self._waiting[key]:
                del self._waiting[key]
                return
            following = self._waiting[key].pop(0)
        following.turn.set_result(partial(self._lead, key, following.asked))


def _concerns_all(error: Exception) -> bool:
    """Whether trying again alone is of no use, but for what only several can do: wait for each other's rows."""
    if isinstance(error.__cause__, DeadlockDetected):
        return False
    return isinstance(error, OperationalError | InterfaceError)


def _same(answer: Answered) -> Answered:
    return answer


def _raise(error: Exception) -> NoReturn:
    raise error
