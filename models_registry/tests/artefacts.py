"""Small real artefacts, learnt once, for versions that must rehearse."""

from __future__ import annotations

import functools

import pytest

from leads import catalogue
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


def without_feature(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From now on this is an installation whose catalogue lacks a fixed feature."""
    others = {each: definition for each, definition in catalogue._FIXED_BY_NAME.items() if each != name}
    monkeypatch.setattr(catalogue, "_FIXED_BY_NAME", others)
    catalogue._definition.cache_clear()
