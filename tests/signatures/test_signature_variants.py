"""Strict, disjoint, and what rodents have: the ids stay, the genes and the hashes change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import mechanisms as mech
from mechanisms.errors import SignatureError
from mechanisms.score import coverage
from mechanisms.signatures import (
    described_changes,
    disjoint,
    for_species,
    read_signatures,
    strict,
    variant,
)

TEXT = """\
signatures:
- id: one
  genes:
    up: [TNF, IL6, CXCL8, CCL2, CXCL1]
    down: [ACAN, COL2A1, SOX9]
  strict_without: [CCL2, Ccl2]
  rodent:
    add_up: [Cxcl1, Ccl2]
    drop_up: [CXCL1, CCL2]
    drop_down: {mouse: [SOX9]}
    add_down: {mouse: [Chil3]}
    reason: families
- id: two
  genes: [TNF, IL6, CXCL8, MMP1, MMP3, MMP9]
balances:
- {id: balance, plus: ["one:down"], minus: [two]}
"""


@pytest.fixture
def pair(tmp_path):
    path = tmp_path / "pair.yaml"
    path.write_text(TEXT)
    return read_signatures(path)


def test_human_signatures_stay_as_they_are(pair):
    assert for_species(pair, "human") is pair


def test_rodent_edits_are_applied_by_species_and_once(pair):
    mouse, rat = for_species(pair, "mouse"), for_species(pair, "rat")
    assert mouse["one"].up == ("TNF", "IL6", "CXCL8", "Cxcl1", "Ccl2")
    assert mouse["one"].down == ("ACAN", "COL2A1", "Chil3")
    assert rat["one"].down == ("ACAN", "COL2A1", "SOX9")
    assert mouse["two"] == pair["two"]
    assert for_species(mouse, "mouse").hash == mouse.hash
    assert len({pair.hash, mouse.hash, rat.hash}) == 3
    assert mouse.balances == pair.balances


def test_strict_keeps_the_ids_and_follows_into_rodents(pair):
    assert strict(pair)["one"].up == ("TNF", "IL6", "CXCL8", "CXCL1")
    there = for_species(strict(pair), "mouse")["one"].up
    assert there == strict(for_species(pair, "mouse"))["one"].up
    assert there == ("TNF", "IL6", "CXCL8", "Cxcl1")
    assert strict(pair)["two"] == pair["two"]
    assert strict(pair)["one"].hash != pair["one"].hash
    assert strict(pair)["one"].weights == pair["one"].strict().weights


def test_disjoint_leaves_what_no_other_signature_has(pair):
    apart = disjoint(pair)
    assert (apart["one"].up, apart["one"].down) == (("CCL2", "CXCL1"), ("ACAN", "COL2A1", "SOX9"))
    assert apart["two"].up == ("MMP1", "MMP3", "MMP9")
    assert apart["one"].before == {"up": 5, "down": 3}
    genes = [g for s in disjoint(read_signatures("all")) for g in s.genes]
    assert len(genes) == len(set(genes))


def test_the_hash_of_a_variant_differs_exactly_when_genes_differ():
    whole = read_signatures("all")
    for mode in ("strict", "disjoint"):
        changed = variant(whole, mode)
        for s in whole:
            same = changed[s.id].weights == s.weights
            assert (changed[s.id].hash == s.hash) == same
    assert variant(whole, "full") is whole


def test_a_direction_that_shares_all_its_genes_is_not_measurable_with_the_reason():
    sets = {
        "a": {"up": ["G0", "G1", "G2"], "down": ["G3", "G4", "G5"]},
        "b": ["G0", "G1", "G2", "G6", "G7", "G8", "G9"],
        "c": ["G9", "G10", "G11"],
    }
    rng = np.random.default_rng(0)
    var = pd.DataFrame(index=[f"G{i}" for i in range(40)])
    adata = AnnData(rng.normal(size=(5, 40)), var=var)
    apart = disjoint(read_signatures(sets))
    table = coverage(adata, apart, species="human").set_index(["signature", "direction"])
    assert table.loc[("a", "up"), "reason"] == (
        "up: all its 3 genes are shared with other signatures"
    )
    assert table.loc[("a", "up"), ["n_genes", "n_found", "fraction"]].tolist() == [0, 0, 0.0]
    assert table.loc[("c", "up"), "reason"] == (
        "up: a direction needs at least 3 genes and this one has 2; 1 of its 3 genes are shared "
        "with other signatures"
    )
    assert table["measurable"].to_dict() == {
        ("a", "up"): False,
        ("a", "down"): True,
        ("b", "up"): True,
        ("c", "up"): False,
    }
    scores = mech.score(adata, apart, species="human")
    assert scores.isna().all().to_dict() == {"a": True, "b": False, "c": True}


def test_core_is_measurable_in_every_mode_where_all_genes_are_there(rng):
    core = read_signatures()
    var = pd.DataFrame(index=list(core.genes))
    adata = AnnData(rng.normal(size=(3, len(core.genes))), var=var)
    for mode in ("full", "strict", "disjoint"):
        assert coverage(adata, variant(core, mode))["measurable"].all(), mode


def test_scores_of_mouse_data_use_the_mouse_sets(rng):
    names = ["Tnf", "Il6", "Cxcl1", "Ccl2", "Acan", "Col2a1", "Chil3", "Nos2", "Arg1", "Gapdh"]
    adata = AnnData(rng.normal(size=(3, 10)), var=pd.DataFrame(index=names))
    table = coverage(adata, read_signatures("all"), species="mouse").set_index("signature")
    assert "NOS2" not in table.loc["macrophage_m1", "missing"]
    assert "MMP1" not in table.loc["matrix_mmp", "missing"].split(";")
    assert {"Retnla", "CD163"} <= {*table.loc["macrophage_m2", "missing"].split(";")}


def test_what_changed_is_said(pair):
    assert described_changes(pair, species="human", mode="full") == []
    mouse, strict_too = described_changes(pair, species="mouse", mode="strict")
    assert mouse == (
        "one has genes of its own in mouse: +Cxcl1, +Ccl2, +Chil3, -CCL2, -CXCL1, -SOX9 (families)"
    )
    assert strict_too.startswith("mode strict: 1 of 2 signatures are scored without the genes")
    (apart,) = described_changes(pair, species="human", mode="disjoint")
    assert apart.startswith("mode disjoint: 2 of 2 signatures are scored on the genes that they")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: variant(c, "strikt"), r"'strikt' is no mode.*did you mean 'strict'\?"),
        (lambda c: for_species(c, "mice"), r"'mice' is no species.*human, mouse, rat"),
    ],
)
def test_other_words_are_refused(pair, call, message):
    with pytest.raises(SignatureError, match=message):
        call(pair)


@pytest.mark.parametrize(
    ("rodent", "message"),
    [
        ("{add_up: [Nos2]}", r"rodent: the key 'reason' is missing"),
        ("{add: [Nos2], reason: x}", r"rodent: unknown key 'add'; did you mean 'add_up'\?"),
        (
            "{add_up: {mice: [Nos2]}, reason: x}",
            r"add_up: unknown key 'mice'.*Known keys: mouse, rat",
        ),
        ("{add_up: Nos2, reason: x}", r"rodent, add_up: genes are a list"),
        ("{drop_up: [CCL2], reason: x}", r"drop_up: 'CCL2' is no gene of the signature"),
        ("{add_up: [TNF], reason: x}", r"rodent, mouse: gene 'TNF' occurs twice"),
        ("[Nos2]", r"it is a mapping such as"),
    ],
)
def test_rodent_edits_that_cannot_be_meant_are_refused(tmp_path, rodent, message):
    path = tmp_path / "x.yaml"
    path.write_text(f"- id: x\n  genes: [TNF, IL6]\n  rodent: {rodent}\n")
    with pytest.raises(SignatureError, match=message):
        read_signatures(path)
