"""A model becomes the same bytes each time, and no other bytes become a model."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from leads.features import LabelledRows
from models_registry.learning.artefact import BadArtefact, read, write
from models_registry.learning.fit import Learned, learn

Manifest = dict[str, Any]
Members = dict[str, bytes]


def unpacked(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        return {name: container.read(name) for name in container.namelist()}


def packed(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as container:
        for name, content in members.items():
            container.writestr(name, content)
    return buffer.getvalue()


def npy(array: Any, *, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def with_array(data: bytes, name: str, change: Callable[[Any], Any]) -> bytes:
    members = unpacked(data)
    members[f"{name}.npy"] = npy(change(np.load(io.BytesIO(members[f"{name}.npy"])).copy()))
    return packed(members)


def with_manifest(data: bytes, change: Callable[[Manifest], Any]) -> bytes:
    members = unpacked(data)
    manifest = json.loads(members["manifest.json"])
    change(manifest)
    members["manifest.json"] = json.dumps(manifest).encode()
    return packed(members)


@pytest.fixture(scope="module")
def content(learned: Learned) -> bytes:
    return write(learned.model)


def test_what_is_read_scores_as_what_was_written(rows: LabelledRows, learned: Learned, content: bytes) -> None:
    before, after = learned.model.score(rows.columns), read(content).score(rows.columns)
    for name in ("probability", "low", "high", "contributions", "imputed"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
    assert before.base == after.base


def test_the_same_data_and_seed_make_the_same_bytes(rows: LabelledRows, content: bytes) -> None:
    assert write(learn(rows, seed=7, n_jobs=1).model) == content
    assert write(read(content)) == content


def test_another_seed_makes_other_bytes(rows: LabelledRows, content: bytes) -> None:
    assert write(learn(rows, seed=8).model) != content


def set_at(at: int, value: float) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array[at] = value
        return array

    return change


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("left", set_at(0, 0)),
        ("left", set_at(1, 0)),
        ("left", set_at(0, 2)),
        ("left", set_at(0, 4_000_000_000)),
        ("left", set_at(-1, 1)),
        ("feature", set_at(0, 500)),
        ("threshold", set_at(0, np.nan)),
        ("threshold", set_at(0, np.inf)),
        ("value", set_at(3, np.inf)),
        ("cover", set_at(0, 0.0)),
        ("cover", set_at(3, np.nan)),
        ("root", set_at(0, 1)),
        ("root", set_at(1, 0)),
        ("root", set_at(-1, 4_000_000_000)),
        ("group", set_at(0, 4_000_000_000)),
        ("value", lambda array: array[:-1]),
        ("value", lambda array: array.reshape(1, -1)),
        ("value", lambda array: array.astype(np.float32)),
        ("root", lambda array: array[:0]),
        ("left", lambda array: array[:0]),
    ],
)
def test_arrays_that_are_not_trees_are_refused(content: bytes, name: str, change: Callable[[Any], Any]) -> None:
    with pytest.raises(BadArtefact):
        read(with_array(content, name, change))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(format="other"),
        lambda m: m.update(format_version=3),
        lambda m: m.pop("encoder"),
        lambda m: m["raw"].update(kind="pickle"),
        lambda m: m["raw"].update(columns=3),
        lambda m: m["calibration"].update(a=-1),
        lambda m: m["calibration"].update(c="x"),
        lambda m: m["spread"].update(own=-1),
        lambda m: m["spread"].pop("usual"),
        lambda m: m["encoder"]["codes"].pop(),
        lambda m: m["encoder"]["features"][0].update(kind="unheard of"),
        lambda m: m["golden"]["probability"].pop(),
        lambda m: m["encoder"].update(codes=None),
        lambda m: m["encoder"]["codes"][0].update(median=float("nan")),
    ],
)
def test_a_manifest_that_is_not_sound_is_refused(content: bytes, change: Callable[[Manifest], Any]) -> None:
    with pytest.raises(BadArtefact):
        read(with_manifest(content, change))


def test_a_model_that_scores_its_golden_rows_otherwise_is_refused(content: bytes) -> None:
    with pytest.raises(BadArtefact, match="golden"):
        read(with_manifest(content, lambda m: m["calibration"].update(c=m["calibration"]["c"] + 1e-6)))
    with pytest.raises(BadArtefact, match="golden"):
        read(with_array(content, "value", lambda array: np.where(array > 0.5, array - 1e-4, array)))


def test_an_artefact_of_the_first_format_is_still_read(rows: LabelledRows, learned: Learned, content: bytes) -> None:
    def as_of_old(manifest: Manifest) -> None:
        manifest["format_version"] = 1
        manifest["raw"].pop("link")

    old = read(with_manifest(content, as_of_old))
    assert np.array_equal(old.score(rows.columns).probability, learned.model.score(rows.columns).probability)


def test_nothing_is_unpickled(content: bytes) -> None:
    members = unpacked(content)
    members["value.npy"] = npy(np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(BadArtefact):
        read(packed(members))


def test_an_array_whose_header_lies_of_its_size_is_refused(content: bytes) -> None:
    members = unpacked(content)
    head, _, _ = members["value.npy"].partition(b"(")
    rest = members["value.npy"][len(head) :]
    members["value.npy"] = head + rest.replace(b"(", b"(9", 1).replace(b" \n", b"\n", 1)
    with pytest.raises(BadArtefact):
        read(packed(members))


def test_compressed_extra_and_absent_members_are_refused(content: bytes) -> None:
    members = unpacked(content)
    without = {name: each for name, each in members.items() if name != "cover.npy"}
    for bad in (
        packed(members, zipfile.ZIP_DEFLATED),
        packed(members | {"more.npy": npy(np.ones(3))}),
        packed(without),
        packed(members | {"x/../../y": b"?"}),
    ):
        with pytest.raises(BadArtefact):
            read(bad)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all", b"\x80\x04."])
def test_what_is_no_container_is_refused(data: bytes) -> None:
    with pytest.raises(BadArtefact):
        read(data)


def test_damaged_bytes_are_refused_or_harmless(rows: LabelledRows, content: bytes) -> None:
    rng, sound = np.random.default_rng(0), read(content).score(rows.columns).probability
    for at in rng.integers(0, len(content), 40):
        damaged = bytearray(content)
        damaged[at] ^= 0xFF
        try:
            again = read(bytes(damaged))
        except BadArtefact:
            continue
        assert np.array_equal(again.score(rows.columns).probability, sound)  # a flipped bit of a timestamp


def test_a_shortened_artefact_is_refused(content: bytes) -> None:
    for share in (0.1, 0.5, 0.99):
        with pytest.raises(BadArtefact):
            read(content[: int(share * len(content))])
