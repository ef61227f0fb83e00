"""Small real artefacts, learnt once, for versions that must rehearse."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from leads import catalogue
from models_registry import artefacts
from models_registry.artefacts import digest_of
from models_registry.learning.artefact import write
from models_registry.learning.fit import Learned, learn
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.tests.learning.simulated import leads


@functools.cache
def small(seed: int = 1) -> Learned:
    """Learnt from 300 leads whose truth is known."""
    return learn(leads(300, seed=seed)[0], seed=seed, algorithm="random_forest")


@functools.cache
def content(seed: int = 1) -> bytes:
    """Its bytes."""
    return write(small(seed).model)


def give_artefact(version: ModelVersion, seed: int = 1) -> ModelVersion:
    """The version with that artefact, and its digest on the card."""
    version.digest = digest_of(content(seed))
    version.save(update_fields=["digest"])
    ModelArtefact.objects.update_or_create(version=version, defaults={"content": content(seed)})
    return version


def kept(name: str, *, seed: int = 1, **fields: object) -> ModelVersion:
    """A version that can score."""
    return give_artefact(
        ModelVersion.objects.create(version=name, algorithm="random_forest", digest="d", **fields), seed
    )


def of_another_release(name: str, **fields: object) -> ModelVersion:
    """A version that is whole, and reads of leads what no catalogue here knows."""
    rows = leads(300, seed=1)[0]
    known, theirs = rows.features, replace(rows.features[0], name="phase_of_the_moon")
    columns = {**rows.columns, theirs.name: rows.columns[known[0].name]}
    learned = learn(replace(rows, features=(theirs, *known[1:]), columns=columns), seed=1, algorithm="random_forest")
    written = write(learned.model)
    version = ModelVersion.objects.create(
        version=name, algorithm="random_forest", digest=digest_of(written), features=[], **fields
    )
    ModelArtefact.objects.create(version=version, content=written)
    return version


def without_feature(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From now on this is an installation whose catalogue lacks a fixed feature, in a process that has just begun."""
    others = {each: definition for each, definition in catalogue._FIXED_BY_NAME.items() if each != name}
    monkeypatch.setattr(catalogue, "_FIXED_BY_NAME", others)
    catalogue._definition.cache_clear()
    monkeypatch.setattr(artefacts, "_memory", artefacts._Memory())
