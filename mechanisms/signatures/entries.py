"""One entry of a gene-set file -> one validated Signature or Balance.

Every refusal names the file, the entry's id, the gene or key, and the remedy.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from mechanisms.errors import SignatureError
from mechanisms.signatures.model import DIRECTIONS, Balance, Signature
from mechanisms.vocabulary import EXPECTED, GRADES, ROLES, TIERS, nearest

TEXTS = (
    "title",
    "mechanism",
    "side",
    "basis",
    "high_means",
    "rna_cannot_show",
    "assay",
    "evidence",
    "cautions",
    "strict_reason",
    "curator",
    "version",
)
LISTS = ("citations", "comparators")
CHOICES = {"role": ROLES, "tier": TIERS, "expected": EXPECTED, "grade": GRADES}
SIGNATURE_KEYS = ("id", "genes", "gene_notes", "strict_without", "date", *TEXTS, *LISTS, *CHOICES)
BALANCE_KEYS = ("id", "title", "mechanism", "tier", "plus", "minus", "reading")
# Keys that may stand once at the top of a file and then hold for every entry.
FILE_KEYS = ("mechanism", "curator", "date", "version")

SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:+-]*")
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DATE = re.compile(
    rf"\d{{1,2}}-({MONTHS})(-\d+)?|({MONTHS})-\d{{1,4}}|\d{{4}}-\d{{2}}-\d{{2}}", re.IGNORECASE
)
EXCEL_NUMBER = re.compile(r"\d+(\.\d+)?E\+?\d+", re.IGNORECASE)


def signature_from(entry: object, where: str) -> Signature:
    """Validate one mapping with at least `id` and `genes`; `where` begins every message."""
    entry, where = _named(entry, where, "signature")
    _known_keys(entry, SIGNATURE_KEYS, where)
    if "genes" not in entry:
        raise SignatureError(
            f"{where}: the key 'genes' is missing. Write genes: {{up: [...], down: [...]}}, or "
            "one list when all genes are up."
        )
    up, down = _directions(entry["genes"], where)
    fields: dict[str, Any] = {k: _text(entry, k, where) for k in TEXTS if k in entry}
    fields |= {key: _texts(entry[key], key, where) for key in LISTS if key in entry}
    fields |= {key: _choice(entry, key, where) for key in CHOICES if key in entry}
    if "date" in entry:
        fields["date"] = _date(entry["date"], where)
    notes = _notes(entry.get("gene_notes", {}), (*up, *down), where)
    strict = _strict(entry.get("strict_without", []), (*up, *down), where)
    fields.setdefault("title", entry["id"])
    return Signature(
        id=entry["id"], up=up, down=down, gene_notes=notes, strict_without=strict, **fields
    )


def balance_from(entry: object, where: str) -> Balance:
    """Validate one mapping with `id`, `plus` and `minus`; members are checked by Collection."""
    entry, where = _named(entry, where, "balance")
    _known_keys(entry, BALANCE_KEYS, where)
    sides = {}
    for side in ("plus", "minus"):
        members = _texts(entry.get(side, []), side, where)
        if not members:
            raise SignatureError(
                f"{where}: '{side}' is empty. A balance is never shown without both sides: list "
                "at least one signature id on each."
            )
        sides[side] = members
    _once((*sides["plus"], *sides["minus"]), where, "member")
    texts = ("title", "mechanism", "reading")
    fields: dict[str, Any] = {key: _text(entry, key, where) for key in texts if key in entry}
    if "tier" in entry:
        fields["tier"] = _choice(entry, "tier", where)
    return Balance(id=entry["id"], plus=sides["plus"], minus=sides["minus"], **fields)


def gene_list(value: object, where: str) -> tuple[str, ...]:
    """Genes as given, each a valid symbol and each once."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise SignatureError(
            f"{where}: genes are a list such as [TNF, IL6], not {_said(value)}. Put the symbols "
            "in square brackets."
        )
    # A set has no order of its own; the result may not depend on Python's hashing.
    members = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
    genes = tuple(_gene(member, where) for member in members)
    _once(genes, where, "gene")
    return genes


def _named(entry: object, where: str, kind: str) -> tuple[dict[str, Any], str]:
    if not isinstance(entry, Mapping):
        raise SignatureError(
            f"{where}: a {kind} is a mapping with keys such as 'id', not {_said(entry)}. Begin it "
            "with '- id: name' and indent its other keys."
        )
    id = entry.get("id")
    if not isinstance(id, str) or not id or id != id.strip() or not id.isprintable():
        raise SignatureError(
            f"{where}: a {kind} needs an 'id' of printable text without spaces at its ends, and "
            f"has {_said(id)}. Give it one, lower-case and mechanism first, such as matrix_mmp "
            "(quoted if YAML reads it as a number or a truth value)."
        )
    return dict(entry), f"{where}, {kind} {id!r}"


