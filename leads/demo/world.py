"""The demonstration's world: how often each thing is seen of leads that will convert, and of those that will not.

Pure. Everything that can be seen of a lead is drawn independently given its fate, so that by Bayes' theorem the logit
of the true probability is a sum: the prior's, and the weight of evidence of each thing seen so far
(docs/demonstration.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaincc, gammainc, log_ndtr

from common.arrays import Floats

CONVERTING_SHARE = 0.25
PRIOR_LOGIT = math.log(CONVERTING_SHARE / (1 - CONVERTING_SHARE))


@dataclass(frozen=True)
class Words:
    """A category: each word's share among the leads that will convert, and among the others.

    `told` is the share of leads of which it is known at all, the same for both, so that its absence says nothing.
    """

    shares: Mapping[Any, tuple[float, float]]
    told: float = 1.0

    def weight(self, word: Any) -> float:
        """The weight of evidence (a difference of logits) of having seen `word`."""
        converting, other = self.shares[word]
        return math.log(converting / other)


@dataclass(frozen=True)
class Size:
    """A positive number, lognormal around a level; `apart` is how much higher (in logs) its median is if converting."""

    apart: float
    spread: float

    @property
    def slope(self) -> float:
        """The weight of evidence of one unit of log(value / level)."""
        return self.apart / self.spread**2


@dataclass(frozen=True)
class Stream:
    """Things that happen as a Poisson process: so many expected in all, each gamma-distributed days after creation."""

    converting: float
    other: float
    scale_days: float
    shape: float = 1.0

    @property
    def weight(self) -> float:
        """The weight of evidence of one more of them."""
        return math.log(self.converting / self.other)

    def silence(self, age_days: Floats) -> Floats:
        """The weight of evidence of the time waited (shape (n,)): of few having come although many could have."""
        return np.asarray((self.other - self.converting) * gammainc(self.shape, age_days / self.scale_days))


@dataclass(frozen=True)
class Arrival:
    """The shares of leads of which something is known at once, and later (exponential), whatever their fate."""

    at_once: float
    later: float
    later_days: float


SOURCE = Words(
    {
        "website": (0.26, 0.28),
        "portal": (0.23, 0.38),
        "referral": (0.21, 0.07),
        "walk-in": (0.12, 0.07),
        "phone": (0.11, 0.07),
        "ads": (0.07, 0.13),
    }
)
FINANCING = Words(
    {"cash": (0.21, 0.09), "approved": (0.39, 0.18), "in progress": (0.27, 0.38), "not started": (0.13, 0.35)},
    told=0.75,
)
FIRST_TIME_BUYER = Words({True: (0.36, 0.46), False: (0.64, 0.54)}, told=0.8)
HAS_PHOTOS = Words({True: (0.80, 0.68), False: (0.20, 0.32)})
CONTACT_PREFERENCE = Words({"email": (0.45, 0.45), "phone": (0.35, 0.35), "messenger": (0.20, 0.20)}, told=0.9)
"""Says nothing, as much else in a CRM."""

BUDGET = Size(apart=0.12, spread=0.35)
"""Against the region's level."""
PRICE = Size(apart=-0.10, spread=0.30)
"""Against the city's level: what is dear for its place sells less easily."""
RESPONSE = Size(apart=math.log(75 / 140), spread=1.3)
"""Minutes from creation to the first answer."""
RESPONSE_LEVEL = math.sqrt(75 * 140)

WANTED_TOLD = 0.7
WANTED_DAYS = (55.0, 95.0)
"""The mean number of days from creation to the date wanted from, of converting and other leads; geometric, from 1."""

STREAMS = {
    "inbound": Stream(converting=3.6, other=2.3, scale_days=10.0),
    "appointments": Stream(converting=1.3, other=0.45, scale_days=4.0, shape=2.0),
    "page_view": Stream(converting=5.6, other=4.8, scale_days=9.0),
    "email_opened": Stream(converting=2.2, other=2.0, scale_days=14.0),
    "brochure_download": Stream(converting=0.7, other=0.4, scale_days=6.0),
}
"""Beyond the first inbound message, which comes with every lead."""
OWN_KINDS = ("page_view", "email_opened", "brochure_download")

