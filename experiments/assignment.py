"""Which method a lead gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leads.models import Dossier

DEFAULT_METHOD = "ML"


@dataclass(frozen=True)
class Assignment:
    """A lead's method, and the arm that it follows from; no arm outside an experiment."""

    method: str
    experiment_id: int | None = None
    experiment_name: str = ""
    variant: str = ""

    def to_json(self) -> dict[str, Any] | None:
        """As a prediction shows it."""
        if self.experiment_id is None:
            return None
        return {"id": self.experiment_id, "name": self.experiment_name, "variant": self.variant}


OUTSIDE = Assignment(DEFAULT_METHOD)


def assign(org_id: str, dossiers: Sequence[Dossier]) -> list[Assignment]:
    """Each lead's assignment, in their order. No experiment can be started yet, so each is the default."""
    return [OUTSIDE] * len(dossiers)
