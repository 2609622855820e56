"""Variants of a whole collection: as a rodent has it, strict, or disjoint.

The ids stay, so that balances and tables hold; the genes and therefore the hashes differ. A
variant is another measurement of the same mechanisms and never a second test of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from mechanisms.errors import SignatureError
from mechanisms.signatures.model import DIRECTIONS, Collection, Signature
from mechanisms.vocabulary import SIGNATURE_MODES, SPECIES, nearest


def for_species(collection: Collection, species: str) -> Collection:
    """The signatures as they are in this species; human collections come back as they are.

    Genes that a signature gains are the rodent's own symbols; all others stay human and are
    translated by the table of orthologs. The result has no rodent edits left, so that doing it
    twice changes nothing.
    """
    _check("species", species, SPECIES)
    if species == "human" or not any(s.rodent for s in collection):
        return collection
    return _each(collection, lambda s: _edited(s, species))


def strict(collection: Collection) -> Collection:
    """Every signature without the genes that its file calls shared or ambiguous."""
    return _each(collection, lambda s: replace(s.strict(), id=s.id) if s.strict_without else s)


def disjoint(collection: Collection) -> Collection:
    """Every signature on the genes that it shares with no other signature of the collection.

    A direction may lose all its genes. The signature stays, remembers how many it had (`before`)
    and is then not measurable, with that reason.
    """
    # NOS2 and the mouse's own Nos2 are one gene.
    homes = Counter(gene.upper() for s in collection for gene in s.genes)
    return _each(collection, lambda s: _private(s, homes))


def variant(collection: Collection, mode: str) -> Collection:
    """The collection in one of the modes of a study file: full, strict or disjoint."""
    _check("mode of signatures", mode, SIGNATURE_MODES)
    return {"full": lambda c: c, "strict": strict, "disjoint": disjoint}[mode](collection)


def described_changes(collection: Collection, *, species: str, mode: str) -> list[str]:
    """What a species and a mode change in a collection, one sentence each."""
    adapted = for_species(collection, species)
    texts = [
        f"{s.id} has genes of its own in {species}: {_gained(s, adapted[s.id])} ({s.rodent_reason})"
        for s in collection
        if s.weights != adapted[s.id].weights
    ]
    chosen = variant(adapted, mode)
    if mode != "full":
        said = {
            "strict": "without the genes that their files call shared or ambiguous",
            "disjoint": "on the genes that they share with no other signature of the collection",
        }
        n = sum(s.weights != chosen[s.id].weights for s in adapted)
        texts.append(
            f"mode {mode}: {n} of {len(adapted)} signatures are scored {said[mode]}; their hashes "
            "are those of the genes used"
        )
    return texts


def _gained(before: Signature, after: Signature) -> str:
    gained = [f"+{g}" for g in after.weights if g not in before.weights]
    lost = [f"-{g}" for g in before.weights if g not in after.weights]
    return ", ".join([*gained, *lost])


def _each(collection: Collection, change: Callable[[Signature], Signature]) -> Collection:
    changed = tuple(change(s) for s in collection)
    return Collection(collection.name, changed, collection.balances)


def _edited(signature: Signature, species: str) -> Signature:
    edit = signature.rodent.get(species)
    if edit is None:
        return replace(signature, rodent={}, rodent_reason="")
    genes = {
        "up": [g for g in signature.up if g not in edit.drop_up] + [*edit.add_up],
        "down": [g for g in signature.down if g not in edit.drop_down] + [*edit.add_down],
    }
    return replace(
        signature,
        up=tuple(dict.fromkeys(genes["up"])),
        down=tuple(dict.fromkeys(genes["down"])),
        rodent={},
        rodent_reason="",
    )


def _private(signature: Signature, homes: Counter[str]) -> Signature:
    own = {
        d: tuple(g for g in signature.directions.get(d, ()) if homes[g.upper()] == 1)
        for d in DIRECTIONS
    }
    sizes = {d: len(genes) for d, genes in signature.directions.items()}
    return replace(signature, up=own["up"], down=own["down"], strict_without=(), before=sizes)


def _check(what: str, word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        raise SignatureError(
            f"{word!r} is no {what}{nearest(word, allowed) or '.'} Allowed: {', '.join(allowed)}."
        )
