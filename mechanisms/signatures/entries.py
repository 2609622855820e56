"""One entry of a gene-set file -> one validated Signature or Balance.

Every refusal names the file, the entry's id, the gene or key, and the remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mechanisms.errors import SignatureError
from mechanisms.signatures import values
from mechanisms.signatures.model import DIRECTIONS, Balance, Edit, Signature
from mechanisms.signatures.values import gene_list, said
from mechanisms.vocabulary import EXPECTED, GRADES, ROLES, SPECIES, TIERS, nearest

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
OTHERS = ("gene_notes", "strict_without", "rodent", "near_duplicate_of", "date")
SIGNATURE_KEYS = ("id", "genes", *OTHERS, *TEXTS, *LISTS, *CHOICES)
BALANCE_KEYS = ("id", "title", "mechanism", "tier", "plus", "minus", "reading")
# Keys that may stand once at the top of a file and then hold for every entry.
FILE_KEYS = ("mechanism", "curator", "date", "version")
RODENTS = SPECIES[1:]
EDITS = ("add_up", "drop_up", "add_down", "drop_down")


def signature_from(entry: object, where: str) -> Signature:
    """Validate one mapping with at least `id` and `genes`; `where` begins every message."""
    entry, where = named(entry, where, "signature")
    known_keys(entry, SIGNATURE_KEYS, where)
    if "genes" not in entry:
        raise SignatureError(
            f"{where}: the key 'genes' is missing. Write genes: {{up: [...], down: [...]}}, or "
            "one list when all genes are up."
        )
    up, down = directions(entry["genes"], where)
    fields: dict[str, Any] = {"title": entry["id"]}
    for key, value in entry.items():
        if key not in ("id", "genes"):
            fields |= field(key, value, up, down, entry.get("rodent"), where)
    return Signature(id=entry["id"], up=up, down=down, **fields)


def field(
    key: str, value: object, up: tuple[str, ...], down: tuple[str, ...], edits: object, where: str
) -> dict[str, Any]:
    """Validate the value of one key; return the fields of a Signature that it fills.

    `edits` is the entry's `rodent`, whose added genes notes and strict variants may name.
    """
    if key in TEXTS:
        return {key: values.text(value, key, where)}
    if key in LISTS:
        return {key: values.texts(value, key, where)}
    if key in CHOICES:
        return {key: values.choice(value, key, CHOICES[key], where)}
    if key == "date":
        return {key: values.date(value, where)}
    if key == "near_duplicate_of":
        example = "matrix_mmp: the same enzymes without their activators"
        return {key: values.notes(value, key, "ids of signatures", example, where)}
    if key == "rodent":
        return _rodent(value, up, down, where)
    genes = (*up, *down, *_added(edits))
    if key == "gene_notes":
        noted = values.notes(value, key, "genes", "CCL2: rises with M-CSF", where)
        for gene in noted:
            values.member(gene, genes, f"{where}, gene_notes")
        return {key: noted}
    return {key: _strict(value, (*up, *down), genes, where)}


def balance_from(entry: object, where: str) -> Balance:
    """Validate one mapping with `id`, `plus` and `minus`; members are checked by Collection."""
    entry, where = named(entry, where, "balance")
    known_keys(entry, BALANCE_KEYS, where)
    sides = {}
    for side in ("plus", "minus"):
        members = values.texts(entry.get(side, []), side, where)
        if not members:
            raise SignatureError(
                f"{where}: '{side}' is empty. A balance is never shown without both sides: list "
                "at least one signature id on each."
            )
        sides[side] = members
    values.once((*sides["plus"], *sides["minus"]), where, "member")
    keys = ("title", "mechanism", "reading")
    fields: dict[str, Any] = {k: values.text(entry[k], k, where) for k in keys if k in entry}
    if "tier" in entry:
        fields["tier"] = values.choice(entry["tier"], "tier", TIERS, where)
    return Balance(id=entry["id"], plus=sides["plus"], minus=sides["minus"], **fields)


def named(entry: object, where: str, kind: str) -> tuple[dict[str, Any], str]:
    """The entry as a dict, and `where` with its id."""
    if not isinstance(entry, Mapping):
        raise SignatureError(
            f"{where}: a {kind} is a mapping with keys such as 'id', not {said(entry)}. Begin it "
            "with '- id: name' and indent its other keys."
        )
    id = entry.get("id")
    if not isinstance(id, str) or not id or id != id.strip() or not id.isprintable():
        raise SignatureError(
            f"{where}: a {kind} needs an 'id' of printable text without spaces at its ends, and "
            f"has {said(id)}. Give it one, lower-case and mechanism first, such as matrix_mmp "
            "(quoted if YAML reads it as a number or a truth value)."
        )
    return dict(entry), f"{where}, {kind} {id!r}"


def known_keys(entry: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in entry:
        if key not in known:
            raise SignatureError(
                f"{where}: unknown key {key!r}{nearest(key, known) or '.'} Known keys: "
                f"{', '.join(known)}. Correct or delete it."
            )


def directions(value: object, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Up and down genes of a mapping of directions, or of one list, which is up."""
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


def _strict(
    value: object, own: tuple[str, ...], genes: tuple[str, ...], where: str
) -> tuple[str, ...]:
    dropped = gene_list(value, f"{where}, strict_without")
    for gene in dropped:
        values.member(gene, genes, f"{where}, strict_without")
    if dropped and set(dropped) >= set(own):
        raise SignatureError(
            f"{where}: 'strict_without' drops every gene, so that no strict variant is left. "
            "Keep the genes that are specific."
        )
    return dropped


def _rodent(
    value: object, up: tuple[str, ...], down: tuple[str, ...], where: str
) -> dict[str, Any]:
    """``{add_up: [...] or {mouse: [...], rat: [...]}, drop_up: ..., reason: text}``."""
    where = f"{where}, rodent"
    if not isinstance(value, Mapping):
        raise SignatureError(
            f"{where}: it is a mapping such as {{add_up: [Nos2], reason: why}}, not {said(value)}."
        )
    known_keys(value, (*EDITS, "reason"), where)
    if not values.text(value.get("reason", ""), "reason", where):
        raise SignatureError(
            f"{where}: the key 'reason' is missing. Say in one sentence why rodents differ."
        )
    edits: dict[str, dict[str, tuple[str, ...]]] = {species: {} for species in RODENTS}
    for key in (k for k in EDITS if k in value):
        for species, genes in _by_species(value[key], f"{where}, {key}").items():
            edits[species][key] = genes
            if key.startswith("drop"):
                for gene in genes:
                    values.member(gene, up if key == "drop_up" else down, f"{where}, {key}")
    found = {species: Edit(**edit) for species, edit in edits.items() if any(edit.values())}
    for species, edit in found.items():
        left = {*up, *down} - {*edit.dropped}
        values.once((*left, *edit.added), f"{where}, {species}", "gene")
    return {"rodent": found, "rodent_reason": values.text(value["reason"], "reason", where)}


def _by_species(value: object, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        return dict.fromkeys(RODENTS, gene_list(value, where))
    known_keys(value, RODENTS, where)
    return {species: gene_list(genes, where) for species, genes in value.items()}


def _added(edits: object) -> tuple[str, ...]:
    """The genes that `rodent` adds, as far as it can be read."""
    if not isinstance(edits, Mapping):
        return ()
    lists = [edits[key] for key in EDITS if key.startswith("add") and key in edits]
    flat = [part for v in lists for part in (v.values() if isinstance(v, Mapping) else [v])]
    return tuple(g for part in flat if isinstance(part, list | tuple) for g in part)
