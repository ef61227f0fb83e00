"""A model as bytes: an uncompressed zip of one JSON manifest and .npy arrays. Nothing is ever unpickled.

The same model makes the same bytes. What is read is distrusted: every size, index and figure is checked, and the model
must score its golden rows as it did when it was written.
"""

from __future__ import annotations

import io
import json
import tokenize
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.encoding import Encoder
from models_registry.learning.interval import Spread
from models_registry.learning.linear import LinearBags
from models_registry.learning.model import Golden, Model
from models_registry.learning.network import NetworkBags
from models_registry.learning.raw import Link, RawScorer
from models_registry.learning.trees import DTYPES, TreeEnsemble
from models_registry.learning.vote import MOST_MEMBERS as MOST_VOICES
from models_registry.learning.vote import Member, Vote

FORMAT = "leadqual-model"
FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)
"""The first knew trees on shares only, which the second keeps with their scale."""
MANIFEST = "manifest.json"
LARGEST_BYTES = 1 << 30
MOST_MEMBERS = 64
UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    zipfile.BadZipFile,
    SyntaxError,
    tokenize.TokenError,  # of the heads of arrays, which numpy reads as Python literals
)
"""What reading damaged bytes may raise."""
EPOCH = (1980, 1, 1, 0, 0, 0)

Arrays = dict[str, NDArray[Any]]
Plain = Mapping[str, Any]


class BadArtefact(ValueError):
    """These bytes are not an artefact that can be trusted; the message says why."""


def write(model: Model) -> bytes:
    """The model as bytes; the same model, the same bytes."""
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "algorithm": model.algorithm,
        "raw": {"kind": model.raw.kind, "columns": model.raw.columns, **model.raw.plain()},
        "encoder": model.encoder.to_json(),
        "calibration": model.calibration.to_json(),
        "spread": model.spread.to_json(),
        "golden": model.golden.to_json() if model.golden else None,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as container:
        _put(container, MANIFEST, json.dumps(manifest, sort_keys=True, allow_nan=False, ensure_ascii=False).encode())
        for name, array in sorted(model.raw.arrays().items()):
            _put(container, f"{name}.npy", _npy(array))
    return buffer.getvalue()


def read(data: bytes) -> Model:
    """The model of these bytes. Raises BadArtefact where they are not exactly what `write` made of a sound one."""
    try:
        manifest, arrays = _unpacked(data)
        model = _model(manifest, arrays)
    except BadArtefact:
        raise
    except UNREADABLE as error:
        raise BadArtefact(f"not a readable artefact: {error}") from error
    if model.misses_its_golden_rows():
        raise BadArtefact("the model does not score its golden rows as it did when it was made")
    return model


def _put(container: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, date_time=EPOCH)
    member.create_system, member.external_attr = 3, 0o644 << 16
    container.writestr(member, content)


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _unpacked(data: bytes) -> tuple[dict[str, Any], Arrays]:
    if len(data) > LARGEST_BYTES:
        raise BadArtefact("too large")
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        members = container.infolist()
        names = [member.filename for member in members]
        if len(names) > MOST_MEMBERS or len(set(names)) < len(names):
            raise BadArtefact("too many members, or one of them twice")
        if any(each.compress_type != zipfile.ZIP_STORED or each.file_size != each.compress_size for each in members):
            raise BadArtefact("a member is compressed")
        if sum(each.file_size for each in members) > len(data):
            raise BadArtefact("members that overlap")  # many could be made of the same bytes
        manifest = json.loads(container.read(MANIFEST), parse_constant=_refuse)
        arrays = {name.removesuffix(".npy"): _array(container.read(name)) for name in names if name != MANIFEST}
    readable = isinstance(manifest, dict) and manifest["format_version"] in READABLE_VERSIONS
    if not readable or manifest["format"] != FORMAT:
        raise BadArtefact("another format")
    return manifest, arrays


def _refuse(constant: str) -> float:
    raise BadArtefact(f"{constant} in the manifest")


def _array(content: bytes) -> NDArray[Any]:
    """A one-dimensional array of plain numbers. Its header must tell its size truly: none is allocated on its word."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise BadArtefact("another version of .npy")
    shape, _fortran, dtype = np.lib.format.read_array_header_1_0(file)
    rest = content[file.tell() :]
    if dtype.hasobject or dtype.kind not in "fiu" or len(shape) != 1 or shape[0] * dtype.itemsize != len(rest):
        raise BadArtefact("an array is not what its header says")
    return np.frombuffer(rest, dtype=dtype)


def _model(manifest: Mapping[str, Any], arrays: Arrays) -> Model:
    encoder = Encoder.from_json(manifest["encoder"])
    columns = int(manifest["raw"]["columns"])
    if columns != encoder.columns:
        raise BadArtefact("the encoder does not fit the scorer")
    golden = manifest["golden"]
    return Model(
        str(manifest["algorithm"]),
        encoder,
        _scorer(manifest["raw"], columns, arrays),
        BetaCalibration.from_json(manifest["calibration"]),
        Spread.from_json(manifest["spread"]),
        None if golden is None else Golden.from_json(golden, encoder.features),
    )


def _scorer(plain: Plain, columns: int, arrays: Arrays) -> RawScorer:
    if plain["kind"] not in RAW_SCORERS:
        raise BadArtefact("a scorer of no known kind")
    return RAW_SCORERS[plain["kind"]](plain, columns, arrays)


def _trees(plain: Plain, columns: int, arrays: Arrays) -> RawScorer:
    if set(arrays) != set(DTYPES) or any(arrays[name].dtype != np.dtype(dtype) for name, dtype in DTYPES.items()):
        raise BadArtefact("not the arrays of trees")
    return TreeEnsemble(columns, **arrays, link=Link(plain.get("link", Link.IDENTITY)))


def _linear(_plain: Plain, columns: int, arrays: Arrays) -> RawScorer:
    return LinearBags.from_arrays(columns, arrays)


def _network(_plain: Plain, columns: int, arrays: Arrays) -> RawScorer:
    return NetworkBags.from_arrays(columns, arrays)


def _vote(plain: Plain, columns: int, arrays: Arrays) -> RawScorer:
    members = plain["members"]
    if len(members) > MOST_VOICES or any(member["kind"] == Vote.kind for member in members):
        raise BadArtefact("a vote of too many, or of votes")
    own = [dict(_under(f"{at}.", arrays)) for at in range(len(members))]
    if sum(map(len, own)) != len(arrays):
        raise BadArtefact("an array of no member")
    return Vote(
        tuple(
            Member(_scorer(each, columns, mine), BetaCalibration.from_json(each["calibration"]), float(each["weight"]))
            for each, mine in zip(members, own, strict=True)
        )
    )


def _under(prefix: str, arrays: Arrays) -> list[tuple[str, NDArray[Any]]]:
    return [(name.removeprefix(prefix), array) for name, array in arrays.items() if name.startswith(prefix)]


RAW_SCORERS: dict[str, Callable[[Plain, int, Arrays], RawScorer]] = {
    TreeEnsemble.kind: _trees,
    LinearBags.kind: _linear,
    NetworkBags.kind: _network,
    Vote.kind: _vote,
}
"""How each kind of raw scorer is made of what the manifest says of it, its width and its arrays."""
