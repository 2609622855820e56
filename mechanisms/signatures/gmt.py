"""GMT: one line a set, with an id, a description and genes, separated by tabs.

GMT knows no directions. A signature of both directions leaves as two lines, ``<id>_UP`` and
``<id>_DN``; what belongs together stands in a marker in their descriptions, so that they come
back as one. In other people's files a direction is never read out of a name unless asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mechanisms.errors import SignatureError
from mechanisms.signatures.entries import signature_from
from mechanisms.signatures.model import DIRECTIONS, Collection, Signature

SUFFIX_OF = {"up": "UP", "down": "DN"}
PAIRED = re.compile(r"(?P<stem>.+)_(?P<suffix>UP|DN|DOWN)", re.IGNORECASE)
MARKER = re.compile(r"\s*\{mechanisms:(?P<facts>[^{}]*)\}$")
MARKED = ("id", "direction", "expected", "grade", "role", "tier", "mechanism")


class Line(NamedTuple):
    """One line of a file: its number, its cells, and what our own marker says."""

    number: int
    id: str
    title: str
    genes: list[str]
    marked: dict[str, str]


def to_gmt(collection: Collection, path: str | Path | None = None) -> str:
    """The GMT text, one line a direction, and the file when a path is given.

    A signature of up genes only keeps its id. The description is the title and a marker from
    which `read_gmt` rebuilds directions and the expected direction.
    """
    lines = [
        "\t".join([name, _described(s, direction), *genes])
        for s in collection
        for name, direction, genes in one_sided(s)
    ]
    text = "".join(f"{line}\n" for line in lines)
    if path is not None:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    return text


def one_sided(signature: Signature) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, direction and genes of each direction, as tools without directions take them."""
    if not signature.down and not signature.before.get("down"):
        if signature.up:
            yield signature.id, "up", signature.up
        return
    for direction, genes in signature.directions.items():
        yield f"{signature.id}_{SUFFIX_OF[direction]}", direction, genes


def read_gmt(text: str, where: str, *, pairs: bool = False) -> list[Signature]:
    """Signatures of one GMT file; all genes are up, unless we wrote the file.

    Parameters
    ----------
    text
        The file's text; blank lines and empty cells are skipped.
    where
        Its name in messages.
    pairs
        Join ``<id>_UP`` with ``<id>_DN`` (or ``_DOWN``) where both are there.

    Raises
    ------
    SignatureError
        On a line that cannot be read as it stands; the message names file, line and remedy.
    """
    lines = list(split_lines(text, where))
    if not lines:
        raise SignatureError(f"{where}: the file is empty. A GMT file has one gene set a line.")
    groups: dict[str, list[tuple[str, Line]]] = {}
    both = _pairs(lines) if pairs else {}
    for line in lines:
        if line.marked:
            id, direction = line.marked["id"], line.marked["direction"]
        else:
            id, direction = both.get(line.id, (line.id, "up"))
        groups.setdefault(id, []).append((direction, line))
    return [s for id, group in groups.items() for s in _signatures(id, group, where)]


def split_lines(text: str, where: str) -> Iterator[Line]:
    """The lines that are not blank, cut into cells; no gene is checked yet."""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if not line.strip():
            continue
        cells = [cell.strip(" ") for cell in line.split("\t")]
        if len(cells) < 3:
            raise SignatureError(
                f"{where}, line {number}: a GMT line is an id, a description and genes, separated "
                f"by tabs, and this one has {len(cells)} cells. Save the file as tab-separated "
                "text."
            )
        marker = MARKER.search(cells[1])
        marked = dict(f.split("=", 1) for f in marker["facts"].split(";")) if marker else {}
        if marker and (set(marked) != set(MARKED) or marked["direction"] not in DIRECTIONS):
            raise SignatureError(
                f"{where}, line {number}: the marker {marker[0].strip()!r} is not as it was "
                "written. Export the file again, or delete the marker."
            )
        title = cells[1][: marker.start()] if marker else cells[1]
        yield Line(number, cells[0], title, [c for c in cells[2:] if c], marked)


def _signatures(id: str, group: list[tuple[str, Line]], where: str) -> list[Signature]:
    """One signature; or several of one id, which the collection will refuse by name."""
    if len({direction for direction, _ in group}) < len(group):
        return [s for part in group for s in _signatures(id, [part], where)]
    first = group[0][1]
    genes = {direction: line.genes for direction, line in group}
    entry: dict[str, object] = {"id": id, "genes": genes}
    if first.title and first.title != "na":
        entry["title"] = first.title
    entry |= {k: v for k, v in first.marked.items() if k not in ("id", "direction")}
    return [signature_from(entry, f"{where}, line {first.number}")]


def _pairs(lines: list[Line]) -> dict[str, tuple[str, str]]:
    """``<id>_UP`` -> (id, up), for every stem of which both directions are there."""
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        if not line.marked and (match := PAIRED.fullmatch(line.id)):
            direction = "up" if match["suffix"].upper() == "UP" else "down"
            found.setdefault(match["stem"], {})[direction] = line.id
    return {
        name: (stem, direction)
        for stem, sides in found.items()
        if len(sides) == 2
        for direction, name in sides.items()
    }


def _described(signature: Signature, direction: str) -> str:
    facts = {"id": signature.id, "direction": direction} | {
        key: getattr(signature, key) for key in MARKED[2:]
    }
    marker = ";".join(f"{key}={value}" for key, value in facts.items())
    title = "" if signature.title == signature.id else signature.title
    return f"{title} {{mechanisms:{marker}}}".strip()
