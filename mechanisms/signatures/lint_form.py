"""Rules on the form of a file: what can be read, which keys there are, line ends, ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mechanisms.errors import SignatureError
from mechanisms.signatures.drafts import Draft
from mechanisms.signatures.entries import BALANCE_KEYS, SIGNATURE_KEYS, balance_from, directions
from mechanisms.signatures.entries import field as checked_field
from mechanisms.signatures.lint_context import Context, Hit, hit
from mechanisms.signatures.model import DIRECTIONS, split_member
from mechanisms.vocabulary import nearest

LIKE_A_GENE = re.compile(r"[A-Z][A-Za-z0-9-]{1,14}")


def told_by_reader(rule: str) -> Callable[[Context], Iterator[Hit]]:
    """A rule that was already checked while the file was read."""

    def check(context: Context) -> Iterator[Hit]:
        for document in context.documents:
            for problem in document.problems:
                if problem.rule == rule:
                    yield Hit(document.file, problem.line, problem.signature, "", problem.message)

    return check


def schema(context: Context) -> Iterator[Hit]:
    yield from told_by_reader("schema")(context)
    for draft in context.drafts:
        yield from _unknown_keys(draft, SIGNATURE_KEYS)
        yield from _genes_key(draft)
        genes = {d: _well_formed(draft, d) for d in DIRECTIONS}
        for key, value in draft.raw.items():
            if key in SIGNATURE_KEYS and key not in ("id", "genes"):
                try:
                    checked_field(
                        key, value, genes["up"], genes["down"], draft.raw.get("rodent"), ""
                    )
                except SignatureError as problem:
                    yield hit(draft, draft.at(key), _bare(problem))
    yield from _balances(context)


def _unknown_keys(draft: Draft, known: tuple[str, ...]) -> Iterator[Hit]:
    for key in draft.raw:
        if key not in known:
            message = f"unknown key {key!r}{nearest(key, known)}: correct or delete it"
            yield hit(draft, draft.at(str(key)), message)


def _genes_key(draft: Draft) -> Iterator[Hit]:
    """The form of `genes`, with the genes themselves taken as sound: they have rules."""
    if "genes" not in draft.raw:
        message = "the key 'genes' is missing: write genes: {up: [...], down: [...]}"
        yield hit(draft, draft.line, message)
        return
    genes = draft.raw["genes"]
    try:
        if isinstance(genes, dict):
            numbers = iter(range(len(draft.genes)))
            genes = {
                d: [f"G{next(numbers)}" for _ in v] if isinstance(v, list) else v
                for d, v in genes.items()
            }
        elif isinstance(genes, list):
            genes = [f"G{i}" for i in range(len(genes))]
        directions(genes, "")
    except SignatureError as problem:
        yield hit(draft, draft.at("genes"), _bare(problem))


def _well_formed(draft: Draft, direction: str) -> tuple[str, ...]:
    found = [g.value for g in draft.genes if g.direction == direction]
    return tuple(g for g in dict.fromkeys(map(str, found)))


def _balances(context: Context) -> Iterator[Hit]:
    sides = {d.id: {g.direction for g in d.genes} for d in context.drafts}
    sides |= {s.id: set(s.directions) for s in context.others if s.id not in sides}
    for draft in context.balances:
        yield from _unknown_keys(draft, BALANCE_KEYS)
        try:
            known = {key: value for key, value in draft.raw.items() if key in BALANCE_KEYS}
            balance = balance_from(known, "")
        except SignatureError as problem:
            yield hit(draft, draft.line, _bare(problem).replace(f"balance {draft.id!r}: ", ""))
            continue
        for member in balance.members:
            stem, direction = split_member(member)
            key = "plus" if member in balance.plus else "minus"
            if stem not in sides:
                message = f"the member {member!r} is no signature{nearest(stem, sides)}"
                yield hit(draft, draft.at(key), f"{message}: correct it, or delete the balance")
            elif direction and direction not in sides[stem]:
                message = f"the member {member!r} has no {direction} genes: name the whole set"
                yield hit(draft, draft.at(key), message)


def _bare(problem: SignatureError) -> str:
    return str(problem).lstrip(":, ")


def duplicate_id(context: Context) -> Iterator[Hit]:
    seen = {s.id: "the shipped collection" for s in context.others}
    for draft in [*context.drafts, *context.balances]:
        if draft.id in seen:
            message = f"the id {draft.id!r} is taken by {seen[draft.id]}: choose another"
            yield hit(draft, draft.line, message)
        seen.setdefault(draft.id, f"{draft.file}, line {draft.line}")


def line_ends(context: Context) -> Iterator[Hit]:
    for document in context.documents:
        if line := document.first_windows_line:
            message = "lines end as Windows writes them (CR LF): save with Unix line ends (LF)"
            yield Hit(document.file, line, "", "", message)
        if document.bom:
            message = "the file begins with a byte order mark: save as UTF-8 without it"
            yield Hit(document.file, 1, "", "", message)


def gmt_description(context: Context) -> Iterator[Hit]:
    for draft in context.drafts:
        title = str(draft.raw.get("title", ""))
        plain = not draft.complete and LIKE_A_GENE.fullmatch(title)
        if plain and context.spell(title).kind == "approved":
            message = (
                f"the description is {title!r}, a gene: is the column of descriptions missing, so "
                "that the first gene is lost? Put 'na' before it"
            )
            yield hit(draft, draft.line, message, title)
