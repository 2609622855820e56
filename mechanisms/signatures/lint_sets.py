"""Rules on sets: their sizes and doubles, what they share, and what is known of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mechanisms.signatures.drafts import Draft
from mechanisms.signatures.lint_context import Context, Hit, hit
from mechanisms.signatures.model import DIRECTIONS
from mechanisms.vocabulary import nearest

FEWEST, MOST = 5, 500  # genes of a signature
SCORABLE = 3  # genes that a direction needs at the least
NEAR = 0.5  # shared genes over all genes of both
CITATION = re.compile(r"PMID \d+|PMC\d+|doi 10\.\S+|unverified: .+")
MEANING = ("title", "high_means", "rna_cannot_show", "assay")


def duplicate_gene(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        seen: dict[tuple[str, str], str] = {}
        for gene in draft.genes:
            key = (gene.direction, context.approved(gene.value))
            if key in seen:
                other = seen[key]
                two = "" if other == str(gene.value) else f", as {other!r} and as {gene.value!r}"
                message = f"{key[1]} stands twice under {gene.direction}{two}: delete one"
                yield hit(draft, gene.line, message, gene.value)
            seen.setdefault(key, str(gene.value))


def both_directions(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        up = {context.approved(g.value) for g in draft.genes if g.direction == "up"}
        for gene in draft.genes:
            if gene.direction == "down" and context.approved(gene.value) in up:
                message = f"{gene.value} is up and down: a gene has one direction in a signature"
                yield hit(draft, gene.line, message, gene.value)


def direction_size(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        strict = draft.raw.get("strict_without")
        dropped = set(map(str, strict)) if isinstance(strict, list) else set()
        for direction in DIRECTIONS:
            genes = {str(g.value) for g in draft.genes if g.direction == direction}
            for kept, variant in ((genes, ""), (genes - dropped, " of the strict variant")):
                if genes and len(kept) < SCORABLE and not (variant and not dropped):
                    message = (
                        f"the direction {direction}{variant} has {len(kept)} genes and can never "
                        f"be scored: it needs {SCORABLE}. Give it more, or leave it empty"
                    )
                    yield hit(draft, draft.at("genes"), message)
                    break


def set_size(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        n = len({str(g.value) for g in draft.genes})
        if 0 < n < FEWEST:
            message = f"it has {n} genes: below {FEWEST} one gene decides the score. Give it more"
            yield hit(draft, draft.at("genes"), message)
        elif n > MOST:
            message = f"it has {n} genes: above {MOST} it says little of one mechanism. Split it"
            yield hit(draft, draft.at("genes"), message)


def duplicate_set(context: Context) -> Iterator[Hit]:
    for draft, other, jaccard, same in _similar(context):
        if jaccard == 1.0 and same:
            yield hit(draft, draft.line, f"its genes are exactly those of {other}: keep one")


def near_duplicate(context: Context) -> Iterator[Hit]:
    explained = {
        frozenset((d.id, other))
        for d in context.drafts
        if isinstance(d.raw.get("near_duplicate_of"), dict)
        for other in d.raw["near_duplicate_of"]
    }
    for draft, other, jaccard, same in _similar(context):
        exact = jaccard == 1.0 and same
        if not exact and frozenset((draft.id, other)) not in explained:
            message = (
                f"it shares {jaccard:.0%} of all genes of both with {other} (Jaccard): make it "
                f"differ, or write near_duplicate_of: {{{other}: reason}}"
            )
            yield hit(draft, draft.line, message)


def unknown_explanation(context: Context) -> Iterator[Hit]:
    known = {d.id for d in context.drafts} | {s.id for s in context.others}
    for draft in context.drafts:
        explained = draft.raw.get("near_duplicate_of")
        for other in explained if isinstance(explained, dict) else {}:
            if other not in known:
                message = f"near_duplicate_of names {other!r}, no signature{nearest(other, known)}"
                yield hit(draft, draft.at("near_duplicate_of"), f"{message}: correct or delete it")


def _similar(context: Context) -> Iterator[tuple[Draft, str, float, bool]]:
    """Pairs of a Jaccard index of at least `NEAR`: draft, other id, index, same directions."""
    import numpy as np
    from scipy import sparse

    drafts = [d for d in context.drafts if d.genes]
    sets = [{context.approved(g.value): g.direction for g in d.genes} for d in drafts]
    ids = [d.id for d in drafts] + [s.id for s in context.others]
    sets += [{g: d for d, genes in s.directions.items() for g in genes} for s in context.others]
    columns = {g: i for i, g in enumerate(sorted({g for genes in sets for g in genes}))}
    rows = [i for i, genes in enumerate(sets) for _ in genes]
    places = [columns[g] for genes in sets for g in genes]
    if not rows:
        return
    matrix = sparse.csr_matrix(([1] * len(rows), (rows, places)), shape=(len(sets), len(columns)))
    shared = sparse.triu(matrix @ matrix.T, k=1).tocoo()
    sizes = np.array([len(genes) for genes in sets])
    jaccard = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    near = np.flatnonzero((jaccard >= NEAR) & (shared.row < len(drafts)))
    for k in sorted(near, key=lambda k: (shared.row[k], shared.col[k])):
        i, j = int(shared.row[k]), int(shared.col[k])
        if ids[i] != ids[j]:
            # Of two drafts the later one is told; a shipped set cannot be changed by the user.
            told, other = (drafts[j], ids[i]) if j < len(drafts) else (drafts[i], ids[j])
            yield told, other, float(jaccard[k]), sets[i] == sets[j]


def missing_evidence(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        known = [draft.raw.get(key) for key in ("evidence", "citations")]
        if draft.complete and not any(known):
            message = "it has no evidence: cite what you read, or write evidence: 'unverified: why'"
            yield hit(draft, draft.at("evidence"), message)


def missing_grade(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        expected = draft.raw.get("expected", "none")
        if expected in ("up", "down") and not draft.raw.get("grade"):
            message = f"it expects {expected} without a grade: write grade: A, B, C or D"
            yield hit(draft, draft.at("expected"), message)


def missing_meaning(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        lacking = [key for key in MEANING if not draft.raw.get(key)]
        if draft.raw.get("expected") in ("up", "down") and not draft.raw.get("basis"):
            lacking.append("basis")
        if draft.complete and lacking:
            message = f"it does not say {', '.join(lacking)}: a reader of the report needs them"
            yield hit(draft, draft.line, message)


def citation_form(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        citations = draft.raw.get("citations")
        for citation in citations if isinstance(citations, list) else []:
            if isinstance(citation, str) and not CITATION.fullmatch(citation):
                message = (
                    f"the citation {citation!r} is no 'PMID 123', 'PMC123', 'doi 10.x' or "
                    "'unverified: author year': write it so"
                )
                yield hit(draft, draft.at("citations"), message)
