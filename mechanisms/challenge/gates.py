"""The two gates before `supported`: no single gene carries it, and random sets do not reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from mechanisms.challenge.again import Again
from mechanisms.compare import Design
from mechanisms.compare.linear import choose_test, fit_contrast

RANDOM_SETS = 300
BINS = 20
INSIDE = 0.95
CHOICE = 10
GATE_COLUMNS = (
    "signature",
    "one_gene",
    "within_random",
    "worst_gene",
    "p_without_gene",
    "difference_low",
    "difference_high",
    "random_low",
    "random_high",
)


@dataclass(frozen=True)
class OneGene:
    """What leaving out one gene at a time does to a signature."""

    carried: bool
    gene: int
    p_value: float
    low: float
    high: float


def without_one_gene(up: np.ndarray, down: np.ndarray) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return the signature without each of its genes in turn, by the gene's position."""
    genes = np.unique(np.concatenate([up, down]))
    return {int(g): (up[up != g], down[down != g]) for g in genes}


def judge_one_gene(scores: np.ndarray, genes: np.ndarray, design: Design, whole: float) -> OneGene:
    """Test the signature without each gene.

    Parameters
    ----------
    scores
        Units x genes: the score without that gene.
    genes
        Position of the gene left out in each column.
    design
        The design in which the signature was tested last (with composition, where it applies).
    whole
        The difference with all genes.

    Returns
    -------
    `carried` is True where without some gene p exceeds .05 or the sign flips; `gene` is the one
    whose absence weakens the result most, with its p; `low` and `high` are the range of the
    difference.
    """
    p, difference = _fit(scores, design)
    worst = int(np.nanargmax(np.where(difference * whole <= 0, 2.0, p)))
    carried = bool((p > 0.05).any() or (difference * whole <= 0).any())
    return OneGene(
        carried,
        int(genes[worst]),
        float(p[worst]),
        float(difference.min()),
        float(difference.max()),
    )


def judge_random_sets(
    scores: np.ndarray, design: Design, whole: float
) -> tuple[bool, float, float]:
    """Compare a difference with those of matched random sets.

    A gate on the size of the difference, never a p-value: genes of a random set do not vary
    together as those of a mechanism do.

    Returns whether the difference lies inside 95 % of the random ones, and those limits.
    """
    _, difference = _fit(scores, design)
    low, high = np.quantile(difference, [(1 - INSIDE) / 2, (1 + INSIDE) / 2])
    return bool(low <= whole <= high), float(low), float(high)


def _fit(scores: np.ndarray, design: Design) -> tuple[np.ndarray, np.ndarray]:
    test = choose_test(
        design.n_target,
        design.n_reference,
        paired=design.pair is not None,
        only_groups=design.only_groups,
    )
    fit = fit_contrast(scores, design.X, design.column, test)
    return fit.p_value, fit.difference


def strata(mean: np.ndarray, detection: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Return a stratum for each gene: a bin of mean expression within a bin of detection.

    Parameters
    ----------
    mean
        Mean log expression of each gene, shape (g,).
    detection
        Share of units in which it is above the lowest value, shape (g,).
    names
        Identifiers, which break ties so that the order of genes does not matter.
    """
    level = np.digitize(detection, [0.0, 0.25, 0.75, 0.999])
    bins = np.empty(len(mean), dtype=np.int64)
    for value in np.unique(level):
        rows = np.flatnonzero(level == value)
        order = rows[np.lexsort((names[rows], mean[rows]))]
        n_bins = max(1, min(BINS, len(rows) // 50))
        bins[order] = value * BINS + np.arange(len(rows)) * n_bins // len(rows)
    return bins


def matched_sets(
    name: str,
    up: np.ndarray,
    down: np.ndarray,
    bins: np.ndarray,
    names: np.ndarray,
    *,
    seed: int,
    draws: int = RANDOM_SETS,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draw random sets with the signature's size, directions, expression and detection.

    Every gene is replaced by another of its stratum, without repetition within a set. The draws
    depend on the seed and the signature's name alone.
    """
    rng = np.random.default_rng([seed, crc32(name.encode())])
    own = np.concatenate([up, down])
    pools = {}
    for stratum in np.unique(bins[own]):
        pools[stratum] = _pool(stratum, own, bins, names, (bins[own] == stratum).sum())
    sets = []
    for _ in range(draws):
        drawn = np.empty(len(own), dtype=np.int64)
        for stratum, pool in pools.items():
            places = np.flatnonzero(bins[own] == stratum)
            drawn[places] = rng.choice(pool, len(places), replace=len(pool) < len(places))
        sets.append((drawn[: len(up)], drawn[len(up) :]))
    return sets


def _pool(
    stratum: int, own: np.ndarray, bins: np.ndarray, names: np.ndarray, needed: int
) -> np.ndarray:
    """Return the genes that may replace those of a stratum, by name.

    Where the signature's own genes are most of it, as in a small panel of genes, the nearest strata
    join.
    """
    others = np.setdiff1d(np.arange(len(bins)), own)
    if len(others) == 0:
        return own
    distance = np.abs(bins[others] - stratum)
    enough = min(CHOICE * needed, len(others))
    limit = np.sort(distance)[enough - 1] if (distance == 0).sum() < needed else 0
    pool = others[distance <= limit]
    return np.asarray(pool[np.argsort(names[pool], kind="stable")])


def apply_gates(
    designs: Mapping[str, tuple[Design, float]], again: Again, *, seed: int
) -> pd.DataFrame:
    """Apply both gates to signatures whose effect has survived everything else.

    Parameters
    ----------
    designs
        Signature to the design of its last test (with composition, where it applies) and the
        difference that was found in it.
    again
        The compared samples.
    seed
        Seed of the random sets.

    Returns
    -------
    `GATE_COLUMNS`, one row a signature.
    """
    if not designs:
        return pd.DataFrame(columns=list(GATE_COLUMNS))
    bins = _strata_of(again)
    without = {n: without_one_gene(*again.sets[n]) for n in designs}
    random = {n: matched_sets(n, *again.sets[n], bins, again.genes, seed=seed) for n in designs}
    pairs = [p for n in designs for p in (*without[n].values(), *random[n])]
    scores = again.score({str(i): pair for i, pair in enumerate(pairs)})
    rows, start = [], 0
    for name, (design, whole) in designs.items():
        middle = start + len(without[name])
        end = middle + len(random[name])
        kept = scores[again.units.frame.index.get_indexer(design.units)]
        left_out = np.array(list(without[name]), dtype=np.int64)
        one = judge_one_gene(kept[:, start:middle], left_out, design, whole)
        inside, low, high = judge_random_sets(kept[:, middle:end], design, whole)
        symbol = again.symbols.get(one.gene, str(again.genes[one.gene]))
        rows.append((name, one.carried, inside, symbol, one.p_value, one.low, one.high, low, high))
        start = end
    return pd.DataFrame(rows, columns=list(GATE_COLUMNS))


def _strata_of(again: Again) -> np.ndarray:
    expression = again.expression[again.usable]
    measured = ~np.isnan(expression)
    n = np.maximum(measured.sum(axis=0), 1)
    filled = np.where(measured, expression, 0.0)
    above = np.where(measured, expression > np.nanmin(expression), False)
    # A gene that no unit has joins no stratum of measured ones.
    mean = np.where(measured.any(axis=0), filled.sum(axis=0) / n, -np.inf)
    detection = np.where(measured.any(axis=0), above.sum(axis=0) / n, -1.0)
    return strata(mean, detection, again.genes)
