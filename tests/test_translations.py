"""What pages say, they say in every language: nothing that a page of ours says is left untranslated."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale/fr/LC_MESSAGES"
SAYS_ONE, SAYS_MANY = ("_", "gettext", "gettext_lazy", "gettext_noop"), ("ngettext", "ngettext_lazy")
ROOMS = ("insights", "predictions", "experiments", "models_registry", "leads", "common")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|%%|</?\w+[^>]*>")


def said_by_code() -> Iterator[str]:
    for path in (each for room in ROOMS for each in (ROOT / room).rglob("*.py") if "tests" not in each.parts):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in SAYS_ONE + SAYS_MANY and isinstance(first, ast.Constant) and first.value:
                    yield first.value


def said_by_templates() -> Iterator[str]:
    for path in (ROOT / "templates").rglob("*.html"):
        code = templatize(path.read_text(), origin=str(path))
        for text in re.findall(r"n?gettext\(\s*u?(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')", code):
            yield ast.literal_eval(text)


@pytest.fixture(scope="module")
def french() -> dict[str, str]:
    with (CATALOGUE / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog
    return {key[0] if isinstance(key, tuple) else key: text for key, text in catalogue.items()}


def test_every_sentence_has_a_french_one(french: dict[str, str]) -> None:
    said = {*said_by_code(), *said_by_templates()}
    assert len(said) > 300
    assert sorted(text for text in said if not french.get(text)) == []


def test_a_message_of_a_page_is_marked_as_a_sentence() -> None:
    """A text that is told as it stands would be English in every language."""
    told = [
        f"{path.name}: {node.args[1].value}"
        for path in (ROOT / "insights").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("messages.") and len(node.args) > 1
        if isinstance(node.args[1], ast.Constant)
    ]
    assert told == []


def test_a_script_has_no_sentence_of_its_own() -> None:
    """What a script writes on a page comes with the page, in its language."""
    scripts = {path.name: path.read_text() for path in (ROOT / "static/js").glob("*.js")}
    own = re.compile(r"""(?:textContent|innerText|title|ariaLabel) = ["'`][^"'`$]*[A-Za-z]{2}""")
    assert {name: found for name, script in scripts.items() if (found := own.findall(script))} == {}


def test_a_translation_holds_the_places_of_its_sentence(french: dict[str, str]) -> None:
    """One that is for a single thing may leave its number out."""
    for text, translated in french.items():
        unknown = set(PLACEHOLDER.findall(translated)) - set(PLACEHOLDER.findall(text))
        assert unknown <= {"%(days)s", "%(number)s", "%(shown)s"}, text


def test_no_line_begins_with_a_mark_that_french_parts_from_its_word(french: dict[str, str]) -> None:
    """The space before a colon and its like, inside quotation marks, and before a sign of percent does not break."""
    parted = re.compile(r" [:;?!»](?:[ .)<]|$)|« |\d %(?!\()")
    assert sorted(translated for translated in french.values() if parted.search(translated)) == []


def test_what_is_served_is_what_was_written(french: dict[str, str]) -> None:
    """The compiled catalogue is kept with the sources, so that a fresh machine needs no gettext: it must be of them."""
    entries = (CATALOGUE / "django.po").read_text().split("\n\n")[1:]
    written = dict(pair for entry in entries for pair in _sentences(entry))
    assert {text: french[text] for text in written} == written
    assert "fuzzy" not in "".join(entries)


def _sentences(entry: str) -> Iterator[tuple[str, str]]:
    found = {
        name: "".join(ast.literal_eval(part) for part in re.findall(r'^"(?:[^"\\]|\\.)*"$', lines, re.M))
        for name, lines in re.findall(r'^(msgid|msgstr|msgstr\[1\]) ((?:".*"\n?)+)', entry + "\n", re.M)
    }
    if found.get("msgid"):
        yield found["msgid"], found.get("msgstr") or found["msgstr[1]"]
