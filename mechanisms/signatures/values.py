"""Single values of a gene-set file: genes, texts, words of the vocabulary, dates.

`where` begins every message: the file, and the entry's id where it is known.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mechanisms.errors import SignatureError
from mechanisms.vocabulary import nearest

SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:+-]*")
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
DATE = re.compile(
    rf"\d{{1,2}}-({MONTHS})(-\d+)?|({MONTHS})-\d{{1,4}}|\d{{4}}-\d{{2}}-\d{{2}}", re.IGNORECASE
)
EXCEL_NUMBER = re.compile(r"\d+(\.\d+)?E\+?\d+", re.IGNORECASE)


class Fault(NamedTuple):
    """Why a value cannot be a gene: a short name of the kind, and what to do."""

    kind: str
    remedy: str


def gene_fault(value: object) -> Fault | None:
    """Return what is wrong with a value that should be a gene symbol, or None."""
    if isinstance(value, bool):
        return Fault(
            "not-text",
            "YAML reads NO, ON, yes and the like as truth values: write the symbol in quotes",
        )
    if isinstance(value, datetime.date) or (isinstance(value, str) and DATE.fullmatch(value)):
        return Fault(
            "excel-date",
            "it is a date, as Excel makes of old symbols: write the approved symbol (MARCHF1, "
            "MTARC1, SEPTIN2, DELEC1, ...)",
        )
    if value is None or value == "":
        return Fault("not-text", "it is empty: delete the item, or a comma too many")
    if not isinstance(value, str):
        return Fault(
            "not-text", "genes are text: write the approved symbol, or quote an Entrez number"
        )
    if EXCEL_NUMBER.fullmatch(value):
        return Fault(
            "excel-date",
            "it is a number that a spreadsheet made of an id: write the approved symbol",
        )
    if not SYMBOL.fullmatch(value):
        kind, said = _character(value)
        return Fault(kind, f"{said} cannot be part of a symbol: retype it by hand")
    return None


def gene_list(value: object, where: str) -> tuple[str, ...]:
    """Genes as given, each a valid symbol and each once."""
    genes = tuple(_gene(member, where) for member in listed(value, where))
    once(genes, where, "gene")
    return genes


def listed(value: object, where: str) -> list[object]:
    """The members of a list, a tuple or a set, whatever they are."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise SignatureError(
            f"{where}: genes are a list such as [TNF, IL6], not {said(value)}. Put the symbols "
            "in square brackets."
        )
    # A set has no order of its own; the result may not depend on Python's hashing.
    return sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)


def once(items: tuple[str, ...], where: str, kind: str) -> None:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            raise SignatureError(
                f"{where}: {kind} {item!r} occurs twice. It may count once only: delete one."
            )
        seen.add(item)


def member(gene: object, genes: Iterable[str], where: str) -> None:
    """Refuse a gene that is none of the signature's."""
    genes = tuple(genes)
    if gene not in genes:
        raise SignatureError(
            f"{where}: {said(gene)} is no gene of the signature{nearest(gene, genes) or '.'} "
            "Correct it, or delete the line."
        )


def text(value: object, key: str, where: str) -> str:
    if not isinstance(value, str):
        raise SignatureError(
            f"{where}: '{key}' is text, not {said(value)}. Write it in quotes, or delete the key."
        )
    return " ".join(value.split())


def texts(value: object, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise SignatureError(
            f"{where}: '{key}' is a list of texts, not {said(value)}. Write each on a line of its "
            "own after '- ', quoted where it holds ': '."
        )
    return tuple(value)


def notes(value: object, key: str, what: str, example: str, where: str) -> dict[str, str]:
    """A mapping of names (`what` they are) to texts."""
    if not isinstance(value, Mapping) or not all(
        isinstance(v, str) for pair in value.items() for v in pair
    ):
        raise SignatureError(
            f"{where}: '{key}' maps {what} to texts, not {said(value)}. Write one line for each, "
            f"such as '{example}'."
        )
    return {str(name): " ".join(note.split()) for name, note in value.items()}


def choice(value: object, key: str, allowed: tuple[str, ...], where: str) -> str:
    if value not in allowed or not isinstance(value, str):
        raise SignatureError(
            f"{where}: '{key}' is {said(value)}{nearest(value, allowed) or '.'} Allowed: "
            f"{', '.join(allowed)}."
        )
    return value


def date(value: object, where: str) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    raise SignatureError(
        f"{where}: 'date' is {said(value)}; write it as year-month-day, such as 2026-11-20."
    )


def said(value: object) -> str:
    """A value as a message shows it."""
    if isinstance(value, datetime.date):
        return f"the date {value.isoformat()}"
    if isinstance(value, bool):
        return f"the truth value {value}"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _gene(value: object, where: str) -> str:
    fault = gene_fault(value)
    if fault is None and isinstance(value, str):
        return value
    remedy = fault.remedy if fault else ""
    raise SignatureError(f"{where}: gene {said(value)} is no gene symbol; {remedy}.")


def _character(symbol: str) -> tuple[str, str]:
    bad = next((c for c in symbol if not SYMBOL.fullmatch("A" + c)), symbol[0])
    name = unicodedata.name(bad, "a control character").lower()
    shown = f"U+{ord(bad):04X} ({name})"
    if unicodedata.category(bad)[0] in "ZC":
        return "invisible-character", f"the invisible {shown}"
    raised = unicodedata.decomposition(bad).startswith(("<super>", "<sub>"))
    return ("superscript" if raised else "odd-character"), shown
