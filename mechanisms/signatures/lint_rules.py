"""The rules that a gene-set file keeps, in one list; `lint` runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mechanisms.signatures import lint_form as form
from mechanisms.signatures import lint_genes as genes
from mechanisms.signatures import lint_sets as sets
from mechanisms.signatures.lint_context import Context, Hit


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, how grave it is, what it wants, what to do, and the check."""

    id: str
    level: str
    what: str
    remedy: str
    check: Callable[[Context], Iterator[Hit]]


RULES = (
    Rule(
        "unreadable",
        "error",
        "the file can be parsed",
        "repair the line",
        form.told_by_reader("unreadable"),
    ),
    Rule("schema", "error", "keys and values are known", "correct or delete the key", form.schema),
    Rule("duplicate-id", "error", "ids are used once", "choose another id", form.duplicate_id),
    Rule("not-text", "error", "genes are text", "quote it", genes.faulty("not-text")),
    Rule("excel-date", "error", "no dates of Excel", "write the approved symbol", genes.excel_date),
    Rule(
        "invisible-character",
        "error",
        "no spaces or invisible characters in symbols",
        "retype the symbol by hand",
        genes.faulty("invisible-character"),
    ),
    Rule(
        "superscript",
        "error",
        "no superscripts in symbols",
        "delete the mark of the footnote",
        genes.faulty("superscript"),
    ),
    Rule(
        "odd-character",
        "error",
        "letters, digits, '-', '.', '_', '@', ':' and '+' only",
        "retype the symbol by hand",
        genes.faulty("odd-character"),
    ),
    Rule(
        "unknown-symbol", "error", "genes exist", "write the approved symbol", genes.unknown_symbol
    ),
    Rule(
        "ambiguous-symbol",
        "error",
        "names fit one gene",
        "write the symbol",
        genes.ambiguous_symbol,
    ),
    Rule(
        "outdated-symbol",
        "error",
        "symbols are approved",
        "write the symbol",
        genes.outdated_symbol,
    ),
    Rule(
        "unknown-rodent-symbol",
        "warning",
        "genes added in rodents exist there",
        "write the mouse or rat symbol",
        genes.unknown_rodent_symbol,
    ),
    Rule(
        "duplicate-gene", "error", "a gene stands once in a set", "delete one", sets.duplicate_gene
    ),
    Rule(
        "both-directions", "error", "a gene has one direction", "delete one", sets.both_directions
    ),
    Rule(
        "direction-size",
        "error",
        f"each direction has at least {sets.SCORABLE} genes, also in the strict variant",
        "give it more genes, or none",
        sets.direction_size,
    ),
    Rule(
        "set-size",
        "error",
        f"a set has {sets.FEWEST} to {sets.MOST} genes",
        "extend or split it",
        sets.set_size,
    ),
    Rule(
        "duplicate-set", "error", "no two sets have the same genes", "keep one", sets.duplicate_set
    ),
    Rule(
        "near-duplicate",
        "error",
        "sets that share half of their genes say why",
        "make them differ, or explain it by near_duplicate_of",
        sets.near_duplicate,
    ),
    Rule(
        "unknown-explanation",
        "error",
        "near_duplicate_of names signatures",
        "correct the id",
        sets.unknown_explanation,
    ),
    Rule(
        "missing-evidence", "error", "evidence, or 'unverified'", "cite it", sets.missing_evidence
    ),
    Rule(
        "missing-grade",
        "error",
        "an expected direction has a grade",
        "grade it",
        sets.missing_grade,
    ),
    Rule("missing-meaning", "warning", "a set says what it means", "say it", sets.missing_meaning),
    Rule(
        "citation-form", "warning", "citations can be looked up", "write the id", sets.citation_form
    ),
    Rule(
        "line-ends", "warning", "Unix line ends, no byte order mark", "save it so", form.line_ends
    ),
    Rule(
        "gmt-description",
        "warning",
        "the second column of a GMT describes the set",
        "put 'na' before the first gene",
        form.gmt_description,
    ),
)
