"""Sentences that were stored in English, said in the language that is spoken. Pure: no Django.

What is stored stays English, as the API tells it. Which phrase a sentence was made from, and what stood in its gaps, is
found from the sentence itself, so that what was stored long ago is said as well.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from common.language import gettext as _
from common.language import number

GAP = re.compile(r"%\((\w+)\)s")
NUMBER = r"[<>+−-]?\d[\d,]*(?:\.\d+)?(?: ?%)?"
ANYTHING = ".+?"
QUOTED = r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
"""What repr() makes of a text."""
CUT = "…"
"""What pages put in the place of a quotation."""
DEEPEST, LONGEST = 5, 2_000
"""How deep parts may lie in parts, and how long a text may be: users' words in gaps must not make the search long."""


@dataclass(frozen=True)
class Phrase:
    """A sentence, or a part of one, with gaps like "%(leads)s". `fillings`: patterns of those that hold no number."""

    text: str
    fillings: Mapping[str, str]

    @cached_property
    def letters(self) -> int:
        """How much of it stands fast: the more, the surer is what it matches."""
        return len(GAP.sub("", self.text))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        fixed, names = (GAP.split(self.text)[start::2] for start in (0, 1))
        gaps = [f"(?P<{name}>{self.fillings.get(name, NUMBER)})" for name in names]
        pieces = [piece for pair in zip(map(re.escape, fixed), [*gaps, ""], strict=True) for piece in pair]
        return re.compile("".join(pieces), re.DOTALL)

    def gaps_of(self, text: str) -> dict[str, str] | None:
        """What stands in the gaps of a sentence that was made from it; None where it was not."""
        found = self._pattern.fullmatch(text)
        return found.groupdict() if found else None


class Phrasebook:
    """The phrases that sentences are made from.

    Gaps hold numbers, but for those named in `words`, which hold what is nobody's to translate, in `quoted`, which hold
    it between quotation marks, in `features`, which hold names of features with commas between them, and in `parts`,
    which hold what other phrases make. `in_turn` says that several phrases may stand one after the other.
    """

    def __init__(
        self,
        phrases: Iterable[str],
        *,
        words: Collection[str] = (),
        quoted: Collection[str] = (),
        features: Collection[str] = (),
        parts: Collection[str] = (),
        in_turn: bool = True,
    ) -> None:
        fillings = dict.fromkeys((*words, *features, *parts), ANYTHING) | dict.fromkeys(quoted, f"(?:{QUOTED}|{CUT})")
        self._words, self._parts, self._are_in_turn = frozenset((*words, *quoted)), frozenset(parts), in_turn
        self._features = frozenset(features)
        self._label: Callable[[str], str] = str
        self._phrases = sorted((Phrase(each, fillings) for each in phrases), key=lambda phrase: -phrase.letters)

    def naming(self, label: Callable[[str], str]) -> Phrasebook:
        """The same, which says features as `label` does."""
        book = copy.copy(self)
        book._label = label
        return book

    def say(self, text: str) -> str:
        """The sentence, or several of them, in the language that is spoken; as it is where it is not of the phrases."""
        return self.said(text) or text

    def knows(self, text: str) -> bool:
        """Whether it is made from these phrases alone."""
        return self.said(text) is not None

    def said(self, text: str) -> str | None:
        """As `say`; None where it is not of the phrases."""
        return self._said(text, DEEPEST) if len(text) <= LONGEST else None

    def _said(self, text: str, deep: int) -> str | None:
        if not self._are_in_turn:
            return self._one(text, deep)
        return self._in_turn(text, ". ", deep) or self._one(text, deep) or self._in_turn(text, ", ", deep)

    def _one(self, text: str, deep: int) -> str | None:
        for phrase in self._phrases:
            gaps = phrase.gaps_of(text)
            filled = None if gaps is None else self._filled(gaps, deep)
            if filled is not None:
                return _(phrase.text) % filled
        return None

    def _filled(self, gaps: Mapping[str, str], deep: int) -> dict[str, str] | None:
        """What is in the gaps, said as well; None where a part is not of the phrases, or lies too deep."""
        filled: dict[str, str] = {}
        for name, value in gaps.items():
            told = self._part(value, deep) if name in self._parts else self._as_it_is(name, value)
            if told is None:
                return None
            filled[name] = told
        return filled

    def _part(self, text: str, deep: int) -> str | None:
        return self._said(text, deep - 1) if deep else None

    def _as_it_is(self, name: str, value: str) -> str:
        if name in self._features:
            return ", ".join(map(self._label, value.split(", ")))
        return value if name in self._words else number(value)

    def _in_turn(self, text: str, between: str, deep: int) -> str | None:
        """Several, one after the other; the full stop belongs to the one before it."""
        end = len(between.rstrip(" ,"))
        at = text.find(between)
        while at >= 0:
            first = self._one(text[: at + end], deep)
            rest = None if first is None else self._said(text[at + len(between) :], deep)
            if first is not None and rest is not None:
                return first + between[end:] + rest
            at = text.find(between, at + 1)
        return None