def _known_keys(entry: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in entry:
        if key not in known:
            raise SignatureError(
                f"{where}: unknown key {key!r}{nearest(key, known) or '.'} Known keys: "
                f"{', '.join(known)}. Correct or delete it."
            )


def _directions(value: object, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(value, Mapping):
        for key in value:
            if key not in DIRECTIONS:
                raise SignatureError(
                    f"{where}: unknown direction {key!r} under 'genes'"
                    f"{nearest(key, DIRECTIONS) or '.'} Genes stand under 'up' or 'down'."
                )
        up, down = (
            gene_list([] if value.get(d) is None else value[d], f"{where}, genes {d}")
            for d in DIRECTIONS
        )
    else:
        up, down = gene_list(value, f"{where}, genes"), ()
    if not up and not down:
        raise SignatureError(
            f"{where}: it has no genes. List at least one under 'genes', or delete the signature."
        )
    both = sorted(set(up) & set(down))
    if both:
        raise SignatureError(
            f"{where}: {', '.join(both)} stands in both directions, up and down. A gene has one "
            "direction in one signature: delete it from the other."
        )
    return up, down


def _gene(value: object, where: str) -> str:
    if isinstance(value, bool):
        remedy = "YAML reads NO, ON, yes and the like as truth values: write the symbol in quotes"
    elif isinstance(value, datetime.date) or (isinstance(value, str) and DATE.fullmatch(value)):
        remedy = (
            "it is a date, as Excel makes of old symbols: write the approved symbol (MARCHF1, "
            "MTARC1, SEPTIN2, DELEC1, ...)"
        )
    elif value is None or value == "":
        remedy = "it is empty: delete the item, or a comma too many"
    elif not isinstance(value, str):
        remedy = "genes are text: write the approved symbol, or quote an Entrez number"
    elif EXCEL_NUMBER.fullmatch(value):
        remedy = "it is a number that a spreadsheet made of an id: write the approved symbol"
    elif not SYMBOL.fullmatch(value):
        remedy = f"{_character(value)} cannot be part of a symbol: retype it by hand"
    else:
        return value
    raise SignatureError(f"{where}: gene {_said(value)} is no gene symbol; {remedy}.")


def _character(symbol: str) -> str:
    bad = next((c for c in symbol if not SYMBOL.fullmatch("A" + c)), symbol[0])
    name = unicodedata.name(bad, "a control character").lower()
    invisible = unicodedata.category(bad)[0] in "ZC"
    return f"{'the invisible ' if invisible else ''}U+{ord(bad):04X} ({name})"


def _once(items: tuple[str, ...], where: str, kind: str) -> None:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            raise SignatureError(
                f"{where}: {kind} {item!r} occurs twice. It may count once only: delete one."
            )
        seen.add(item)


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise SignatureError(
            f"{where}: '{key}' is text, not {_said(value)}. Write it in quotes, or delete the key."
        )
    return " ".join(value.split())


def _texts(value: object, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise SignatureError(
            f"{where}: '{key}' is a list of texts, not {_said(value)}. Write each on a line of its "
            "own after '- ', quoted where it holds ': '."
        )
    return tuple(value)


def _choice(entry: Mapping[str, Any], key: str, where: str) -> str:
    value, allowed = entry[key], CHOICES[key]
    if value not in allowed or not isinstance(value, str):
        raise SignatureError(
            f"{where}: '{key}' is {_said(value)}{nearest(value, allowed) or '.'} Allowed: "
            f"{', '.join(allowed)}."
        )
    return value


def _date(value: object, where: str) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    raise SignatureError(
        f"{where}: 'date' is {_said(value)}; write it as year-month-day, such as 2026-11-20."
    )


def _notes(value: object, genes: tuple[str, ...], where: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise SignatureError(
            f"{where}: 'gene_notes' maps genes to texts, not {_said(value)}. Write one line for "
            "each gene, such as 'CCL2: rises with M-CSF'."
        )
    for gene in value:
        _member(gene, genes, f"{where}, gene_notes")
    return {gene: " ".join(note.split()) for gene, note in value.items()}


def _strict(value: object, genes: tuple[str, ...], where: str) -> tuple[str, ...]:
    dropped = gene_list(value, f"{where}, strict_without")
    for gene in dropped:
        _member(gene, genes, f"{where}, strict_without")
    if dropped and set(dropped) == set(genes):
        raise SignatureError(
            f"{where}: 'strict_without' drops every gene, so that no strict variant is left. "
            "Keep the genes that are specific."
        )
    return dropped


def _member(gene: object, genes: tuple[str, ...], where: str) -> None:
    if gene not in genes:
        raise SignatureError(
            f"{where}: {_said(gene)} is no gene of the signature{nearest(gene, genes) or '.'} "
            "Correct it, or delete the line."
        )


def _said(value: object) -> str:
    if isinstance(value, datetime.date):
        return f"the date {value.isoformat()}"
    if isinstance(value, bool):
        return f"the truth value {value}"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
