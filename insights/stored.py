"""Sentences that were stored in English, in the viewer's language: those of every room."""

from __future__ import annotations

from common import phrases as of_jobs
from leads import phrases as of_imports
from models_registry import phrases as of_models
from predictions import phrases as of_scoring

BOOKS = tuple(each.PHRASES for each in (of_imports, of_models, of_scoring, of_jobs))


def said(text: str) -> str | None:
    """The sentence in the language that is spoken; None where it is made from no known phrases."""
    return next((told for book in BOOKS if (told := book.said(text)) is not None), None)
