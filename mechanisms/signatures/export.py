"""Signatures for other tools: GMT, a tidy frame, a dict for gseapy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mechanisms.signatures.model import Collection, Signature

if TYPE_CHECKING:
    import pandas as pd

FRAME_COLUMNS = (
    "signature",
    "gene",
    "weight",
    "mechanism",
    "role",
    "tier",
    "expected",
    "grade",
)


def to_gmt(collection: Collection, path: str | Path | None = None) -> str:
    """The GMT text, one line a direction, and the file when a path is given.

    Tools that read GMT know no directions: a signature that has both becomes ``<id>_UP`` and
    ``<id>_DN``; one that has up genes only keeps its id. The description is the title.
    """
    lines = [
        "\t".join([name, signature.title or "na", *genes])
        for signature in collection
        for name, genes in _one_sided(signature)
    ]
    text = "".join(f"{line}\n" for line in lines)
    if path is not None:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    return text


def to_dict(collection: Collection) -> dict[str, list[str]]:
    """``{name: genes}`` as gseapy takes it, with the names of `to_gmt`."""
    return {name: list(genes) for s in collection for name, genes in _one_sided(s)}


def to_frame(collection: Collection) -> pd.DataFrame:
    """One row a gene of a signature; weight is +1 (up) or -1 (down)."""
    import pandas as pd

    rows = [
        (s.id, gene, weight, s.mechanism, s.role, s.tier, s.expected, s.grade)
        for s in collection
        for gene, weight in s.weights.items()
    ]
    return pd.DataFrame(rows, columns=list(FRAME_COLUMNS)).astype({"weight": "int64"})


def _one_sided(signature: Signature) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not signature.down:
        yield signature.id, signature.up
        return
    for suffix, genes in (("UP", signature.up), ("DN", signature.down)):
        if genes:
            yield f"{signature.id}_{suffix}", genes
