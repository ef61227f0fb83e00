"""A version's card as Markdown, to keep beside a contract or in a drawer. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models_registry.card_sayings import counted
from models_registry.card_sections import SHOWN_KEYS, Section, Version, sections_of


def markdown_of(version: Version) -> str:
    """The whole card: a heading, each section with its table, and where it comes from."""
    parts = [_head(version), *(_section(section) for section in sections_of(version)), _provenance(version)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(version: Version) -> str:
    lines = [f"# Model {version['version']}", "", f"- Algorithm: {version['algorithm']}"]
    lines.append(f"- Made: {version['created_at']:%Y-%m-%d %H:%M} UTC{_by(version)}")
    lines += _learnt_from(version)
    lines.append(f"- SHA-256 of the artefact: `{version['digest']}`")
    if version.get("notes"):
        lines.append(f"- Notes: {_cell(version['notes'])}")
    return "\n".join(lines)


def _learnt_from(version: Version) -> list[str]:
    """Which leads it learnt from and was measured on; of an older card only the period that was looked at."""
    parts = [version["card"].get(name) for name in ("training", "holdout")]
    if all(parts):
        past, newest = (
            f"{counted(each['leads'])} leads created {each['created_from'][:10]} to {each['created_to'][:10]}"
            for each in parts
        )
        return [f"- Learnt from {past}, measured on {newest}"]
    if version.get("trained_from"):
        return [f"- Of the leads created {version['trained_from'][:10]} to {version['trained_until'][:10]}"]
    return []


def _by(version: Version) -> str:
    return f" by {_cell(version['created_by'])}" if version.get("created_by") else ""


def _section(section: Section) -> str:
    words = f"{_cell(section.words)}\n\n" if section.words else ""
    return f"## {section.title}\n\n{words}{_table(section.head, section.rows)}"


def _provenance(version: Version) -> str:
    rows = [(name, value) for name, value in _flat(version["card"]) if name.split(": ")[0] not in SHOWN_KEYS]
    return f"## Where it comes from\n\n{_table(('What', 'Value'), rows)}" if rows else ""


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in sorted(data.items()):
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}: ")
        elif not isinstance(value, list):
            yield f"{prefix}{name}", f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = [_cell(name) for name in head]
    lines = [names, ["---"] * len(names), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    """Text that cannot break out of its cell, nor be taken for markup."""
    flat = " ".join(str(text).split())
    for mark in ("\\", "|", "<", "`", "*", "["):
        flat = flat.replace(mark, f"\\{mark}")
    return flat
