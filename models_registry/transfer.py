"""Versions between installations: exported signed, imported only from whom we trust, and never active at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from common import audit, chained
from common.errors import Conflict
from common.serializers import iso
from models_registry.artefacts import digest_of
from models_registry.learning.artefact import LARGEST_BYTES, BadArtefact, read
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.sealed import LARGEST_TOLD, NotSealed, Sealed, private_key, public_name, seal, unseal

LARGEST_FILE = LARGEST_BYTES + LARGEST_TOLD
TOLD: Mapping[str, type] = {
    "version": str,
    "algorithm": str,
    "created_at": str,
    "metrics": dict,
    "features": list,
    "importance": list,
    "card": dict,
    "calibration": dict,
    "notes": str,
}


class CannotExport(Conflict):
    """409: there is nothing whole to export."""

    default_code = "cannot_export"


class CannotImport(ValueError):
    """The file is refused; the message says why, and nothing was kept of it."""


def own_name() -> str:
    """This installation's public key: what another one puts into MODEL_TRUSTED_KEYS."""
    return public_name(private_key(settings.MODEL_SIGNING_SECRET))


@transaction.atomic
def export_version(*, org_id: str, version: str, by: str, at: datetime) -> bytes:
    """The version as a signed file. Raises CannotExport where it does not exist, is archived, or is damaged."""
    row = ModelVersion.objects.of(org_id).filter(version=version).first()
    artefact = ModelArtefact.objects.filter(version=row).first() if row else None
    if row is None or artefact is None:
        raise CannotExport(f"There is no version {version} whose artefact is kept.")
    content = bytes(artefact.content)
    if digest_of(content) != row.digest:
        raise CannotExport(f"The artefact of version {version} is damaged.")
    evidence = {"digest": row.digest, "signer": own_name()}
    audit.record(org_id=org_id, act="model.export", subject=version, by=by, at=at, evidence=evidence)
    return seal(_told(row), content, private_key(settings.MODEL_SIGNING_SECRET))


def _told(row: ModelVersion) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in TOLD}
    return told | {"created_at": iso(row.created_at), "calibration": row.calibration or {}}


def import_version(*, org_id: str, data: bytes, by: str, at: datetime) -> ModelVersion:
    """A new version from a signed file, not active: whoever activates it sees its card first. Raises CannotImport."""
    if len(data) > LARGEST_FILE:
        raise CannotImport("The file is too large.")
    try:
        sealed = unseal(data, trusted={own_name(), *settings.MODEL_TRUSTED_KEYS})
        _check(sealed.told)
        read(sealed.artefact)
    except (NotSealed, BadArtefact) as error:
        raise CannotImport(f"The file is refused: {error}.") from error
    return _keep(org_id, sealed, by, at)


def _check(told: Mapping[str, Any]) -> None:
    wrong = [name for name, kind in TOLD.items() if not isinstance(told.get(name), kind)]
    if wrong:
        raise NotSealed(f"what it tells of the version is not as it must be: {', '.join(wrong)}")
    if not re.fullmatch(r"\d{14}", told["version"]) or not re.fullmatch(r"\w{1,32}", told["algorithm"]):
        raise NotSealed("its version or algorithm has no name of ours")


@transaction.atomic
def _keep(org_id: str, sealed: Sealed, by: str, at: datetime) -> ModelVersion:
    chained.lock(org_id)  # two imports at once would choose the same name
    told, origin = sealed.told, {"version": sealed.told["version"], "signer": sealed.signer}
    version: ModelVersion = ModelVersion.objects.create(
        org_id=org_id,
        version=ModelVersion.objects.next_free_name(org_id, at=at),
        created_at=at,
        created_by=by,
        digest=digest_of(sealed.artefact),
        calibration=told["calibration"] or None,
        card={**told["card"], "imported_from": {**origin, "created_at": told["created_at"]}},
        **{name: told[name] for name in ("algorithm", "metrics", "features", "importance", "notes")},
    )
    ModelArtefact.objects.create(version=version, content=sealed.artefact)
    evidence = {"digest": version.digest, "from": origin}
    audit.record(org_id=org_id, act="model.import", subject=version.version, by=by, at=at, evidence=evidence)
    return version
