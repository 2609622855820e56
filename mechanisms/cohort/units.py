"""Which unit the values have: TPM, CPM, FPKM or intensities leave traces in the samples' sums."""

from __future__ import annotations

import re

import numpy as np

from mechanisms.cohort.layout import Raw

_MILLION = 1e6
_NAMED = re.compile(r"(?<![a-z])(TPM|FPKM|RPKM|CPM)(?![a-z])", re.I)
# Sums of a fixed total agree this well; libraries of different depth never do.
_EQUAL = 0.005
_ENOUGH_GENES = 1000


def unit_of(raw: Raw, scale: str) -> str:
    """Say the unit in words, with its evidence; `raw.values` are genes x samples."""
    named = _NAMED.search(raw.name)
    hint = f"; the file's name says {named.group(1).upper()}" if named else ""
    if scale == "counts":
        return "counts" + hint
    if scale == "log":
        return _unit_of_logs(raw) + hint
    sums = np.nansum(raw.values, axis=0)
    if _alike(sums):
        total = float(sums.mean())
        if abs(total / _MILLION - 1) < 0.01:
            return f"TPM or CPM: every sample adds up to 1,000,000{hint}"
        return f"parts of a fixed total: every sample adds up to {total:,.0f}{hint}"
    between = f"samples add up to {sums.min():,.0f} to {sums.max():,.0f}"
    if raw.platforms:
        return f"intensities of an array ({between}){hint}"
    if sums.min() > 0.3 * _MILLION and sums.max() < 1.005 * _MILLION:
        return f"TPM of a part of the genes, or FPKM or RPKM ({between}){hint}"
    return f"FPKM, RPKM or intensities, not TPM ({between}){hint}"


def natural_logarithms(values: np.ndarray) -> bool:
    """Whether exp(x) - 1 adds up alike in all samples and 2**x - 1 does not (scanpy's log1p)."""
    if values.shape[0] < _ENOUGH_GENES or values.shape[1] < 2 or np.nanmin(values) < 0:
        return False
    if np.isnan(values).any() or values.max() > 20:
        return False
    return _alike(np.expm1(values).sum(axis=0)) and not _alike(np.exp2(values).sum(axis=0))


def _unit_of_logs(raw: Raw) -> str:
    values = raw.values
    complete = values.shape[0] >= _ENOUGH_GENES and not np.isnan(values).any()
    if complete and values.shape[1] > 1 and values.min() >= 0 and values.max() < 40:
        sums = (np.exp2(values) - 1).sum(axis=0)
        if _alike(sums):
            return f"log2(x + 1) of values that add up to {sums.mean():,.0f} in every sample"
    return "logarithms"


def _alike(sums: np.ndarray) -> bool:
    return len(sums) > 1 and bool(sums.min() > 0) and float(np.ptp(sums) / sums.mean()) < _EQUAL
