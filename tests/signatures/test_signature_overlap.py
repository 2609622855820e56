"""Overlap: private genes, best matches, independent genes, and the picture."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanisms.errors import SignatureError
from mechanisms.signatures import (
    best_match,
    effective_number,
    private_genes,
    read_signatures,
)
from mechanisms.signatures.online import online_library
from mechanisms.signatures.picture import save_overlap

SETS = read_signatures({"a": ["G1", "G2", "G3"], "b": ["G3", "G4"], "c": ["G9"]})


def test_private_genes_by_hand():
    assert private_genes(SETS).values.tolist() == [
        ["a", 3, 2, "G1;G2"],
        ["b", 2, 1, "G4"],
        ["c", 1, 1, "G9"],
    ]


def test_best_match_by_hand():
    other = read_signatures({"near": ["G1", "G2"], "far": ["G3", "G5", "G6", "G7"]})
    found = best_match(SETS, other)
    assert found[["signature", "other", "n_shared", "shared"]].values.tolist() == [
        ["a", "near", 2, "G1;G2"],
        ["b", "far", 1, "G3"],
        ["c", "", 0, ""],
    ]
    assert_allclose(found["jaccard"], [2 / 3, 1 / 5, 0])
    assert found["n_genes"].tolist() == [3, 2, 1]


def test_uncorrelated_genes_count_each_and_equal_genes_count_once():
    orthogonal = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)
    assert effective_number(orthogonal) == pytest.approx(3)
    one = np.arange(6.0)[:, None]
    assert effective_number(np.hstack([one, 2 * one + 1, -one])) == pytest.approx(1)


def test_two_genes_of_a_known_correlation(rng):
    x = rng.normal(size=(50, 2))
    r = np.corrcoef(x.T)[0, 1]
    assert effective_number(x) == pytest.approx(4 / (2 + 2 * r**2))


def test_it_is_the_participation_ratio_of_the_eigenvalues(rng):
    x = rng.normal(size=(12, 30)) @ rng.normal(size=(30, 30))
    roots = np.linalg.eigvalsh(np.corrcoef(x.T))
    assert effective_number(x) == pytest.approx(roots.sum() ** 2 / (roots**2).sum())
    assert effective_number(x) <= 11


def test_genes_with_gaps_or_without_variance_are_left_out(rng):
    x = rng.normal(size=(20, 3))
    y = np.column_stack([x, np.full(20, 7.0), np.r_[np.nan, np.zeros(19)]])
    assert effective_number(y) == pytest.approx(effective_number(x))
    assert np.isnan(effective_number(y[:, 3:]))
    assert np.isnan(effective_number(x[:2]))


def test_the_picture_is_the_same_twice(tmp_path):
    ids = ("ferroptosis_suppressor", "oxidative_nrf2", "ferroptosis_driver", "contamination_blood")
    few = read_signatures().select(ids=ids)
    for name in ("a.svg", "b.svg"):
        save_overlap(few, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    text = (tmp_path / "a.svg").read_text()
    assert ">ferroptosis_suppressor<" in text
    assert ">contamination_blood<" not in text
    assert "signatures that share no gene: 1" in text


def test_pictures_of_other_kinds_are_refused(tmp_path):
    with pytest.raises(SignatureError, match=r"'.jpeg'\. Allowed: .svg, .png, .pdf"):
        save_overlap(SETS, tmp_path / "a.jpeg")


@pytest.fixture
def enrichr(monkeypatch):
    """gseapy as it would answer, without its import and the network."""

    def put(answer):
        def get_library(name, organism):
            if isinstance(answer, Exception):
                raise answer
            return answer

        fake = types.SimpleNamespace(get_library=get_library)
        monkeypatch.setitem(sys.modules, "gseapy", fake)

    return put


def test_a_library_that_was_asked_for(enrichr):
    enrichr({"Hypoxia": ["VEGFA", "CA9", "VEGFA"], "Other set (GO:1)": ["TNF"]})
    library = online_library("Mine")
    assert library.name == "Mine"
    assert library["Hypoxia"].up == ("VEGFA", "CA9")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ConnectionError("no route\nto host"), r"ConnectionError: no route to host.*--with FILE"),
        ({}, r"came back empty"),
    ],
)
def test_without_a_network_it_says_so(enrichr, answer, message):
    enrichr(answer)
    with pytest.raises(SignatureError, match=message):
        online_library("MSigDB_Hallmark_2020")
