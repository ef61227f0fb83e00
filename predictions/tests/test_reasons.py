"""Why a lead scores as it does, in words."""

import pytest

from leads.catalogue import FIXED
from leads.features import Kind
from predictions.reasons import Reason, label_of, moved, reasons_of, shown, strongest


def sentences(*vector: list, kinds: dict | None = None) -> list[str]:
    return [reason.sentence for reason in reasons_of(vector, kinds=kinds)]


def test_a_reason_says_what_the_lead_has_and_by_how_much_that_moves_it() -> None:
    assert sentences(["appointments_count", 3, 0.12]) == ["3 appointments raise it by 12 points"]
    assert sentences(["appointments_count", 1, 0.01]) == ["1 appointment raises it by 1 point"]
    assert sentences(["days_since_last_event", 12.7, -0.043]) == ["a silence of 12 days lowers it by 4 points"]


def test_what_a_lead_lacks_is_one_thing() -> None:
    (sentence,) = sentences(["inbound_messages_count", 0, -0.08])
    assert sentence == "the lack of messages from the lead lowers it by 8 points"


def test_a_missing_value_is_never_a_reason() -> None:
    assert sentences(["response_time_minutes", None, -0.3], ["source", None, 0.2], ["source", "website", 0.02]) == [
        "the source “website” raises it by 2 points"
    ]


def test_what_moves_it_by_less_than_half_a_point_is_no_reason() -> None:
    assert sentences(["appointments_count", 3, 0.004]) == []


def test_the_strongest_come_first_and_no_more_each_way_than_asked_for() -> None:
    vector = [
        ["appointments_count", 3, 0.3],
        ["source", "website", -0.2],
        ["amount", 5000, 0.1],
        ["region", "Ain", -0.05],
        ["city", "Lyon", 0.02],
    ]
    told = reasons_of(strongest(vector, each_way=2))
    assert [reason.feature for reason in told] == ["appointments_count", "source", "amount", "region"]
    assert [reason.feature for reason in reasons_of(strongest(vector, each_way=1))] == ["appointments_count", "source"]


def test_an_attribute_is_told_by_its_kind() -> None:
    kinds = {"attributes.first_time_buyer": Kind.BOOLEAN, "attributes.budget": Kind.NUMERIC}
    assert sentences(["attributes.first_time_buyer", 1, 0.02], ["attributes.budget", 300000, 0.02], kinds=kinds) == [
        "first time buyer: yes raises it by 2 points",
        "budget 300,000 raises it by 2 points",
    ]
    dates = {"attributes.wanted_from": Kind.DATE}
    assert [shown("attributes.wanted_from", days, dates["attributes.wanted_from"]) for days in (20.4, -3.2, 0.2)] == [
        "20 days before",
        "3 days later",
        "that day",
    ]
    assert sentences(["attributes.wanted_from", -12, 0.04], kinds=dates) == [
        "wanted from (12 days later) raises it by 4 points"
    ]
    assert sentences(["attributes.job", "Student", -0.02]) == ["job “Student” lowers it by 2 points"]


def test_events_of_any_kind_have_words() -> None:
    assert sentences(["events.page_view.count", 4, 0.02]) == ["4 events “page view” raise it by 2 points"]
    assert label_of("events.page_view.last_7_days") == "Events “page view”, last 7 days"


@pytest.mark.parametrize("feature", [definition.feature for definition in FIXED], ids=lambda feature: feature.name)
def test_every_feature_of_the_catalogue_has_a_name_and_a_sentence(feature: object) -> None:
    value = "Monday" if feature.is_category else 2
    (reason,) = reasons_of([[feature.name, value, 0.1]])
    assert label_of(feature.name) != feature.name
    assert reason.raises
    assert reason.sentence.endswith("it by 10 points")
    assert shown(feature.name, value, feature.kind)
    assert shown(feature.name, None) == "unknown"


def test_a_reason_against_lowers() -> None:
    assert not Reason("source", "the source “portal”", -0.1).raises


def test_an_answer_says_what_leads_like_this_do() -> None:
    vector = [["appointments_count", 3, 0.12], ["days_since_last_event", 12.7, -0.043]]
    assert [reason.text for reason in reasons_of(vector)] == [
        "3 appointments; leads like this convert more often",
        "A silence of 12 days; leads like this convert less often",
    ]


def test_the_rules_know_nothing_of_leads_like_this() -> None:
    vector = [["appointments_count", 3, 0.3], ["response_time_minutes", 7000, -0.05]]
    assert [reason.text for reason in reasons_of(vector, by_rules=True)] == [
        "3 appointments; the rules give points for it",
        "An answer after 5 days; the rules take points for it",
    ]


@pytest.mark.parametrize(
    ("feature", "before", "after", "words"),
    [
        ("inbound_messages_count", 1, 3, "2 new messages from the lead"),
        ("appointments_count", 0, 1, "1 new appointment"),
        ("appointments_count", 3, 2, "appointments: 3, now 2"),
        ("property_price", None, 250_000, "property's price: known now, 250,000"),
        ("source", "web", None, "source: no longer known"),
        ("days_since_creation", 3.2, 9.9, "age: 3 days, now 9 days"),
        ("events.page_view.count", 4, 6, "2 new events “page view”"),
    ],
)
def test_what_became_of_a_feature_has_words(feature: str, before: object, after: object, words: str) -> None:
    assert moved(feature, before, after) == words


def test_a_recent_conversion_rate_says_that_it_is_of_all_leads() -> None:
    (sentence,) = sentences(["conversion_rate_last_7_days", 0.22, 0.03])
    assert sentence == "a conversion rate of 22 of 100 among all leads in the last 7 days raises it by 3 points"
    assert label_of("conversion_rate_last_30_days") == "Conversion rate of all leads, last 30 days"
