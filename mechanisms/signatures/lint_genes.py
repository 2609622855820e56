"""Rules on single genes: characters, dates, symbols."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mechanisms.signatures.drafts import Draft, Written
from mechanisms.signatures.entries import EDITS, RODENTS
from mechanisms.signatures.lint_context import Context, Hit, hit
from mechanisms.signatures.values import gene_fault, said

MONTH_SYMBOL = re.compile(r"(SEPT|MARCH|MARC|DEC)\d{1,2}")


def faulty(kind: str) -> Callable[[Context], Iterator[Hit]]:
    """A rule on the characters or the type of a gene as written."""

    def check(context: Context) -> Iterator[Hit]:
        for draft in context.drafts:
            for gene in draft.genes:
                fault = gene_fault(gene.value)
                if fault and fault.kind == kind:
                    message = f"{said(gene.value)} is no gene symbol; {fault.remedy}"
                    yield hit(draft, gene.line, message, gene.value)

    return check


def excel_date(context: Context) -> Iterator[Hit]:
    yield from faulty("excel-date")(context)
    for draft in context.drafts:
        for gene in draft.genes:
            if isinstance(gene.value, str) and MONTH_SYMBOL.fullmatch(gene.value):
                found = context.spell(gene.value)
                if found.kind != "approved":
                    means = " or ".join(found.symbols) or "its approved symbol"
                    message = f"Excel turns {gene.value!r} into a date: write {means}"
                    yield hit(draft, gene.line, message, gene.value)


def unknown_symbol(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        for gene in _symbols(draft):
            found = context.spell(gene.value)
            if found.kind == "unknown":
                meant = f"; did you mean {found.symbols[0]!r}?" if found.symbols else "."
                message = (
                    f"no human gene of the tables is called {gene.value!r}{meant} Write the "
                    "approved symbol, or the Ensembl id of a gene without one"
                )
                yield hit(draft, gene.line, message, gene.value)


def ambiguous_symbol(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        for gene in _symbols(draft):
            found = context.spell(gene.value)
            if found.kind == "ambiguous":
                message = (
                    f"{gene.value!r} is a name of {_several(found.symbols)}, and is never guessed: "
                    "write the approved symbol of the one that is meant"
                )
                yield hit(draft, gene.line, message, gene.value)


def _several(symbols: tuple[str, ...]) -> str:
    return f"{symbols[0]} and of another gene" if len(symbols) == 1 else " and ".join(symbols)


def outdated_symbol(context: Context) -> Iterator[Hit]:
    why = {
        "outdated": "is an old or other name of",
        "capitals": "is written in small letters, and means",
        "rodent": "is the mouse or rat symbol of",
    }
    for draft in context.drafts:
        for gene in _symbols(draft):
            found = context.spell(gene.value)
            if found.kind in why:
                message = f"{gene.value!r} {why[found.kind]} {found.symbols[0]}: write that"
                yield hit(draft, gene.line, message, gene.value)


def unknown_rodent_symbol(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        edits = draft.raw.get("rodent")
        edits = edits if isinstance(edits, dict) else {}
        for key in (k for k in EDITS if k.startswith("add") and k in edits):
            listed = edits[key]
            by_species = listed if isinstance(listed, dict) else dict.fromkeys(RODENTS, listed)
            for species, genes in by_species.items():
                for gene in genes if isinstance(genes, list) else []:
                    if species in RODENTS and not context.in_rodent(str(gene), species):
                        message = f"{gene!r} is in no table of {species} genes: check its spelling"
                        yield hit(draft, draft.at("rodent"), message, gene)


def _symbols(draft: Draft) -> Iterator[Written]:
    """The genes that could be symbols."""
    for gene in draft.genes:
        if gene_fault(gene.value) is None and not MONTH_SYMBOL.fullmatch(gene.value):
            yield gene
