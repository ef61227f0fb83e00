"""What is stored in English is said in the viewer's language, and every sentence that is stored can be."""

from __future__ import annotations

import numpy as np
import pytest

from common.language import Language, speaking
from common.phrasebook import CUT, Phrasebook
from leads.tests.cast import a_past
from models_registry.learning.behaviour import Answering
from models_registry.learning.comparison import compare
from models_registry.learning.drift import moved_in_words
from models_registry.learning.search import Losses, judged
from models_registry.phrases import PHRASES
from models_registry.tests.cast import a_run

SAID = {
    "%(cats)s cats": "%(cats)s chats",
    "There are %(which)s.": "Il y a %(which)s.",
    "%(name)s sleeps.": "%(name)s dort.",
    "%(cell)s is no cat": "%(cell)s n'est pas un chat",
    "%(name)s: %(why)s": "%(name)s : %(why)s",
}
BOOK = Phrasebook(SAID, words=("name",), quoted=("cell",), parts=("which", "why"))
FRENCH = Language(say=lambda text: SAID.get(text, text), thousands=".", decimals=",")


def in_french(text: str) -> str:
    with speaking(FRENCH):
        return BOOK.say(text)


def test_the_phrase_of_a_sentence_is_found_and_its_gaps_are_filled_again() -> None:
    assert in_french("There are 1,200 cats.") == "Il y a 1.200 chats."
    assert in_french("There are 2 cats, 3 cats.") == "Il y a 2 chats, 3 chats."


def test_several_sentences_are_said_one_after_the_other() -> None:
    assert in_french("Tom sleeps. There are 2 cats. Mr. X sleeps.") == "Tom dort. Il y a 2 chats. Mr. X dort."


def test_what_is_of_no_phrase_stays_as_it_is() -> None:
    for text in ("There are many cats.", "Nobody knows.", "There are 2 cats. Nobody knows."):
        assert not BOOK.knows(text)
        assert in_french(text) == text


def test_what_users_wrote_is_nobodys_to_translate() -> None:
    assert in_french("2 cats sleeps.") == "2 cats dort."


def test_names_of_features_are_said_by_their_labels() -> None:
    book = Phrasebook(["Left out: %(which)s, and %(rest)s more."], features=("which",)).naming(str.upper)
    assert book.say("Left out: city, rooms, and 2 more.") == "Left out: CITY, ROOMS, and 2 more."


def test_what_was_quoted_ends_where_its_quotation_does() -> None:
    for cell in ("'x'", "'is: no cat'", '"it\'s"', "'\\'s'", CUT):
        assert in_french(f"row: {cell} is no cat") == f"row : {cell} n'est pas un chat"
    assert not BOOK.knows("x is no cat")


@pytest.mark.parametrize("words", ["a: ", "a. ", "a, ", "Tom sleeps. ", "'x' is no cat: "])
def test_users_words_do_not_make_the_search_long(words: str) -> None:
    assert not BOOK.knows(300 * words + "nobody knows")


def test_in_english_it_reads_as_it_was_stored() -> None:
    text = "Not activated: It reads what looks written after the outcome: a, b. It says the same as price."
    assert PHRASES.knows(text)
    assert PHRASES.say(text) == text


@pytest.mark.parametrize("change", [{}, {1: 0.0123, 2: -0.001, 3: 0.2}, {1: -0.2}])
def test_what_is_said_of_behaviour_is_known(change: dict[int, float]) -> None:
    assert PHRASES.knows(Answering(change).words)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.1, 0.6])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_what_is_said_of_two_versions_is_known(noise: float, turned: bool, rate: float) -> None:
    chance, n = np.random.default_rng(1), 400
    converted = chance.random(n) < rate
    good = np.clip(0.3 + 0.2 * (converted - 0.3), 0.01, 0.99)
    worse = np.clip(good + noise * chance.normal(size=n), 0.01, 0.99)
    champion, challenger = (good, worse) if turned else (worse, good)
    compared = compare(
        champion=champion, challenger=challenger, converted=converted, weight=np.ones(n), dossier=np.arange(n), seed=1
    )
    for verdict in ("Activated: ", "Not activated: ", ""):
        assert PHRASES.knows(verdict + compared.words)


@pytest.mark.parametrize(
    ("entry", "now"),
    [
        ({"kind": "category", "levels": ["looking for 2, or more. Yes"], "shares": [0.9, 0.1]}, [0.3, 0.7]),
        ({"kind": "category", "levels": ["a"], "shares": [0.4, 0.6]}, [0.9, 0.1]),
        ({"kind": "category", "levels": ["a", "b"], "shares": [0.3, 0.3, 0.4]}, [0.3, 0.3, 0.004]),
        ({"kind": "boolean", "edges": [0.5], "shares": [0.9, 0.1]}, [0.3, 0.7]),
        ({"kind": "numeric", "edges": [20_000.0], "shares": [0.9, 0.1]}, [0.3, 0.7]),
        ({"kind": "numeric", "edges": [0.125], "shares": [0.1, 0.9]}, [0.7, 0.3]),
        ({"kind": "numeric", "edges": [-3.0], "shares": [0.1, 0.9]}, [0.7, 0.3]),
    ],
)
def test_what_is_said_of_drift_is_known(entry: dict[str, object], now: list[float]) -> None:
    assert PHRASES.knows(moved_in_words(entry, np.array(now)))


def test_why_an_algorithm_was_chosen_is_known() -> None:
    def losing(mean: float) -> Losses:
        return Losses(mean + 0.2 * np.where(np.arange(400) % 2 == 0, 1.0, -1.0), np.ones(400))

    seconds = dict.fromkeys(("a", "b", "c", "d"), 1.0)
    trials = judged({"a": losing(0.6), "b": Losses(np.full(400, 0.409), np.ones(400)), "c": losing(0.4)}, seconds)
    trials += judged({"d": Losses(np.zeros(1), np.zeros(1))}, seconds)
    assert [trial.why for trial in trials if not PHRASES.knows(trial.why)] == []
    assert [trial.why for trial in trials if not PHRASES.knows(f"Random forest is chosen: {trial.why}")] == []


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["random_forest", "logistic_regression"])
def test_all_that_a_run_says_is_known(algorithm: str) -> None:
    a_past()
    run = a_run(algorithm=algorithm)
    told = [run.verdict, *(check.words for check in run.checks.all()), *(each["text"] for each in run.messages)]
    assert [words for words in told if not PHRASES.knows(words)] == []
    assert a_run().verdict.startswith(("Activated", "Not activated"))
    assert PHRASES.knows(run.verdict)
