"""Several rows of one gene: each rule by hand, ties, and the sentence that reports it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanisms.cohort import load
from mechanisms.cohort.collapse import check_rule, collapse, describe
from mechanisms.errors import DataError

NAN = np.nan
VALUES = np.array([[1.0, 2, 3], [4, 0, 5], [9, 9, 9], [2, 2, 8], [5, 5, 5]])
IDS = np.array(["A", "A", "B", "A", ""], dtype=object)
NAMES = ["p1", "p2", "p3", "p4", "p5"]
SAMPLES = ["x", "y", "z"]


@pytest.mark.parametrize(
    ("rule", "row"),
    [("max_mean", [2.0, 2, 8]), ("median", [2.0, 2, 5]), ("sum", [7.0, 4, 16])],
)
def test_rules_by_hand(rule: str, row: list[float]) -> None:
    values, genes, chosen, several = collapse(VALUES, IDS, NAMES, SAMPLES, rule)
    assert genes == ["A", "B"]
    assert_allclose(values, [row, [9, 9, 9]])
    assert chosen.tolist() == [3, 2]
    assert several == 1


def test_missing_values() -> None:
    values = np.array([[NAN, 10.0], [8.0, 7.0], [NAN, NAN]])
    ids = np.array(["A", "A", "B"], dtype=object)
    # A row measured once must not win by it: missing counts as the smallest value (7).
    kept, *_ = collapse(values, ids, ["p", "q", "r"], ["x", "y"], "max_mean")
    assert_array_equal(kept, [[NAN, 10], [NAN, NAN]])
    values[1, 0] = 11.0
    kept, *_ = collapse(values, ids, ["p", "q", "r"], ["x", "y"], "max_mean")
    assert_array_equal(kept, [[11, 7], [NAN, NAN]])
    assert_array_equal(collapse(values, ids, ["p", "q", "r"], ["x", "y"], "sum")[0][0], [11, 17])
    assert_array_equal(
        collapse(values, ids, ["p", "q", "r"], ["x", "y"], "median")[0][0], [11, 8.5]
    )


@pytest.mark.parametrize("names", [["p", "q", "r"], ["p", "p", "p"]])
def test_ties_do_not_depend_on_the_order(names: list[str], rng: np.random.Generator) -> None:
    values = np.array([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2], [0.2, 0.3, 0.1]])
    ids = np.array(["A", "A", "A"], dtype=object)
    first = collapse(values, ids, names, SAMPLES, "max_mean")[0][0]
    assert_array_equal(first, [0.1, 0.2, 0.3])  # by name, then by the values of sample x
    for _ in range(20):
        r, c = rng.permutation(3), rng.permutation(3)
        mixed, *_ = collapse(
            values[np.ix_(r, c)],
            ids,
            [names[i] for i in r],
            [SAMPLES[j] for j in c],
            "max_mean",
        )
        assert_array_equal(mixed[0][np.argsort(c)], first)


def test_description() -> None:
    left = {"without gene": 1234, "of several genes": 1}
    assert describe(22283, 12548, "probe", left, 4000, "max_mean") == (
        "22,283 probes -> 12,548 genes; 1,234 probes without gene left out; 1 probe of several "
        "genes left out; 4,000 genes had several probes: the row with the highest mean was kept "
        "(max_mean)"
    )
    assert describe(3, 3, "row", {"without gene": 0}, 0, "sum") == "3 rows -> 3 genes"


def test_rules_are_checked() -> None:
    with pytest.raises(DataError, match="allowed are max_mean, median, sum"):
        check_rule("first", "counts")
    with pytest.raises(DataError, match="must not be added"):
        check_rule("sum", "log")
    check_rule("sum", "linear")


def test_what_the_collapse_costs_is_said() -> None:
    index = ["TNF", "TNF", "IL6", "IL10 /// CCL2"]
    frame = pd.DataFrame({"a": [3.5, 7.5, 2.0, 9.0], "b": [4.5, 8.5, 2.5, 9.0]}, index=index)
    said = " ".join(load(frame).uns["mechanisms"]["notices"])
    assert (
        "1 gene of several rows: their rows differ by 4.0 (log2, median), by more than 1 in 1"
        in said
    )
    assert "2 genes of the collection lost, because only rows of several genes" in said
    assert "measure them: 'CCL2', 'IL10'" in said
