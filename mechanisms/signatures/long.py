"""The long table, one row a gene of a set: ``source, target, weight``, as decoupler takes it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from mechanisms.errors import SignatureError
from mechanisms.signatures.entries import signature_from
from mechanisms.signatures.model import Collection, Signature
from mechanisms.vocabulary import nearest

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("source", "target", "weight")
# What a signature needs beside its genes to come back as it was; decoupler ignores them.
CARRIED = ("mechanism", "role", "tier", "expected", "grade", "title")


def to_long(collection: Collection) -> pd.DataFrame:
    """One row a gene of a signature: source, target, weight (+1 or -1), then what it carries."""
    import pandas as pd

    rows = [
        (s.id, gene, weight, *(getattr(s, key) for key in CARRIED))
        for s in collection
        for gene, weight in s.weights.items()
    ]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *CARRIED])
    return frame.astype({"weight": "int64"})


def to_frame(collection: Collection) -> pd.DataFrame:
    """The same as a tidy frame: signature, gene, weight, mechanism, role, tier, expected, grade."""
    names = {"source": "signature", "target": "gene"}
    return to_long(collection).drop(columns="title").rename(columns=names)


def long_text(collection: Collection, separator: str = "\t") -> str:
    """The long table as text, tab-separated by default."""
    text: str = to_long(collection).to_csv(sep=separator, index=False, lineterminator="\n")
    return text


def write_long(collection: Collection, path: str | Path) -> None:
    """Write the long table; a name that ends in ``.csv`` is separated by commas."""
    separator = "," if str(path).lower().endswith(".csv") else "\t"
    Path(path).write_text(long_text(collection, separator), encoding="utf-8", newline="\n")


def read_long(text: str, where: str) -> list[Signature]:
    """Signatures of a long table with the columns source, target and weight.

    Raises
    ------
    SignatureError
        On a missing column, a weight other than 1 and -1, or rows of one set that disagree.
    """
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text), delimiter="\t" if "\t" in head else ",")
    columns = [c.strip() for c in reader.fieldnames or []]
    reader.fieldnames = columns
    for column in COLUMNS:
        if column not in columns:
            raise SignatureError(
                f"{where}: the table has no column {column!r}{nearest(column, columns) or '.'} "
                f"A table of signatures has the columns {', '.join(COLUMNS)}, one row a gene; it "
                f"has {', '.join(columns) or 'none'}."
            )
    entries: dict[str, dict[str, object]] = {}
    genes: dict[str, dict[str, list[str]]] = {}
    for number, row in enumerate(reader, start=2):
        here = f"{where}, line {number}"
        id = (row["source"] or "").strip()
        facts = {key: row[key].strip() for key in CARRIED if row.get(key)}
        if entries.setdefault(id, facts) != facts:
            raise SignatureError(
                f"{here}: this row of {id!r} says something else of the set than its first row. "
                f"The columns {', '.join(CARRIED)} belong to the set: make them agree."
            )
        sides = genes.setdefault(id, {"up": [], "down": []})
        sides[_direction(row["weight"], here)].append((row["target"] or "").strip())
    if not entries:
        raise SignatureError(f"{where}: the table has no row. It needs one row a gene.")
    return [
        signature_from({"id": i, "genes": genes[i], **facts}, where) for i, facts in entries.items()
    ]


def _direction(weight: str | None, here: str) -> str:
    written = (weight or "").strip()
    try:
        number = float(written)
    except ValueError:
        number = 0.0
    if number not in (1.0, -1.0):
        raise SignatureError(
            f"{here}: the weight is {written!r}. A gene is up (1) or down (-1): signatures are "
            "scored by direction, and other weights have no place in them."
        )
    return "up" if number > 0 else "down"
