"""What a signature, a balance and a collection are.

signature: genes with a direction, and what is known about them.
balance: a plus and a minus group of signatures (or of one direction of them).
collection: signatures and balances under one hash.
edit: the genes that a signature gains and loses in one species.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property

from mechanisms.errors import SignatureError
from mechanisms.vocabulary import ROLES, TIERS, nearest

DIRECTIONS = ("up", "down")


def digest(content: object) -> str:
    """SHA-256 (hex) of plain content, spelled one way only."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Edit:
    """Genes that a signature gains and loses in a rodent; gained ones are that rodent's symbols."""

    add_up: tuple[str, ...] = ()
    drop_up: tuple[str, ...] = ()
    add_down: tuple[str, ...] = ()
    drop_down: tuple[str, ...] = ()

    @property
    def added(self) -> tuple[str, ...]:
        return self.add_up + self.add_down

    @property
    def dropped(self) -> tuple[str, ...]:
        return self.drop_up + self.drop_down

    def without(self, genes: AbstractSet[str]) -> Edit:
        """The same edit without these among the genes it adds."""
        return replace(
            self,
            add_up=tuple(g for g in self.add_up if g not in genes),
            add_down=tuple(g for g in self.add_down if g not in genes),
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """Genes that are high (`up`) or low (`down`) when a mechanism is on, with their evidence.

    `expected` says whether the score is expected up or down in herniations that resorb;
    `grade` (A to D) says how well that is known, `basis` in which words. `strict_without` names
    the genes that the strict variant drops. `version` and `date` belong to this signature.
    `rodent` says by species what differs there, `rodent_reason` why. `near_duplicate_of` explains
    why a signature of mostly the same genes exists. `before` is set by the disjoint variant: the
    number of genes of each direction before shared genes were taken away.
    """

    id: str
    up: tuple[str, ...]
    down: tuple[str, ...] = ()
    title: str = ""
    mechanism: str = "user"
    side: str = ""
    role: str = "mechanism"
    tier: str = "core"
    expected: str = "none"
    grade: str = "D"
    basis: str = ""
    high_means: str = ""
    rna_cannot_show: str = ""
    assay: str = ""
    evidence: str = "unverified"
    citations: tuple[str, ...] = ()
    comparators: tuple[str, ...] = ()
    cautions: str = ""
    gene_notes: Mapping[str, str] = field(default_factory=dict, hash=False)
    strict_without: tuple[str, ...] = ()
    strict_reason: str = ""
    rodent: Mapping[str, Edit] = field(default_factory=dict, hash=False)
    rodent_reason: str = ""
    near_duplicate_of: Mapping[str, str] = field(default_factory=dict, hash=False)
    before: Mapping[str, int] = field(default_factory=dict, hash=False)
    curator: str = ""
    date: str = ""
    version: str = ""

    @property
    def genes(self) -> tuple[str, ...]:
        """All genes, up before down, in the order of the file."""
        return self.up + self.down

    @property
    def weights(self) -> dict[str, int]:
        """Gene to +1 (up) or -1 (down)."""
        return dict.fromkeys(self.up, 1) | dict.fromkeys(self.down, -1)

    @property
    def directions(self) -> dict[str, tuple[str, ...]]:
        """The directions that have genes: ``{"up": (...), "down": (...)}``."""
        both = {"up": self.up, "down": self.down}
        return {direction: genes for direction, genes in both.items() if genes}

    @property
    def needs(self) -> tuple[str, ...]:
        """The directions without which there is no score; one may have lost all its genes."""
        return tuple(d for d in DIRECTIONS if d in self.directions or self.before.get(d, 0))

    @property
    def hash(self) -> str:
        """SHA-256 over id, genes with weights and expected direction; wording does not count."""
        return digest([self.id, sorted(self.weights.items()), self.expected])

    def strict(self) -> Signature:
        """The strict variant, ``<id>_strict``: a variant of the same signature, no second test.

        Raises
        ------
        SignatureError
            When the signature has no strict variant.
        """
        if not self.strict_without:
            raise SignatureError(
                f"Signature {self.id!r} has no strict variant: 'strict_without' names no gene. "
                "Use the signature as it is, or name the genes to drop in its file."
            )
        dropped = set(self.strict_without)
        return replace(
            self,
            id=f"{self.id}_strict",
            up=tuple(g for g in self.up if g not in dropped),
            down=tuple(g for g in self.down if g not in dropped),
            gene_notes={g: n for g, n in self.gene_notes.items() if g not in dropped},
            rodent={species: edit.without(dropped) for species, edit in self.rodent.items()},
            strict_without=(),
            strict_reason="",
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """Two groups of signatures; members are ``id``, ``id:up`` or ``id:down``."""

    id: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    title: str = ""
    mechanism: str = "user"
    reading: str = ""
    tier: str = "core"

    @property
    def members(self) -> tuple[str, ...]:
        return self.plus + self.minus

    @property
    def signature_ids(self) -> tuple[str, ...]:
        """Ids of the signatures it needs, directions taken off, each once."""
        return tuple(dict.fromkeys(split_member(m)[0] for m in self.members))

    @property
    def hash(self) -> str:
        return digest([self.id, sorted(self.plus), sorted(self.minus)])


def split_member(member: str) -> tuple[str, str]:
    """``"efferocytosis:up"`` -> ``("efferocytosis", "up")``; a whole signature has ``""``."""
    stem, colon, direction = member.rpartition(":")
    return (stem, direction) if colon and direction in DIRECTIONS else (member, "")


@dataclass(frozen=True)
class Collection:
    """Signatures and balances in a fixed order, found by id.

    Raises
    ------
    SignatureError
        When two members share an id, or a balance names a signature that is not there.
    """

    name: str
    signatures: tuple[Signature, ...]
    balances: tuple[Balance, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        members: tuple[Signature | Balance, ...] = (*self.signatures, *self.balances)
        for member in members:
            if member.id in seen:
                raise SignatureError(
                    f"Collection {self.name!r}: the id {member.id!r} occurs twice; every "
                    "signature and balance needs an id of its own. Rename one of them."
                )
            seen.add(member.id)
        for balance in self.balances:
            self._check(balance)

    def _check(self, balance: Balance) -> None:
        for member in balance.members:
            stem, direction = split_member(member)
            if stem not in self._by_id:
                raise SignatureError(
                    f"Collection {self.name!r}: balance {balance.id!r} names {member!r}, which is "
                    f"no signature of it{nearest(stem, self._by_id) or '.'} Members are ids of "
                    "signatures, or such an id with ':up' or ':down'."
                )
            if direction and direction not in self._by_id[stem].needs:
                raise SignatureError(
                    f"Collection {self.name!r}: balance {balance.id!r} names {member!r}, but "
                    f"{stem!r} has no {direction} genes. Name the whole signature, or give it "
                    f"{direction} genes."
                )

    @cached_property
    def _by_id(self) -> dict[str, Signature]:
        return {signature.id: signature for signature in self.signatures}

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the signatures, in order."""
        return tuple(self._by_id)

    @cached_property
    def genes(self) -> tuple[str, ...]:
        """Every gene of every signature, each once, sorted."""
        return tuple(sorted({gene for s in self.signatures for gene in s.genes}))

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the members' hashes; order, name and wording do not count."""
        return digest(
            [sorted(s.hash for s in self.signatures), sorted(b.hash for b in self.balances)]
        )

    def __getitem__(self, id: str) -> Signature:
        try:
            return self._by_id[id]
        except KeyError:
            raise SignatureError(
                f"Collection {self.name!r} has no signature {id!r}{nearest(id, self.ids) or '.'} "
                "List what is there with `mechanisms signatures list`."
            ) from None

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def __len__(self) -> int:
        return len(self.signatures)

    def __iter__(self) -> Iterator[Signature]:
        return iter(self.signatures)

    def balance(self, id: str) -> Balance:
        """The balance of that id; SignatureError names the nearest when there is none."""
        found = {b.id: b for b in self.balances}
        if id not in found:
            raise SignatureError(
                f"Collection {self.name!r} has no balance {id!r}{nearest(id, found) or '.'} "
                f"It has {', '.join(found) or 'none'}."
            )
        return found[id]

    def select(
        self,
        tiers: Iterable[str] | None = None,
        roles: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
    ) -> Collection:
        """The members that fit everything asked; a balance stays when all its members do.

        Raises
        ------
        SignatureError
            On a tier or role outside the vocabulary, or an id that is not there.
        """
        wanted_tiers = _words("tier", tiers, TIERS)
        wanted_roles = _words("role", roles, ROLES)
        wanted_ids = set(self.ids) if ids is None else {self[i].id for i in _listed(ids)}
        kept = tuple(
            s
            for s in self.signatures
            if s.id in wanted_ids and s.tier in wanted_tiers and s.role in wanted_roles
        )
        there = {s.id for s in kept}
        balances = tuple(
            b for b in self.balances if b.tier in wanted_tiers and there.issuperset(b.signature_ids)
        )
        return Collection(self.name, kept, balances)

    def panel(self, role: str = "covariate") -> Collection:
        """The signatures of one role, without balances: the composition panel by default."""
        return Collection(self.name, self.select(roles=(role,)).signatures)


def _listed(words: Iterable[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _words(kind: str, asked: Iterable[str] | None, allowed: tuple[str, ...]) -> set[str]:
    if asked is None:
        return set(allowed)
    for word in _listed(asked):
        if word not in allowed:
            raise SignatureError(
                f"{word!r} is no {kind} of signatures{nearest(word, allowed) or '.'} "
                f"Allowed: {', '.join(allowed)}."
            )
    return set(_listed(asked))
