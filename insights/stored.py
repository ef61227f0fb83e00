"""Sentences that were stored or told in English, in the viewer's language: those of every room."""

from __future__ import annotations

from rest_framework.exceptions import APIException

from common.phrases import PHRASES as OF_JOBS
from experiments.phrases import PHRASES as OF_EXPERIMENTS
from leads.phrases import PHRASES as OF_IMPORTS
from models_registry.phrases import PHRASES as OF_MODELS
from predictions.phrases import PHRASES as OF_SCORING
from predictions.reasons import label_of

BOOKS = (OF_EXPERIMENTS, OF_IMPORTS, OF_MODELS.naming(label_of), OF_SCORING, OF_JOBS)


def said(text: str) -> str | None:
    """The sentence in the language that is spoken; None where it is made from no known phrases."""
    return next((told for book in BOOKS if (told := book.said(text)) is not None), None)


def refusal(problem: APIException) -> str:
    """Why an act was refused, in the language that is spoken; as the API says it where no phrase is known for it."""
    return said(str(problem.detail)) or str(problem.detail)
