"""Those who ask at the same time are answered together, each with its own answer or error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import OperationalError, transaction
from psycopg2.errors import DeadlockDetected

from common.together import Together

SECONDS = 20


class Work:
    """Doubles numbers, in whatever company they come; holds up those of `held` until let go."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.fails: Callable[[Sequence[int]], Exception | None] = lambda _: None
        self.held, self.is_held, self.let_go = 0, threading.Event(), threading.Event()

    def __call__(self, key: str, asked: Sequence[int]) -> list[int]:
        self.done.append(list(asked))
        if self.held in asked:
            self.is_held.set()
            assert self.let_go.wait(SECONDS)
        error = self.fails(asked)
        if error is not None:
            raise error
        return [2 * number for number in asked]


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


def asked_meanwhile(
    work: Work, threads: ThreadPoolExecutor, together: Together[str, int, int], numbers: Sequence[int]
) -> list[Future[int]]:
    """The calls of these numbers, all made while another one is under way that is then let go."""
    first = threads.submit(together.ask, "a", work.held)
    assert work.is_held.wait(SECONDS)
    calls = []
    for number in numbers:
        calls.append(threads.submit(together.ask, "a", number))
        wait_until(lambda: len(together._waiting["a"]) == len(calls))
    work.let_go.set()
    assert first.result(SECONDS) == 0
    return calls


def wait_until(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    assert any(happened() or pause.wait(0.01) for _ in range(100 * SECONDS))


def test_who_asks_alone_is_answered_alone(work: Work) -> None:
    together = Together(work, most=10)
    assert [together.ask("a", number) for number in (1, 2)] == [2, 4]
    assert work.done == [[1], [2]]


def test_those_who_ask_while_another_is_answered_are_answered_together(work: Work, threads: ThreadPoolExecutor) -> None:
    calls = asked_meanwhile(work, threads, Together(work, most=10), [1, 2, 3, 4])
    assert [call.result(SECONDS) for call in calls] == [2, 4, 6, 8]
    assert work.done == [[0], [1, 2, 3, 4]]


def test_no_more_than_so_many_are_answered_together(work: Work, threads: ThreadPoolExecutor) -> None:
    calls = asked_meanwhile(work, threads, Together(work, most=2), [1, 2, 3, 4, 5])
    assert [call.result(SECONDS) for call in calls] == [2, 4, 6, 8, 10]
    assert work.done == [[0], [1, 2], [3, 4], [5]]


def test_other_keys_are_not_waited_for(work: Work, threads: ThreadPoolExecutor) -> None:
    together = Together(work, most=10)
    held = threads.submit(together.ask, "a", 0)
    assert work.is_held.wait(SECONDS)
    assert threads.submit(together.ask, "b", 1).result(SECONDS) == 2
    assert not held.done()
    work.let_go.set()
    assert held.result(SECONDS) == 0


def test_the_error_of_one_is_nobody_elses(work: Work, threads: ThreadPoolExecutor) -> None:
    work.fails = lambda asked: KeyError("3 is none") if 3 in asked else None
    one, bad, other = asked_meanwhile(work, threads, Together(work, most=10), [1, 3, 4])
    assert (one.result(SECONDS), other.result(SECONDS)) == (2, 8)
    with pytest.raises(KeyError, match="3 is none"):
        bad.result(SECONDS)


def test_where_the_database_does_not_answer_all_are_told_and_it_is_not_asked_once_for_each(
    work: Work, threads: ThreadPoolExecutor
) -> None:
    work.fails = lambda asked: OperationalError("gone away") if 1 in asked else None
    for call in asked_meanwhile(work, threads, Together(work, most=10), [1, 2, 3]):
        with pytest.raises(OperationalError, match="gone away"):
            call.result(SECONDS)
    assert work.done == [[0], [1, 2, 3]]


def test_those_who_stood_in_anothers_way_together_go_alone(work: Work, threads: ThreadPoolExecutor) -> None:
    def deadlock(asked: Sequence[int]) -> Exception | None:
        error = OperationalError("deadlock detected")
        error.__cause__ = DeadlockDetected()
        return error if len(asked) > 1 else None

    work.fails = deadlock
    calls = asked_meanwhile(work, threads, Together(work, most=10), [1, 2])
    assert [call.result(SECONDS) for call in calls] == [2, 4]


def test_work_that_answers_too_few_leaves_nobody_waiting(threads: ThreadPoolExecutor) -> None:
    is_held, let_go = threading.Event(), threading.Event()

    def answer_the_first(key: str, asked: Sequence[int]) -> list[int]:
        is_held.set()
        assert let_go.wait(SECONDS)
        return list(asked[:1])

    together = Together(answer_the_first, most=10)
    calls = [threads.submit(together.ask, "a", 0)]
    assert is_held.wait(SECONDS)
    calls += [threads.submit(together.ask, "a", number) for number in (1, 2)]
    wait_until(lambda: len(together._waiting["a"]) == 2)
    let_go.set()
    assert [call.result(SECONDS) for call in calls] == [0, 1, 2]  # alone, after they could not be told apart


def test_an_error_leaves_nobody_locked_out(work: Work) -> None:
    together = Together(work, most=10)
    work.fails = lambda _: ValueError("once")
    with pytest.raises(ValueError, match="once"):
        together.ask("a", 1)
    work.fails = lambda _: None
    assert together.ask("a", 1) == 2


def test_who_is_on_the_way_is_waited_for(work: Work, threads: ThreadPoolExecutor) -> None:
    together = Together(work, most=10, patience=SECONDS)
    with together.coming():
        first = threads.submit(together.ask, "a", 1)
        wait_until(lambda: "a" in together._waiting)
        second = threads.submit(together.ask, "a", 2)
        wait_until(lambda: len(together._waiting["a"]) == 1)
    assert [first.result(SECONDS), second.result(SECONDS)] == [2, 4]
    assert work.done == [[1, 2]]


def test_but_not_for_long(work: Work) -> None:
    together = Together(work, most=10)
    with together.coming():
        assert together.ask("a", 1) == 2


@pytest.mark.django_db
def test_within_a_transaction_nobody_is_answered_by_another_thread(work: Work, threads: ThreadPoolExecutor) -> None:
    together = Together(work, most=10)
    held = threads.submit(together.ask, "a", 0)
    assert work.is_held.wait(SECONDS)
    with transaction.atomic():
        assert together.ask("a", 1) == 2
    work.let_go.set()
    assert held.result(SECONDS) == 0
