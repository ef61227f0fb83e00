"""Answers are JSON to who takes it, and a refusal to who does not; a look at the commonest headers changes neither."""

from __future__ import annotations

import pytest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from common.negotiation import QuickNegotiation
from models_registry.api.cards import MarkdownRenderer

JSON_ONLY, JSON_FIRST, MARKDOWN_FIRST = (
    [JSONRenderer()],
    [JSONRenderer(), MarkdownRenderer()],
    [MarkdownRenderer(), JSONRenderer()],
)


@pytest.mark.parametrize("renderers", [JSON_ONLY, JSON_FIRST, MARKDOWN_FIRST])
@pytest.mark.parametrize("query", ["", "?format=json", "?format=md", "?q=1"])
@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "application/json", "application/*", "application/json; indent=2", "text/markdown", "text/html"],
)
def test_it_answers_as_the_frameworks_own(renderers: list[JSONRenderer], query: str, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    found = []
    for negotiation in (DefaultContentNegotiation(), QuickNegotiation()):
        request = Request(APIRequestFactory().get(f"/api/x{query}", headers=headers))
        try:
            found.append(negotiation.select_renderer(request, renderers))
        except Exception as refusal:
            found.append(type(refusal))
    assert found[0] == found[1]


def test_who_takes_no_json_is_refused() -> None:
    request = Request(APIRequestFactory().get("/api/x", headers={"Accept": "image/png"}))
    with pytest.raises(NotAcceptable):
        QuickNegotiation().select_renderer(request, JSON_ONLY)
