"""Collections as tables for people: plain columns that are never cut, and Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from mechanisms.signatures.model import Collection, Signature
from mechanisms.signatures.overlap import best_match, overlap, private_genes

MARKDOWN = ("mechanism", "signature", "genes", "expected", "grade")


def aligned(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as their longest cell, two blanks apart; numbers stand to the right."""
    table = [[f"{c:.2f}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    cells = [list(header), *table]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    numeric = [
        bool(table) and all(row[i].replace(".", "", 1).isdigit() for row in table)
        for i in range(len(header))
    ]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines) + "\n"


def listed(collection: Collection) -> str:
    """Signatures, then balances."""
    header = ("signature", "mechanism", "role", "tier", "up", "down", "expected", "grade", "title")
    rows = [
        (s.id, s.mechanism, s.role, s.tier, len(s.up), len(s.down), s.expected, s.grade, s.title)
        for s in collection
    ]
    text = aligned(header, rows)
    if collection.balances:
        balances = [(b.id, " + ".join(b.plus), " + ".join(b.minus)) for b in collection.balances]
        text += "\n" + aligned(("balance", "plus", "minus"), balances)
    return text


def shown(collection: Collection, id: str) -> str:
    """One signature or balance whole, one fact a paragraph."""
    if id not in collection and any(b.id == id for b in collection.balances):
        b = collection.balance(id)
        facts = {
            "id": b.id,
            "title": b.title,
            "mechanism": f"{b.mechanism} ({b.tier})",
            "plus": ", ".join(b.plus),
            "minus": ", ".join(b.minus),
            "reading": b.reading,
            "hash": b.hash,
        }
        return _paragraphs(facts)
    s = collection[id]
    facts = {
        "id": s.id,
        "title": s.title,
        "mechanism": f"{s.mechanism} ({s.role}, {s.tier})",
        "up": " ".join(s.up),
        "down": " ".join(s.down),
        "high means": s.high_means,
        "expected": f"{s.expected}, grade {s.grade}" + (f": {s.basis}" if s.basis else ""),
        "RNA cannot show": s.rna_cannot_show,
        "assay": s.assay,
        "evidence": s.evidence,
        "citations": "; ".join(s.citations),
        "comparators": "; ".join(s.comparators),
        "cautions": s.cautions,
        "gene notes": "\n".join(f"{gene}: {note}" for gene, note in s.gene_notes.items()),
        "strict variant": _strict(s),
        "in rodents": _rodents(s),
        "near duplicate of": "; ".join(f"{o}: {r}" for o, r in s.near_duplicate_of.items()),
        "balances": ", ".join(b.id for b in collection.balances if id in b.signature_ids),
        "curated": ", ".join(filter(None, (s.curator, s.date, s.version and f"v{s.version}"))),
        "hash": s.hash,
    }
    return _paragraphs(facts)


def overlaps(collection: Collection) -> str:
    """Pairs that share genes, most similar first; then what each signature has for itself."""
    header = ("signature", "other", "shared", "jaccard", "opposite", "genes")
    columns = ["signature", "other", "n_shared", "jaccard", "n_opposite", "shared"]
    pairs = overlap(collection)[columns].itertuples(index=False, name=None)
    own = private_genes(collection)[["signature", "n_genes", "n_private"]]
    rows = own.itertuples(index=False, name=None)
    return aligned(header, pairs) + "\n" + aligned(("signature", "genes", "in no other"), rows)


def matches(collection: Collection, other: Collection) -> str:
    """The most similar set of another collection for each signature."""
    header = ("signature", f"most like, in {other.name}", "shared", "jaccard", "genes")
    columns = ["signature", "other", "n_shared", "jaccard", "shared"]
    rows = best_match(collection, other)[columns].itertuples(index=False, name=None)
    return aligned(header, rows)


def markdown(collection: Collection) -> str:
    """The table of the README: mechanism, signature, genes, expected direction, grade."""
    lines = ["| " + " | ".join(MARKDOWN) + " |", "|" + "---|" * len(MARKDOWN)]
    last = ""
    for s in sorted(collection, key=lambda s: (s.mechanism, s.tier != "core")):
        mechanism = s.mechanism.replace("_", " ")
        name = f"`{s.id}`" + (" (extended)" if s.tier == "extended" else "")
        shown = "" if mechanism == last else mechanism
        lines.append(f"| {shown} | {name} | {sizes(s)} | {_expected(s)} | {s.grade} |")
        last = mechanism
    return "\n".join(lines) + "\n"


def sizes(signature: Signature) -> str:
    """``28 up, 6 down`` or ``25 up``."""
    return ", ".join(f"{len(genes)} {d}" for d, genes in signature.directions.items())


def _expected(signature: Signature) -> str:
    return "none" if signature.expected == "none" else f"**{signature.expected}**"


def _paragraphs(facts: dict[str, str]) -> str:
    width = max(map(len, facts)) + 2
    lines = []
    for name, fact in facts.items():
        for i, text in enumerate(filter(None, fact.split("\n"))):
            wrapped = textwrap.wrap(text, 96 - width) or [""]
            for j, line in enumerate(wrapped):
                lines.append((name if i == j == 0 else "").ljust(width) + line)
    return "\n".join(lines) + "\n"


def _strict(signature: Signature) -> str:
    if not signature.strict_without:
        return ""
    kept = signature.strict()
    genes = "; ".join(f"{d}: {' '.join(genes)}" for d, genes in kept.directions.items())
    return f"{genes}\nwithout {' '.join(signature.strict_without)}: {signature.strict_reason}"


def _rodents(signature: Signature) -> str:
    lines = [
        f"{species}: " + " ".join([*(f"+{g}" for g in e.added), *(f"-{g}" for g in e.dropped)])
        for species, e in signature.rodent.items()
    ]
    return "\n".join([*lines, signature.rodent_reason]) if lines else ""
