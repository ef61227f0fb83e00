"""The language in which sentences are said that pure code makes. Pure: no Django.

English, unless a door has said otherwise for the work it does: the API and stored texts stay English, pages speak the
viewer's language. The names are those of the standard library's gettext, so that its tools find the sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Tongue:
    """How a language says a sentence, a counted one, and what parts thousands and decimals."""

    say: Callable[[str], str] = lambda text: text
    count: Callable[[str, str, int], str] = lambda one, other, number: one if number == 1 else other
    thousands: str = ","
    decimals: str = "."


ENGLISH = Tongue()
_spoken: ContextVar[Tongue] = ContextVar("tongue", default=ENGLISH)


@contextmanager
def speaking(tongue: Tongue) -> Iterator[None]:
    """Within it, sentences are said in that language."""
    token = _spoken.set(tongue)
    try:
        yield
    finally:
        _spoken.reset(token)


def gettext(text: str) -> str:
    """The sentence in the language that is spoken."""
    return _spoken.get().say(text)


def ngettext(one: str, other: str, number: float) -> str:
    """The sentence for one or for several; a part of one counts as several, as in "0.5 messages"."""
    return _spoken.get().count(one, other, 1 if number == 1 else 2)


def gettext_noop(text: str) -> str:
    """The sentence as it is, marked as one that is said later."""
    return text


def number(english: str) -> str:
    """A number that is written the English way, as the language writes it."""
    tongue = _spoken.get()
    return english.translate({ord(","): tongue.thousands, ord("."): tongue.decimals})


def english(written: str) -> str:
    """What `number` undoes: a number as the language writes it, blanks and all, as one that `float` reads.

    What parts thousands is dropped only where it parts threes: "1,5" is no number in English, and never 15. Text that
    is no number stays none.
    """
    tongue, bare = _spoken.get(), "".join(written.split()).replace("−", "-")
    thousands, decimals = map(re.escape, (tongue.thousands, tongue.decimals))
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{thousands}\d{{3}})+(?:{decimals}\d+)?", bare):
        bare = bare.replace(tongue.thousands, "")
    return bare.replace(tongue.decimals, ".")
