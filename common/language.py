"""Translation for code that does not know Django: the current language, and gettext by it. Pure: no Django.

The language is English unless a caller has set another for the work it does: the API and stored texts stay English,
pages speak the viewer's language. The functions have the names of the standard library's gettext, so that its tools
find the sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """A language: how it translates a sentence, one with a count, and its separators of thousands and decimals."""

    say: Callable[[str], str] = lambda text: text
    count: Callable[[str, str, int], str] = lambda one, other, number: one if number == 1 else other
    thousands: str = ","
    decimals: str = "."


ENGLISH = Language()
_spoken: ContextVar[Language] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Makes this the current language within the block."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def gettext(text: str) -> str:
    """The sentence in the current language."""
    return _spoken.get().say(text)


def ngettext(one: str, other: str, number: float) -> str:
    """The singular or the plural in the current language; a fraction takes the plural, as in "0.5 messages"."""
    return _spoken.get().count(one, other, 1 if number == 1 else 2)


def gettext_noop(text: str) -> str:
    """The sentence unchanged: marks it for translation where it is used later."""
    return text


def number(english: str) -> str:
    """A number written in the English way, as the current language writes it."""
    language = _spoken.get()
    return english.translate({ord(","): language.thousands, ord("."): language.decimals})


def english(written: str) -> str:
    """The inverse of `number`: a number as the current language writes it, in a form that `float` reads.

    A separator of thousands is dropped only where it parts groups of three digits: "1,5" is no number in English, and
    must not become 15. Text that is no number comes back as such.
    """
    language, bare = _spoken.get(), "".join(written.split()).replace("−", "-")
    thousands, decimals = map(re.escape, (language.thousands, language.decimals))
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{thousands}\d{{3}})+(?:{decimals}\d+)?", bare):
        bare = bare.replace(language.thousands, "")
    return bare.replace(language.decimals, ".")
