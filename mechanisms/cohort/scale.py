"""Counts, linear or log? The evidence in words, and the way to log2."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanisms.cohort.wording import closest
from mechanisms.errors import DataError, MechanismsWarning
from mechanisms.vocabulary import SCALES

# 2**50 exceeds every count and every intensity: no log2 value can be larger.
_LARGEST_LOG2 = 50.0
_WHOLE = 0.999


@dataclass(frozen=True, slots=True)
class Scale:
    """The word (one of vocabulary.SCALES), what it rests on, and what should be said aloud."""

    word: str
    evidence: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Facts:
    low: float
    high: float
    median: float
    q99: float
    negative: float
    whole: float  # share of whole numbers among the values that are not zero
    centred: bool

    def __str__(self) -> str:
        return (
            f"minimum {self.low:.4g}, median {self.median:.4g}, 99 % quantile {self.q99:.4g}, "
            f"maximum {self.high:.6g}; {_share(self.negative)} negative; whole numbers among the "
            f"values other than zero: {_share(self.whole)}"
        )


def detect(
    values: np.ndarray,
    declared: str,
    genes: Sequence[str],
    samples: Sequence[str],
    name: str,
    *,
    fixed: tuple[str, str] | None = None,
) -> Scale:
    """Decide the scale of genes x samples (finite or NaN), or check the one declared.

    `fixed` is the scale that the file's format prescribes, with its reason.

    Raises
    ------
    DataError
        An unknown word; negative counts or intensities (gene and sample are named); centred or
        z-scored values under `auto`.
    """
    if declared not in ("auto", *SCALES):
        raise DataError(
            f"data.scale is {declared!r}; allowed are auto, {', '.join(SCALES)}"
            f"{closest(declared, ('auto', *SCALES))}"
        )
    facts = _facts(values)
    word = (fixed[0] if fixed else _guess(facts)) if declared == "auto" else declared
    if word != "log" and facts.low < 0:
        _refuse_negative(values, word, declared, genes, samples, name, facts)
    if word == "log" and facts.centred:
        _meet_centred(declared, name, facts)
    if declared != "auto":
        return Scale(word, f"declared as {declared}; {facts}", _objections(word, facts, name))
    if fixed:
        return Scale(word, f"{fixed[1]}; {facts}")
    reason = {
        "counts": "so these are counts",
        "linear": f"a log2 value cannot exceed {_LARGEST_LOG2:.0f}, so these are linear values",
        "log": f"no value above {_LARGEST_LOG2:.0f}, so these are logarithms",
    }[word]
    return Scale(word, f"{facts}; {reason}", _doubts(word, facts, name))


def to_log2(
    values: np.ndarray, scale: str, depths: np.ndarray, log_base: float | None
) -> np.ndarray:
    """Return log2 values of the same shape.

    counts: log2((count + 0.5) / (depth + 1) * 1e6), voom's log-CPM (Law et al. 2014, Genome
    Biology 15:R29), where `depths` are the samples' total counts. linear: log2(value + 1).
    log: unchanged, or divided by log(2) in the stated base.
    """
    if scale == "counts":
        return np.log2((values + 0.5) / (depths + 1.0) * 1e6)
    if scale == "linear":
        return np.log2(values + 1.0)
    return values.copy() if log_base is None else values * np.log2(log_base)


def _facts(values: np.ndarray) -> _Facts:
    flat = values[np.isfinite(values)]
    nonzero = flat[flat != 0]
    low, median, q99, high = np.quantile(flat, [0.0, 0.5, 0.99, 1.0])
    return _Facts(
        float(low),
        float(high),
        float(median),
        float(q99),
        float(np.mean(flat < 0)),
        float(np.mean(nonzero == np.rint(nonzero))) if len(nonzero) else 1.0,
        bool(low < 0) and _is_centred(values),
    )


def _is_centred(values: np.ndarray) -> bool:
    """Genes of measured data differ far more in their means than within themselves."""
    if values.shape[1] < 3 or values.shape[0] < 10:
        return False
    n = np.isfinite(values).sum(axis=1)
    enough = values[n >= 3]
    if len(enough) < 10 or np.mean(enough < 0) < 0.05:
        return False
    within = np.nanmedian(np.nanstd(enough, axis=1))
    return bool(np.std(np.nanmean(enough, axis=1)) < within)


def _guess(facts: _Facts) -> str:
    if facts.whole >= _WHOLE and (facts.low >= 0 or facts.high > _LARGEST_LOG2):
        return "counts"
    return "linear" if facts.high > _LARGEST_LOG2 else "log"


def _refuse_negative(
    values: np.ndarray,
    word: str,
    declared: str,
    genes: Sequence[str],
    samples: Sequence[str],
    name: str,
    facts: _Facts,
) -> None:
    i, j = np.unravel_index(np.nanargmin(values), values.shape)
    taken = f"declared as {word}" if declared != "auto" else f"taken for {word} ({facts})"
    what = "counts" if word == "counts" else "intensities on a linear scale"
    raise DataError(
        f"{name}: gene {genes[int(i)]!r} in sample {samples[int(j)]!r} is {values[i, j]:g}, but "
        f"the values are {taken}, and {what} cannot be negative. Give the values before background "
        f"or batch correction made them negative, or declare data.scale: log if they are "
        f"logarithms."
    )


def _meet_centred(declared: str, name: str, facts: _Facts) -> None:
    what = (
        f"{name}: the values look centred or z-scored for each gene ({facts}; the genes' means "
        f"differ less than the samples of one gene do). Centring removes how strongly genes are "
        f"expressed within a sample, which the rank scores need"
    )
    if declared == "auto":
        raise DataError(
            f"{what}. Give the matrix before centring or scaling (counts, TPM, intensities or "
            f"their logarithms; an AnnData often keeps them in raw or in a layer); if the "
            f"values are not centred, declare data.scale: log."
        )
    warnings.warn(f"{what}; accepted because data.scale says log.", MechanismsWarning, stacklevel=4)


def _objections(word: str, facts: _Facts, name: str) -> tuple[str, ...]:
    """What speaks against the user's word; it is followed all the same."""
    if word == "log" and facts.high > _LARGEST_LOG2:
        return (
            f"{name}: declared as log, but the largest value is {facts.high:g}, more than any "
            f"log2 value; check data.scale.",
        )
    if word == "log" and facts.centred:
        return (f"{name}: declared as log, but the values look centred or z-scored.",)
    if word == "linear" and facts.high <= _LARGEST_LOG2:
        return (
            f"{name}: declared as linear, but no value exceeds {facts.high:g}; if the values are "
            f"already logarithms, declare data.scale: log.",
        )
    if word == "counts" and facts.whole < _WHOLE:
        return (
            f"{name}: declared as counts; {_share(1 - facts.whole)} of the values other than zero "
            f"are fractions, as estimated counts (salmon, kallisto, RSEM) are.",
        )
    return ()


def _doubts(word: str, facts: _Facts, name: str) -> tuple[str, ...]:
    if word == "counts" and facts.high <= _LARGEST_LOG2:
        return (
            f"{name}: whole numbers no larger than {facts.high:g} were taken for counts; if they "
            f"are something else, declare data.scale.",
        )
    return ()


def _share(x: float) -> str:
    if x in (0, 1):
        return "all" if x else "none"
    return f"{x:.1%}" if x >= 0.001 else "under 0.1%"
