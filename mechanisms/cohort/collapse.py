"""Several rows of one gene become one row, by a stated rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mechanisms.cohort.wording import closest, counted
from mechanisms.errors import DataError
from mechanisms.vocabulary import COLLAPSE_RULES

_WORDS = {
    "max_mean": "the row with the highest mean was kept",
    "median": "their median was taken",
    "sum": "their sum was taken",
}


def check_rule(rule: str, scale: str) -> None:
    """Refuse an unknown rule, and sums of logarithms."""
    if rule not in COLLAPSE_RULES:
        raise DataError(
            f"data.genes.collapse is {rule!r}; allowed are {', '.join(COLLAPSE_RULES)}"
            f"{closest(rule, COLLAPSE_RULES)}"
        )
    if rule == "sum" and scale == "log":
        raise DataError(
            "data.genes.collapse is 'sum', but the values are logarithms, which must not be added. "
            "Choose max_mean or median, or give counts or linear values."
        )


def collapse(
    values: np.ndarray, ids: np.ndarray, names: Sequence[str], samples: Sequence[str], rule: str
) -> tuple[np.ndarray, list[str], np.ndarray, int]:
    """Collapse the rows of each gene.

    Parameters
    ----------
    values : genes x samples, NaN where missing.
    ids : gene of each row; rows with '' are left out.
    names : the rows' own names (probes), which break ties.

    Returns
    -------
    values of the unique genes in order of first appearance, these genes, the row that stands for
    each (with max_mean, the row kept), and the number of genes that had several rows.

    Notes
    -----
    max_mean counts a missing value as the smallest value of the matrix, so that a probe measured
    in few samples does not win by them. Equal means go to the row that sorts first by name, then
    by values: the order of rows and samples never matters.
    """
    rows = np.flatnonzero(ids != "")
    codes, unique = pd.factorize(pd.Series(ids[rows], dtype=object))
    order = rows[_best_first(values[rows], codes, [names[int(r)] for r in rows], samples)]
    code_of = np.empty(len(ids), dtype=np.int64)
    code_of[rows] = codes
    starts = np.flatnonzero(np.diff(code_of[order], prepend=-1))
    chosen = order[starts]
    sizes = np.diff(starts, append=len(order))
    result = values[chosen]
    if rule != "max_mean" and (sizes > 1).any():
        several = np.flatnonzero(sizes > 1)
        members = order[np.isin(code_of[order], several)]
        groups = pd.DataFrame(values[members]).groupby(code_of[members], sort=True)
        merged = groups.median() if rule == "median" else groups.sum(min_count=1)
        result[several] = merged.to_numpy()
    return result, [str(u) for u in unique], chosen, int((sizes > 1).sum())


def describe(
    n_rows: int, n_genes: int, word: str, left: dict[str, int], several: int, rule: str
) -> str:
    """Say what the collapse did, in one sentence with counts."""
    parts = [f"{counted(n_rows, word)} -> {counted(n_genes, 'gene')}"]
    parts += [f"{counted(n, word)} {reason} left out" for reason, n in left.items() if n]
    if several:
        parts.append(f"{counted(several, 'gene')} had several {word}s: {_WORDS[rule]} ({rule})")
    return "; ".join(parts)


def spread(values: np.ndarray, ids: np.ndarray, *, logarithms: bool) -> tuple[int, int, float]:
    """Say how much the choice of a rule can matter.

    Returns
    -------
    The number of genes with several rows, of those whose rows differ by more than 1 in their mean
    (log2), and the median difference between the highest and the lowest row of a gene.
    """
    means = np.nanmean(np.where(np.isfinite(values).any(axis=1, keepdims=True), values, 0), axis=1)
    level = means if logarithms else np.log2(np.maximum(means, 0) + 1)
    table = pd.DataFrame({"id": ids, "level": level})[ids != ""]
    groups = table.groupby("id", sort=False)["level"].agg(["size", "min", "max"])
    gap = (groups["max"] - groups["min"])[groups["size"] > 1]
    return len(gap), int((gap > 1).sum()), float(gap.median()) if len(gap) else 0.0


def _best_first(
    values: np.ndarray, codes: np.ndarray, names: Sequence[str], samples: Sequence[str]
) -> np.ndarray:
    """Order rows by gene, then by falling mean, name and values."""
    if len(np.unique(codes)) == len(codes):
        return np.argsort(codes, kind="stable")
    floor = np.nanmin(values) if np.isfinite(values).any() else 0.0
    mean = _rounded(np.where(np.isnan(values), floor, values).mean(axis=1))
    table = pd.DataFrame({"code": codes, "mean": -mean, "name": pd.Series(names, dtype=object)})
    tied = np.flatnonzero(table.duplicated(keep=False).to_numpy())
    rank = np.zeros(len(codes), dtype=np.int64)
    if len(tied):
        by_id = values[tied][:, np.argsort(np.asarray(samples, dtype=object), kind="stable")]
        rank[tied[np.lexsort(by_id.T[::-1])]] = np.arange(len(tied))
    name_rank = pd.factorize(table["name"], sort=True)[0]
    return np.lexsort((rank, name_rank, -mean, codes))


def _rounded(x: np.ndarray) -> np.ndarray:
    """12 significant digits, so that the order of summation cannot break a tie."""
    with np.errstate(divide="ignore"):
        digits = np.where(x == 0, 0, 11 - np.floor(np.log10(np.abs(np.where(x == 0, 1, x)))))
    return np.round(x * 10.0**digits) / 10.0**digits
