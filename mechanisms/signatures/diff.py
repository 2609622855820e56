"""What changed between two versions of a collection, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mechanisms.signatures.model import Balance, Collection, Signature

# Words that change no hash: they are told in one line, without their text.
WORDING = (
    "title",
    "mechanism",
    "side",
    "basis",
    "high_means",
    "rna_cannot_show",
    "assay",
    "evidence",
    "citations",
    "comparators",
    "cautions",
    "gene_notes",
    "strict_reason",
    "rodent_reason",
    "near_duplicate_of",
    "curator",
    "date",
    "version",
)
FACTS = ("role", "tier", "grade")


class Change(NamedTuple):
    """One difference: what kind it is, in which member, and the sentence."""

    kind: str
    member: str
    text: str


def diff(old: Collection, new: Collection) -> list[Change]:
    """Everything that differs, in the order of ids; an empty list when nothing does.

    Kinds: ``added``, ``removed`` (members), ``genes``, ``expected`` (these change the hash),
    ``balance``, ``grade``, ``role``, ``tier``, ``strict``, ``rodent``, ``wording``.
    """
    changes = list(_members(old, new))
    for s in sorted(old, key=lambda s: s.id):
        if s.id in new:
            changes += _signature(s, new[s.id])
    there = {b.id: b for b in new.balances}
    for b in sorted(old.balances, key=lambda b: b.id):
        if b.id in there and b != there[b.id]:
            changes.append(Change("balance", b.id, _balance(b, there[b.id])))
    return changes


def _members(old: Collection, new: Collection) -> Iterator[Change]:
    before: dict[str, Signature | Balance] = {m.id: m for m in (*old, *old.balances)}
    after: dict[str, Signature | Balance] = {m.id: m for m in (*new, *new.balances)}
    for one, other, kind in ((before, after, "removed"), (after, before, "added")):
        for id in sorted(one.keys() - other.keys()):
            member = one[id]
            if isinstance(member, Balance):
                yield Change(kind, id, f"balance {id} was {kind}")
            else:
                size = f"{len(member.up)} up and {len(member.down)} down genes"
                yield Change(kind, id, f"signature {id} was {kind} ({size})")


def _signature(old: Signature, new: Signature) -> Iterator[Change]:
    before, after = old.weights, new.weights
    sides = {1: "up", -1: "down"}

    def told(kind: str, text: str) -> Change:
        return Change(kind, old.id, f"{old.id}: {text}")

    for weight, side in sides.items():
        added = sorted(g for g, w in after.items() if w == weight and g not in before)
        removed = sorted(g for g, w in before.items() if w == weight and g not in after)
        moved = sorted(g for g, w in after.items() if w == weight and before.get(g, w) != w)
        for genes, what in ((added, "added to"), (removed, "removed from")):
            if genes:
                yield told("genes", f"{', '.join(genes)} {what} the {side} genes")
        if moved:
            yield told("genes", f"{', '.join(moved)} moved from {sides[-weight]} to {side}")
    if old.expected != new.expected:
        yield told("expected", f"expected direction changed from {old.expected} to {new.expected}")
    for fact in FACTS:
        if (one := getattr(old, fact)) != (two := getattr(new, fact)):
            yield told(fact, f"{fact} changed from {one} to {two}")
    if set(old.strict_without) != set(new.strict_without):
        yield told(
            "strict", _lists("the strict variant drops", old.strict_without, new.strict_without)
        )
    if dict(old.rodent) != dict(new.rodent):
        yield told("rodent", "its genes in rodents changed")
    words = [w.replace("_", " ") for w in WORDING if getattr(old, w) != getattr(new, w)]
    if words:
        yield told("wording", f"wording changed: {', '.join(words)}")


def _lists(what: str, old: tuple[str, ...], new: tuple[str, ...]) -> str:
    added, removed = sorted(set(new) - set(old)), sorted(set(old) - set(new))
    parts = [f"also {', '.join(added)}"] if added else []
    parts += [f"no longer {', '.join(removed)}"] if removed else []
    return f"{what} {' and '.join(parts)}"


def _balance(old: Balance, new: Balance) -> str:
    parts = [
        f"{side} changed from {', '.join(one)} to {', '.join(two)}"
        for side, one, two in (("plus", old.plus, new.plus), ("minus", old.minus, new.minus))
        if set(one) != set(two)
    ]
    return f"balance {old.id}: {'; '.join(parts) or 'wording changed'}"
