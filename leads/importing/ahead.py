"""Reading ahead: the next batches are read while the database stores this one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Made = queue.Queue[tuple[Item | None, BaseException | None]]
DEPTH = 2
PATIENCE_SECONDS = 0.2


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items, made by a thread that is at most `DEPTH` of them ahead; its exceptions are raised here.

    The thread must not touch the database, whose connections belong to the thread that made them.
    """
    made: Made[Item] = queue.Queue(maxsize=DEPTH)
    is_over = threading.Event()
    worker = threading.Thread(target=_make, args=(items, made, is_over), name="read-ahead", daemon=True)
    worker.start()
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        is_over.set()
        worker.join()


def _make(items: Iterable[Item], made: Made[Item], is_over: threading.Event) -> None:
    last: tuple[Item | None, BaseException | None] = (None, None)
    try:
        for item in items:
            if not _put(made, (item, None), is_over):
                return
    except BaseException as error:
        last = (None, error)
    _put(made, last, is_over)


def _put(made: Made[Item], item: tuple[Item | None, BaseException | None], is_over: threading.Event) -> bool:
    while not is_over.is_set():
        try:
            made.put(item, timeout=PATIENCE_SECONDS)
        except queue.Full:
            continue
        return True
    return False
