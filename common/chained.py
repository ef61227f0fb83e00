"""Tables whose rows are appended and never changed, each organisation's in a chain of hashes that can be proved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

from django.db import models

from common.chain import BEGINNING, hash_of
from common.tenancy import OrgQuerySet, OrgScoped
from common.turns import take_turn


def lock(org_id: str) -> None:
    """Nobody else appends to a chain of this organisation until the transaction ends.

    One lock for all its chains: an act that writes to two of them cannot meet another that does so the other way round.
    """
    take_turn(f"chains of {org_id}")


class Chained(OrgScoped):
    """A row of a chain. `number` counts the organisation's rows from 1; a trigger refuses every update and delete.

    Subclasses name in `HASHED` the fields that the hash covers, and make (org_id, number) unique.
    """

    HASHED: ClassVar[tuple[str, ...]]

    number = models.PositiveIntegerField()
    previous_hash = models.CharField(max_length=64, default=BEGINNING)
    hash = models.CharField(max_length=64)

    class Meta:
        abstract = True

    def hash_now(self) -> str:
        """The hash that the row's content makes."""
        return hash_of(self.previous_hash, {name: getattr(self, name) for name in self.HASHED})

    def append_after(self, last: Self | None) -> None:
        """Writes the row as the next after `last`, the end of the organisation's chain. Needs `lock`."""
        self.number = last.number + 1 if last else 1
        self.previous_hash = last.hash if last else BEGINNING
        self.hash = self.hash_now()
        self.save(force_insert=True)


Link = TypeVar("Link", bound=Chained)


class ChainQuerySet(OrgQuerySet[Link]):
    """Questions about a chain."""

    def end_of(self, org_id: str) -> Link | None:
        """The end of the organisation's chain."""
        return self.of(org_id).order_by("-number").first()


@dataclass(frozen=True)
class Broken:
    """Where a chain is not what was written: the row's number, and why."""

    number: int
    words: str


@dataclass(frozen=True)
class Proof(Generic[Link]):
    """What following a chain has shown: its last sound row, and where it is broken, if it is."""

    last: Link | None
    broken: Broken | None


def follow(rows: Iterable[Link]) -> Proof[Link]:
    """Follows one organisation's rows, in the order of their numbers, as far as the chain holds."""
    last: Link | None = None
    for number, row in enumerate(rows, start=1):
        problem = _problem(row, number, last.hash if last else BEGINNING)
        if problem:
            return Proof(last, Broken(number, problem))
        last = row
    return Proof(last, None)


def _problem(row: Chained, number: int, previous: str) -> str:
    if row.number != number:
        return "the row is missing"
    if row.previous_hash != previous:
        return "the row before it is not the one that it followed"
    return "" if row.hash_now() == row.hash else "its content is not what was written"
