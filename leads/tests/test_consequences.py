"""What moves with a supposed change."""

from typing import Any

import numpy as np
import pytest

from leads.consequences import answered_more, followers

LEAD = {
    "inbound_messages_count": 2,
    "inbound_messages_last_7_days": 1,
    "outbound_messages_count": 1,
    "outbound_messages_last_7_days": 1,
    "appointments_count": 0,
    "appointments_last_7_days": 0,
    "events.page_view.count": 3,
    "events.page_view.last_7_days": 2,
    "engagement_rate": 2.0,
    "response_time_minutes": 30,
    "days_since_last_event": 2.5,
    "days_since_creation": 10.0,
    "conversion_rate_last_7_days": 0.3,
    "has_property": 0,
    "property_price": None,
    "property_has_photos": None,
    "city": None,
    "source": "web",
    "attributes.visits_count": 4,
}
UNANSWERED = LEAD | {"outbound_messages_count": 0, "outbound_messages_last_7_days": 0, "response_time_minutes": None}
WITH_PROPERTY = LEAD | {"has_property": 1, "property_price": 250_000, "property_has_photos": 1, "city": "Lyon"}


@pytest.mark.parametrize(
    ("lead", "changes", "followed"),
    [
        pytest.param(
            LEAD,
            {"inbound_messages_count": 5},
            {"inbound_messages_last_7_days": 4, "engagement_rate": 5.0, "days_since_last_event": 0},
            id="more messages come now",
        ),
        pytest.param(
            LEAD,
            {"inbound_messages_count": 0},
            {"inbound_messages_last_7_days": 0, "engagement_rate": 0.0},
            id="no more lately than in all",
        ),
        pytest.param(
            LEAD,
            {"appointments_last_7_days": 1},
            {"appointments_count": 1, "days_since_last_event": 0},
            id="what happened lately happened",
        ),
        pytest.param(
            LEAD,
            {"events.page_view.count": 4},
            {"events.page_view.last_7_days": 3, "days_since_last_event": 0},
            id="events of any kind",
        ),
        pytest.param(
            UNANSWERED,
            {"outbound_messages_count": 1},
            {"outbound_messages_last_7_days": 1, "response_time_minutes": 90, "days_since_last_event": 0},
            id="the first message to a lead answers it",
        ),
        pytest.param(
            LEAD,
            {"outbound_messages_count": 0},
            {"outbound_messages_last_7_days": 0, "response_time_minutes": None},
            id="without one it is unanswered",
        ),
        pytest.param(
            UNANSWERED,
            {"response_time_minutes": 5},
            {"outbound_messages_count": 1, "outbound_messages_last_7_days": 1, "days_since_last_event": 0},
            id="an answer is a message",
        ),
        pytest.param(
            LEAD, {"days_since_creation": 13}, {"days_since_last_event": 5.5}, id="an older lead was silent for longer"
        ),
        pytest.param(
            LEAD,
            {"days_since_last_event": 8},
            {"inbound_messages_last_7_days": 0, "outbound_messages_last_7_days": 0, "events.page_view.last_7_days": 0},
            id="a long silence leaves nothing recent",
        ),
        pytest.param(LEAD, {"property_price": 300_000}, {"has_property": 1}, id="a price makes a property known"),
        pytest.param(LEAD, {"city": None}, {}, id="a missing city does not"),
        pytest.param(
            WITH_PROPERTY,
            {"has_property": 0},
            {"property_price": None, "property_has_photos": None, "city": None},
            id="without a property nothing is known of it",
        ),
        pytest.param(
            LEAD,
            {"inbound_messages_count": 3, "engagement_rate": 9, "days_since_last_event": 1},
            {"inbound_messages_last_7_days": 2},
            id="what is named stays as named",
        ),
        pytest.param(LEAD, {"inbound_messages_count": None}, {}, id="a missing count moves nothing"),
        pytest.param(LEAD, {"source": "portal", "attributes.visits_count": 9}, {}, id="most features stand alone"),
        pytest.param({"source": "web"}, {"source": "portal"}, {}, id="a model may read little"),
    ],
)
def test_features_of_the_same_things_move_together(
    lead: dict[str, Any], changes: dict[str, Any], followed: dict[str, Any]
) -> None:
    assert followers(lead, changes, waited_minutes=90) == followed


def test_many_leads_that_write_more_move_as_one_does() -> None:
    columns = {name: np.array([value]) for name, value in LEAD.items() if isinstance(value, (int, float))}
    many = {name: column[0] for name, column in answered_more(columns, 3).items()}
    one = LEAD | {"inbound_messages_count": 5}
    assert many == {
        name: (one | followers(LEAD, {"inbound_messages_count": 5}, waited_minutes=0))[name] for name in many
    }
