"""In which orders leads are listed, page by page: as the indexes of their current scores sort them."""

from __future__ import annotations

from common.pagination import Keyset

# Many leads may have one and the same score: then by the lead's key.
ORDERS = {name: Keyset(name, float, tie="dossier_id", rises=True) for name in ("probability", "expected_value")}
