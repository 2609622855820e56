"""One pass over a matrix for every method asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from mechanisms.errors import DataError
from mechanisms.score.membership import Block, Members, Membership, build_membership
from mechanisms.score.method import Method
from mechanisms.score.ranks import in_spans
from mechanisms.score.transform import block_of, check_scale, joined

UP, DOWN = "up", "down"
NOT_OF_IT, NOT_MEASURABLE = -1, -2
BYTES_AT_ONCE = 4e6  # of a task: about the cache that one core has for itself


@dataclass(frozen=True)
class Plan:
    """What is to be scored.

    Attributes
    ----------
    membership
        The directed sets that can be scored, d of them.
    names
        The signatures, s of them.
    up, down
        For each signature the place of that direction among the sets; `NOT_OF_IT` where it has
        none, `NOT_MEASURABLE` where it has one that cannot be scored.
    needed
        Genes that each set needs in a sample, shape (d,).
    """

    membership: Membership
    names: tuple[str, ...]
    up: np.ndarray
    down: np.ndarray
    needed: np.ndarray

    @cached_property
    def joint(self) -> Members:
        """The directed sets, then the signatures that have a down side as sets of signed genes."""
        parts = self.membership.members.matrix
        blocks = [parts]
        for places, sign in ((self.up, 1.0), (self.down, -1.0)):
            known = np.flatnonzero((places >= 0) & self.has_down)
            shape = (parts.shape[1], len(self.names))
            signs = np.full(len(known), sign)
            chosen = sparse.csc_matrix((signs, (places[known], known)), shape=shape)
            blocks.append((parts @ chosen)[:, self.has_down])
        both = sparse.csc_matrix(blocks[1] + blocks[2])
        both.eliminate_zeros()
        return Members(sparse.csc_matrix(sparse.hstack([parts, both])))

    @cached_property
    def has_down(self) -> np.ndarray:
        """True for signatures with a down side, shape (s,)."""
        return self.down != NOT_OF_IT

    def columns(self) -> list[str]:
        """Names of the columns of scores: the signatures, then their directions."""
        directed = [
            f"{name}:{direction}"
            for name, *places in zip(self.names, self.up, self.down, strict=True)
            for direction, place in zip((UP, DOWN), places, strict=True)
            if place != NOT_OF_IT
        ]
        return [*self.names, *directed]

    @cached_property
    def places(self) -> np.ndarray:
        """For each directed column its place among the sets."""
        both = np.column_stack([self.up, self.down]).ravel()
        return both[both != NOT_OF_IT]


def plan_of(
    sets: Mapping[str, Mapping[str, np.ndarray | None]], needed: Mapping[str, float]
) -> Plan:
    """Make a plan from the positions of each signature's genes by direction (None: too few)."""
    found = {
        f"{name}:{direction}": positions
        for name, by in sets.items()
        for direction, positions in by.items()
        if positions is not None
    }
    slot = {part: i for i, part in enumerate(found)}

    def place(direction: str) -> np.ndarray:
        return np.array(
            [
                slot.get(f"{name}:{direction}", NOT_MEASURABLE) if direction in by else NOT_OF_IT
                for name, by in sets.items()
            ],
            dtype=np.int64,
        )

    least = np.array([needed.get(part, 1.0) for part in found])
    return Plan(build_membership(found), tuple(sets), place(UP), place(DOWN), least)


Source = Callable[[Method], Any]


def score_matrix(
    matrix: Any,
    plan: Plan,
    chosen: Sequence[Method],
    *,
    threads: int | None = None,
    samples: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Score every row of a matrix by every method.

    Returns for each method an array of samples x `plan.columns()`. Methods that look at each
    sample alone are scored in slices of few rows, so that little more than the matrix is held;
    the others have all samples in one block. Into `samples` (n x 2), if given, go the number of
    genes measured and whether the sample is constant.
    """
    cores = threads or os.cpu_count() or 1
    check_scale(matrix, chosen)
    check_memory(matrix.shape[0], plan, chosen)
    results: dict[str, np.ndarray] = {}
    for before in dict.fromkeys(m.before for m in chosen):
        own = [m for m in chosen if m.before is before]
        seen = matrix if before is None else before(matrix, cores)
        results |= _score_group(seen, plan, own, cores, samples)
    return {m.name: results[m.name] for m in chosen}


def _score_group(
    matrix: Any,
    plan: Plan,
    chosen: Sequence[Method],
    threads: int,
    samples: np.ndarray | None,
) -> dict[str, np.ndarray]:
    n, columns = matrix.shape[0], plan.membership.columns
    width = len(plan.names) + len(plan.places)
    results = {m.name: np.full((n, width), np.nan) for m in chosen}
    if n == 0:
        return results
    size = _rows_at_once(matrix, plan)

    def block(span: slice) -> Block:
        made, constant = block_of(matrix, span, columns, chosen)
        if samples is not None:
            samples[span] = np.column_stack([made.n_valid, constant])
        return made

    def scored(span: slice) -> None:
        made = block(span)
        for m in chosen:
            results[m.name][span] = score_block(made, plan, m)

    if all(m.independent for m in chosen):
        in_spans(scored, n, size, threads)
    else:
        whole = joined(in_spans(block, n, size, threads))
        for m in chosen:
            results[m.name] = score_block(whole, plan, m)
    return results


def check_memory(n: int, plan: Plan, chosen: Sequence[Method]) -> None:
    """Refuse scores that this machine cannot hold (DataError)."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return
    held = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    wanted = 8 * n * (len(plan.names) + len(plan.places)) * len(chosen)
    if wanted > held:
        raise DataError(
            f"scores of {n:,} samples for {len(plan.names):,} signatures by {len(chosen)} methods "
            f"take {wanted / 1e9:,.0f} GB, and this machine has {held / 1e9:,.0f} GB; score fewer "
            "signatures or methods at a time, or a store piece by piece with `mechanisms score`"
        )


def _rows_at_once(matrix: Any, plan: Plan) -> int:
    entries = matrix.nnz / max(matrix.shape[0], 1) if sparse.issparse(matrix) else matrix.shape[1]
    per_row = 8 * (entries + len(plan.membership.parts))
    return int(np.clip(BYTES_AT_ONCE / max(per_row, 1), 16, 4096))


def score_block(block: Block, plan: Plan, method: Method) -> np.ndarray:
    """Score one block by one method: samples x `plan.columns()`."""
    members = plan.membership.members
    enough = block.ranks.counts(members) >= plan.needed
    if method.joint:
        both = method(block, plan.joint)
        d = len(plan.membership.parts)
        parts, signed = np.where(enough, both[:, :d], np.nan), both[:, d:]
        whole = _taken(parts, plan.up, 0.0)
        whole[:, plan.has_down] = whole[:, plan.has_down] * 0 + signed
        whole += 0 * _taken(parts, plan.down, 0.0)
    else:
        parts = np.where(enough, method(block, members), np.nan)
        whole = _taken(parts, plan.up, 0.0) - _taken(parts, plan.down, 0.0)
    return np.hstack([whole, _taken(parts, plan.places, np.nan)])


def _taken(parts: np.ndarray, places: np.ndarray, absent: float) -> np.ndarray:
    """Take columns by place; what is not of a signature counts `absent`, what lacks genes NaN."""
    blank = np.full((len(parts), 2), np.nan)
    blank[:, 1] = absent
    padded = np.hstack([parts, blank])
    d = parts.shape[1]
    return padded[:, np.where(places >= 0, places, np.where(places == NOT_OF_IT, d + 1, d))]