LAST_DAY = 60.0
"""No lead converts after so many days: so converting within 60 days of any moment, and converting at all, are one."""
CONVERTS_AFTER = (2.0, 4.0)
"""Beta(2, 4) of the 60 days: 20 on average, 15 most often."""
IS_TURNED_DOWN = 0.7
"""The share of the others that are lost explicitly; the rest falls silent."""
TURNED_DOWN_AFTER = (2.0, 3.0)

PROPERTY_KNOWN = Arrival(at_once=0.75, later=0.15, later_days=4.0)
BUDGET_KNOWN = Arrival(at_once=0.60, later=0.20, later_days=5.0)

CITIES: Mapping[str, tuple[str, float, float]] = {
    "Paris": ("Île-de-France", 0.20, 520_000),
    "Versailles": ("Île-de-France", 0.05, 560_000),
    "Lyon": ("Auvergne-Rhône-Alpes", 0.15, 340_000),
    "Grenoble": ("Auvergne-Rhône-Alpes", 0.06, 225_000),
    "Marseille": ("Provence-Alpes-Côte d'Azur", 0.11, 265_000),
    "Nice": ("Provence-Alpes-Côte d'Azur", 0.08, 355_000),
    "Toulouse": ("Occitanie", 0.09, 270_000),
    "Montpellier": ("Occitanie", 0.07, 265_000),
    "Bordeaux": ("Nouvelle-Aquitaine", 0.08, 325_000),
    "Nantes": ("Pays de la Loire", 0.06, 280_000),
    "Lille": ("Hauts-de-France", 0.05, 235_000),
}
"""Each city's region, its share of the leads, and the level of its prices."""
REGION_LEVEL: Mapping[str, float] = {
    "Île-de-France": 500_000,
    "Auvergne-Rhône-Alpes": 300_000,
    "Provence-Alpes-Côte d'Azur": 310_000,
    "Occitanie": 270_000,
    "Nouvelle-Aquitaine": 310_000,
    "Pays de la Loire": 275_000,
    "Hauts-de-France": 230_000,
}
TEAMS: Mapping[str, str] = {
    "Île-de-France": "team-paris",
    "Hauts-de-France": "team-north",
    "Pays de la Loire": "team-west",
    "Nouvelle-Aquitaine": "team-west",
    "Auvergne-Rhône-Alpes": "team-lyon",
    "Occitanie": "team-south",
    "Provence-Alpes-Côte d'Azur": "team-south",
}


def still_open(age_days: Floats) -> tuple[Floats, Floats]:
    """The chances, shape (n,), that a converting lead and another are still undecided at an age."""
    x = np.clip(age_days / LAST_DAY, 0.0, 1.0)
    return betaincc(*CONVERTS_AFTER, x), 1 - IS_TURNED_DOWN + IS_TURNED_DOWN * betaincc(*TURNED_DOWN_AFTER, x)


def age_weight(age_days: Floats) -> Floats:
    """What waiting says: being still undecided, and the streams' silence. Shape (n,); -inf from the last day on."""
    converting, other = still_open(age_days)
    with np.errstate(divide="ignore"):
        waited = np.log(converting) - np.log(other)
    return np.asarray(waited + sum(stream.silence(age_days) for stream in STREAMS.values()))


def unanswered_weight(age_days: Floats) -> Floats:
    """What it says that nobody has answered by this age. Shape (n,)."""
    with np.errstate(divide="ignore"):
        z = np.log(age_days * 1440.0 / RESPONSE_LEVEL) / RESPONSE.spread
    half = RESPONSE.apart / RESPONSE.spread / 2
    return np.asarray(log_ndtr(half - z) - log_ndtr(-half - z))


def wanted_weight(days: Floats) -> Floats:
    """What the number of days to the date it is wanted from says, the day after creation being 1. Shape (n,)."""
    converting, other = (1 / mean for mean in WANTED_DAYS)
    return np.asarray(math.log(converting / other) + (days - 1) * math.log((1 - converting) / (1 - other)))
