"""Counts, linear or log: what is decided on which evidence."""

from __future__ import annotations

import numpy as np
import pytest

from mechanisms.cohort.scale import detect, to_log2
from mechanisms.errors import DataError, MechanismsWarning

GENES = [f"g{i}" for i in range(200)]
SAMPLES = [f"s{j}" for j in range(12)]


def measured(rng: np.random.Generator) -> np.ndarray:
    """Log2 intensities: genes differ in their means (SD 2) more than within (SD 0.5)."""
    return rng.normal(8, 2, (200, 1)) + rng.normal(0, 0.5, (200, 12))


MAKE = {
    "counts": ("counts", lambda r: r.negative_binomial(2, 0.01, (200, 12)).astype(float)),
    "sparse counts": ("counts", lambda r: r.poisson(0.3, (200, 12)).astype(float)),
    "rounded intensities": ("counts", lambda r: np.rint(2 ** measured(r))),
    "intensities": ("linear", lambda r: 2 ** measured(r)),
    "TPM": ("linear", lambda r: r.lognormal(1, 2.5, (200, 12))),
    "TPM with zeros": (
        "linear",
        lambda r: r.lognormal(1, 2.5, (200, 12)) * (r.random((200, 12)) > 0.4),
    ),
    "fractional counts": ("linear", lambda r: r.gamma(1, 300, (200, 12))),
    "log2": ("log", measured),
    "log2 LFQ": ("log", lambda r: measured(r) + 20),
    "log-CPM with negatives": ("log", lambda r: measured(r) - 8),
    "log2 with gaps": ("log", lambda r: np.where(r.random((200, 12)) < 0.7, np.nan, measured(r))),
    "scaled by sample": ("log", lambda r: (lambda x: (x - x.mean(0)) / x.std(0))(measured(r))),
}


@pytest.mark.parametrize("name", MAKE)
def test_scale_is_detected(name: str, rng: np.random.Generator) -> None:
    word, make = MAKE[name]
    found = detect(make(rng), "auto", GENES, SAMPLES, "m.tsv")
    assert found.word == word
    assert "minimum" in found.evidence
    assert "maximum" in found.evidence


CENTRED = {
    "z-scored": lambda x: (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True),
    "mean-centred": lambda x: x - x.mean(1, keepdims=True),
    "median-centred": lambda x: x - np.median(x, axis=1, keepdims=True),
    "against the controls": lambda x: x - x[:, :4].mean(1, keepdims=True),
    "six samples of a scaled matrix": lambda x: ((x - x.mean(1, keepdims=True)) / x.std())[:, :6],
    "z-scored and clipped": lambda x: np.clip(CENTRED["z-scored"](x), -2, 2),
}


@pytest.mark.parametrize("name", CENTRED)
def test_centred_values_are_refused(name: str, rng: np.random.Generator) -> None:
    values = CENTRED[name](measured(rng))
    with pytest.raises(DataError, match=r"m\.tsv: the values look centred .* before centring"):
        detect(values, "auto", GENES, SAMPLES, "m.tsv")
    with pytest.warns(MechanismsWarning, match="accepted because data.scale says log"):
        assert detect(values, "log", GENES, SAMPLES, "m.tsv").word == "log"


def test_evidence_in_words() -> None:
    values = np.array([[0.0, 1.0], [2.0, 4.5], [100.0, 1000.0]])
    found = detect(values, "auto", GENES, SAMPLES, "m.tsv")
    assert found.evidence == (
        "minimum 0, median 3.25, 99 % quantile 955, maximum 1000; none negative; whole numbers "
        "among the values other than zero: 80.0%; a log2 value cannot exceed 50, so these are "
        "linear values"
    )


@pytest.mark.parametrize(
    ("declared", "values", "notice"),
    [
        ("log", [[5.0, 900.0]], "declared as log, but the largest value is 900"),
        ("linear", [[5.5, 9.0]], "declared as linear, but no value exceeds 9"),
        ("counts", [[5.5, 900.0]], "50.0% of the values other than zero are fractions"),
    ],
)
def test_a_declared_scale_is_followed_and_doubted(
    declared: str, values: list[list[float]], notice: str
) -> None:
    found = detect(np.array(values), declared, ["g"], ["s", "t"], "m.tsv")
    assert found.word == declared
    assert notice in found.notices[0]


@pytest.mark.parametrize("declared", ["counts", "linear"])
def test_declared_values_must_not_be_negative(declared: str) -> None:
    values = np.array([[1.0, 5.0], [3.0, -2.0]])
    with pytest.raises(DataError, match=f"gene 'b' in sample 't' is -2, .* declared as {declared}"):
        detect(values, declared, ["a", "b"], ["s", "t"], "m.tsv")


def test_to_log2_by_hand() -> None:
    values = np.array([[0.0, 3.0], [7.0, np.nan]])
    depths = np.array([999.0, 1.0])
    np.testing.assert_allclose(
        to_log2(values, "counts", depths, None),
        [[np.log2(500), np.log2(1_750_000)], [np.log2(7500), np.nan]],
    )
    np.testing.assert_allclose(to_log2(values, "linear", depths, None), [[0, 2], [3, np.nan]])
    np.testing.assert_array_equal(to_log2(values, "log", depths, None), values)
    np.testing.assert_allclose(to_log2(values, "log", depths, 4.0), 2 * values)
