"""A version as one signed file, to be carried between installations. Pure: no Django.

Four lines and the artefact: the format; the signer's public key and the signature, in hex; what is told of the version,
as JSON, which names the artefact's digest. The signature (Ed25519, RFC 8032) covers the JSON, and so the artefact.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FIRST_LINE = b"leadqual-sealed-model 1\n"
LARGEST_TOLD = 16 << 20
LONGEST_LINE = 256


class NotSealed(ValueError):
    """This file is not what a trusted installation sealed; the message says why."""


@dataclass(frozen=True)
class Sealed:
    """What a sealed file held: who signed it (a public key in hex), what it tells of the version, and the artefact."""

    signer: str
    told: Mapping[str, Any]
    artefact: bytes


def private_key(secret: str) -> Ed25519PrivateKey:
    """The key that follows from a secret text, always the same."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"sealed models\n{secret}".encode()).digest())


def public_name(key: Ed25519PrivateKey) -> str:
    """The public key, in hex: what other installations trust."""
    return key.public_key().public_bytes_raw().hex()


def seal(told: Mapping[str, Any], artefact: bytes, key: Ed25519PrivateKey) -> bytes:
    """The file. The same version and key make the same bytes."""
    content = {**told, "digest": hashlib.sha256(artefact).hexdigest()}
    text = json.dumps(content, sort_keys=True, allow_nan=False).encode()
    lines = (public_name(key).encode(), key.sign(text).hex().encode(), text)
    return FIRST_LINE + b"".join(line + b"\n" for line in lines) + artefact


def unseal(data: bytes, *, trusted: Collection[str]) -> Sealed:
    """What the file holds. Raises NotSealed where it is not whole, or nobody of `trusted` (public keys) signed it.

    Nothing of it is parsed before the signature has been verified.
    """
    if not data.startswith(FIRST_LINE):
        raise NotSealed("it is no sealed model of a format that we know")
    signer, at = _line(data, len(FIRST_LINE), LONGEST_LINE)
    signature, at = _line(data, at, LONGEST_LINE)
    text, at = _line(data, at, LARGEST_TOLD)
    name = signer.decode("ascii", "replace")
    if name not in trusted:
        raise NotSealed("it was sealed by an installation that is not trusted here")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(name)).verify(bytes.fromhex(signature.decode()), text)
    except (InvalidSignature, ValueError) as error:
        raise NotSealed("its signature does not fit") from error
    told, artefact = json.loads(text), data[at:]
    if told["digest"] != hashlib.sha256(artefact).hexdigest():
        raise NotSealed("the artefact is not the one that was sealed")
    return Sealed(name, told, artefact)


def _line(data: bytes, begin: int, longest: int) -> tuple[bytes, int]:
    end = data.find(b"\n", begin, begin + longest)
    if end < 0:
        raise NotSealed("it is not whole")
    return data[begin:end], end + 1
