"""Whatever somebody writes into an artefact: it is refused, or scores as a sound model would, between 0 and 1."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_registry.learning.artefact import BadArtefact, read
from models_registry.tests.artefacts import content
from models_registry.tests.learning.simulated import leads

ROWS = leads(20, seed=3)[0]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.just({"kind": "vote", "members": [{"kind": "vote"}]}),
    st.just("x" * 100_000),
)


def unpacked() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content())) as container:
        return {name: container.read(name) for name in container.namelist()}


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as container:
        for name, each in members.items():
            container.writestr(name, each)
    return buffer.getvalue()


def refused_or_sound(data: bytes) -> None:
    try:
        model = read(data)
    except BadArtefact:
        return
    probability = model.score(ROWS.columns).probability
    assert np.isfinite(probability).all()
    assert ((probability >= 0) & (probability <= 1)).all()


def places(part: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in plain data."""
    yield at
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, each in inside:
        yield from places(each, (*at, name))


MANIFEST = json.loads(unpacked()["manifest.json"])
PLACES = list(places(MANIFEST))[1:]
ARRAYS = sorted(name for name in unpacked() if name.endswith(".npy"))


@settings(max_examples=150)
@given(st.sampled_from(PLACES), JUNK)
def test_anything_anywhere_in_the_manifest(place: tuple[Any, ...], junk: Any) -> None:
    manifest = json.loads(unpacked()["manifest.json"])
    inside = manifest
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = junk
    refused_or_sound(packed(unpacked() | {"manifest.json": json.dumps(manifest).encode()}))


@settings(max_examples=150)
@given(st.sampled_from(ARRAYS), st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_anything_anywhere_in_an_array(name: str, at: int, junk: bytes) -> None:
    """Indexes that point back (cycles), beyond the end, and figures that are none."""
    members = unpacked()
    array = bytearray(members[name])
    at %= len(array)
    array[at : at + len(junk)] = junk[: len(array) - at]
    refused_or_sound(packed(members | {name: bytes(array)}))


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, len(content()) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_anything_anywhere_in_the_file(changes: list[tuple[int, int]]) -> None:
    data = bytearray(content())
    for at, value in changes:
        data[at] = value
    refused_or_sound(bytes(data))


@settings(max_examples=50)
@given(st.binary(max_size=2_000))
def test_any_bytes_at_all(data: bytes) -> None:
    with pytest.raises(BadArtefact):
        read(data)


@pytest.mark.parametrize("depth", [40, 100_000])
def test_a_manifest_nested_deeply(depth: int) -> None:
    with pytest.raises(BadArtefact):
        read(packed({"manifest.json": b"[" * depth + b"]" * depth}))


def test_a_bomb_of_members_that_share_their_bytes_is_refused() -> None:
    """Forty entries of the directory point at the same megabyte."""
    bomb = packed({"manifest.json": b"{}", "a.npy": bytes(1 << 20)})
    end = bomb.rfind(b"PK\x05\x06")
    entries, size, begin = struct.unpack("<HLL", bomb[end + 10 : end + 20])
    directory = bomb[begin : begin + size]
    entry = directory[directory.rfind(b"PK\x01\x02") :]
    more = b"".join(entry.replace(b"a.npy", b"%c.npy" % (98 + at % 25)) for at in range(20))
    tail = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, entries + 20, entries + 20, size + len(more), begin, 0)
    with pytest.raises(BadArtefact, match=r"overlap|Overlap"):
        read(bomb[:begin] + directory + more + tail)


def test_a_compressed_bomb_is_refused_before_it_is_opened() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("manifest.json", b" " * (64 << 20))
    assert len(buffer.getvalue()) < 1 << 20
    with pytest.raises(BadArtefact, match="compressed"):
        read(buffer.getvalue())
