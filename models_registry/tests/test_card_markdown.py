"""The card as Markdown and as sections: everything that it holds, and nothing that breaks a table."""

from datetime import datetime, timezone
from typing import Any

from models_registry.card_markdown import markdown_of
from models_registry.card_sayings import shuffled_words
from models_registry.card_sections import sections_of
from models_registry.learning.groups import NOT_MEASURED
from models_registry.tests.cards import CARD, FEATURES, MEASURED

LEARNT = "2,000 leads created 2025-06-02 to 2025-08-30"
MEASURED_ON = "500 leads created 2025-08-31 to 2025-10-01"


def a_card(**fields: Any) -> dict[str, Any]:
    """A version's card as `info.card_of` gives it."""
    return {
        "version": "20260101000000",
        "algorithm": "random_forest",
        "created_at": datetime(2026, 1, 1, tzinfo=timezone.utc),
        "created_by": "staff",
        "digest": "d1",
        "notes": "",
        "metrics": MEASURED,
        "card": CARD,
        "features": FEATURES,
        "importance": [{"feature": "source", "importance": 1.0}],
        "trained_from": "2025-06-01T00:00:00Z",
        "trained_until": "2025-12-01T00:00:00Z",
    } | fields


def test_every_section_stands_in_the_markdown() -> None:
    text = markdown_of(a_card())
    assert [f"## {section.title}" in text for section in sections_of(a_card())] == [True] * 13
    for line in (
        "# Model 20260101000000",
        f"- Learnt from {LEARNT}, measured on {MEASURED_ON}",
        "| best F1 | 0.310 | 30.0% | 0.400 | 0.600 | 0.480 | 12 | 18 | 8 | 62 | 0.580 |",
        "| 1 | 10 | 64.0% | 3.20 | 32.0% |",
        f"| 1 to 2 months | 0 | – | – | – | – | – | {NOT_MEASURED['reason']} |",
        "| logistic_regression | 0.410 | 0.000 | 0.000 | 1.2 | It has the least log loss. |",
        "| lightgbm | – | – | – | 0.0 | It needs a library that is not there. |",
        "| attributes.moon | It adds nothing to noise. |",
        "| seed | 7 |",
        "| labelling: horizon_days | 60 |",
    ):
        assert line in text.splitlines()


def test_each_row_has_as_many_cells_as_its_head() -> None:
    for section in sections_of(a_card()):
        assert {len(row) for row in section.rows} == {len(section.head)}, section.title


def test_text_from_outside_breaks_neither_a_cell_nor_the_page() -> None:
    text = markdown_of(a_card(notes="a | b\n# c <script>"))
    assert "- Notes: a \\| b # c \\<script>" in text
    assert "| \\<portal> |" in text


def test_a_card_of_old_shows_what_it_has() -> None:
    old = a_card(metrics={"roc_auc": None, "log_loss": 0.4, "reasons": {"roc_auc": "No lead converted."}}, card={})
    titles = [section.title for section in sections_of(old)]
    assert titles == ["How good it is", "What moves the scores", "Features"]
    assert "- Of the leads created 2025-06-01 to 2025-12-01" in markdown_of(old).splitlines()
    assert "No lead converted." in markdown_of(old)
    assert "Where it comes from" not in markdown_of(old)


def test_a_shuffled_figure_that_flatters_is_said_in_words() -> None:
    assert "only the forward figure" in shuffled_words({"roc_auc": 0.64}, {"roc_auc": 0.80})
    assert "little has changed" in shuffled_words({"roc_auc": 0.74}, {"roc_auc": 0.75})
    assert shuffled_words({"roc_auc": 0.74}, {}) == ""


def test_a_feature_kept_away_from_the_learner_is_left_out_with_its_reason() -> None:
    card = CARD | {"left_out": [{"name": "attributes.tags", "used": False, "why_not": "It knows the outcome."}]}
    assert "| attributes.tags | It knows the outcome. |" in markdown_of(a_card(card=card)).splitlines()
