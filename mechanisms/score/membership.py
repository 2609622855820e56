"""Which gene stands in which set, and what every method multiplies with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numba import njit
from scipy import sparse


@dataclass(frozen=True)
class Members:
    """The genes of d sets, as the columns of a u x d matrix: 1 counts upwards, -1 downwards."""

    matrix: sparse.csc_matrix

    @property
    def genes(self) -> int:
        """Number of genes, u."""
        return int(self.matrix.shape[0])

    @cached_property
    def by_gene(self) -> sparse.csr_matrix:
        """The same, row after row."""
        return sparse.csr_matrix(self.matrix)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Number of genes of each set, shape (d,)."""
        return np.diff(self.matrix.indptr).astype(float)

    @cached_property
    def net(self) -> np.ndarray:
        """Genes that count upwards less those that count downwards, shape (d,)."""
        return np.asarray(self.matrix.sum(axis=0)).ravel()

    @cached_property
    def unsigned(self) -> Members:
        """The same sets, all genes counted upwards."""
        return Members(abs(self.matrix))


@dataclass(frozen=True)
class Membership:
    """Directed sets over the genes that were found.

    Attributes
    ----------
    parts
        Names of the directed sets, `id:up` or `id:down`, d of them.
    columns
        Positions in the data of the genes used, ascending, u of them.
    members
        Which genes belong to which set, u x d.
    """

    parts: tuple[str, ...]
    columns: np.ndarray
    members: Members


@dataclass(frozen=True)
class Entries:
    """A number for each of n samples and u genes: all of them, or stored ones and one other.

    Attributes
    ----------
    stored
        n x u; or, of a sparse table, the stored entries of all rows.
    fill
        Of a sparse table: the number of all genes without an entry, one per sample.
    indices, indptr
        Of a sparse table: as in CSR.
    gaps
        True where some numbers are NaN: missing values.
    known
        Sums that were asked for before: methods share them.
    """

    stored: np.ndarray
    fill: np.ndarray | None = None
    indices: np.ndarray | None = None
    indptr: np.ndarray | None = None
    gaps: bool = False
    known: dict[int, tuple[Members, np.ndarray]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def map(self, f: Callable[..., np.ndarray], *per_sample: np.ndarray) -> Entries:
        """Apply an elementwise function; further arguments are numbers of each sample, (n,)."""
        if self.fill is None or self.indptr is None:
            return replace(self, stored=f(self.stored, *(p[:, None] for p in per_sample)))
        counts = np.diff(self.indptr)
        spread = (np.repeat(p, counts) for p in per_sample)
        return replace(self, stored=f(self.stored, *spread), fill=f(self.fill, *per_sample))

    def times(self, other: Entries) -> Entries:
        """Multiply with entries at the same places."""
        fill = None if self.fill is None or other.fill is None else self.fill * other.fill
        return replace(self, stored=self.stored * other.stored, fill=fill)

    def sums(self, members: Members) -> np.ndarray:
        """Sum each set's numbers with the members' signs, n x d; a missing one adds nothing."""
        if id(members) not in self.known:
            self.known[id(members)] = (members, self._summed(members))
        return self.known[id(members)][1]

    def _summed(self, members: Members) -> np.ndarray:
        sets, genes = members.matrix, members.by_gene
        if self.fill is None:
            out = np.zeros((sets.shape[1], len(self.stored)))
            _add_dense(np.ascontiguousarray(self.stored), sets.indptr, sets.indices, sets.data, out)
            return out.T
        out = np.zeros((len(self.fill), sets.shape[1]))
        _add_sparse(
            self.stored, self.fill, self.indices, self.indptr,
            genes.indptr, genes.indices, genes.data, members.net, out,
        )  # fmt: skip
        return out

    def counts(self, members: Members) -> np.ndarray:
        """Count each set's genes that have a number in the sample, n x d."""
        return self.net(members.unsigned)

    def net(self, members: Members) -> np.ndarray:
        """Add up the signs of each set's genes that have a number in the sample, n x d."""
        if not self.gaps:
            n = len(self.stored) if self.fill is None else len(self.fill)
            return np.broadcast_to(members.net, (n, len(members.net)))
        return self.map(lambda x: np.where(np.isnan(x), np.nan, 1.0)).sums(members)

    def dense(self, genes: int) -> np.ndarray:
        """Return the n x u numbers."""
        if self.fill is None or self.indptr is None:
            return self.stored
        out = np.repeat(self.fill[:, None], genes, axis=1)
        out[np.repeat(np.arange(len(out)), np.diff(self.indptr)), self.indices] = self.stored
        return out


@dataclass(frozen=True)
class Block:
    """Some samples, transformed once, ready for any method.

    Constant samples are missing (NaN) throughout.

    Attributes
    ----------
    ranks
        n x u average ranks of the genes of the sets.
    values
        n x u values, or None where no method asked for them.
    n_valid
        Genes ranked in each sample, shape (n,).
    mean, sd
        Mean and SD (n - 1) of all genes of each sample, or None.
    """

    ranks: Entries
    values: Entries | None
    n_valid: np.ndarray
    mean: np.ndarray | None = None
    sd: np.ndarray | None = None

    @property
    def n(self) -> np.ndarray:
        """Genes ranked in each sample, as a float column."""
        return self.n_valid[:, None].astype(float)

    def of(self, what: str) -> Entries:
        """Return `ranks` or `values`; TypeError where the block was made without them."""
        held: Entries | None = getattr(self, what)
        if held is None:
            raise TypeError(f"this block was made without {what}")
        return held


def build_membership(sets: Mapping[str, np.ndarray]) -> Membership:
    """Build the membership of named directed sets from the positions of their genes in the data."""
    parts = tuple(sets)
    columns = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *sets.values()])).astype(
        np.int64
    )
    rows = [np.searchsorted(columns, np.unique(sets[p])) for p in parts]
    indptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *rows]).astype(np.int64)
    shape = (len(columns), len(parts))
    matrix = sparse.csc_matrix((np.ones(len(indices)), indices, indptr), shape=shape)
    return Membership(parts, columns, Members(matrix))


@njit(cache=True, nogil=True)
def _add_dense(numbers, indptr, indices, weights, out):  # type: ignore[no-untyped-def]
    for i in range(numbers.shape[0]):
        row = numbers[i]
        for j in range(out.shape[0]):
            total = 0.0
            for p in range(indptr[j], indptr[j + 1]):
                x = row[indices[p]]
                if x == x:
                    total += weights[p] * x
            out[j, i] = total


@njit(cache=True, nogil=True)
def _add_sparse(stored, fill, indices, starts, indptr, sets, signs, weights, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[0]):
        other = fill[i]
        if other != other:  # the sample is missing
            continue
        for j in range(out.shape[1]):
            out[i, j] = other * weights[j]
        for p in range(starts[i], starts[i + 1]):
            x = stored[p]
            change = x - other if x == x else -other
            for q in range(indptr[indices[p]], indptr[indices[p] + 1]):
                out[i, sets[q]] += signs[q] * change
