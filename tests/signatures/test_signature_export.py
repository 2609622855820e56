"""Signatures for other tools, and how much they overlap."""

from __future__ import annotations

import pytest

from mechanisms.signatures import (
    Collection,
    Signature,
    overlap,
    read_signatures,
    shared_genes,
    to_dict,
    to_frame,
    to_gmt,
)

PAIR = Collection(
    "pair",
    (
        Signature(id="one", title="First set", up=("A", "B"), down=("C",), mechanism="matrix"),
        Signature(id="two", up=("C", "D", "E")),
        Signature(id="three", up=("X",)),
    ),
)


def test_gmt_gives_each_direction_a_line(tmp_path):
    told = "expected=none;grade=D;role=mechanism;tier=core;mechanism="
    text = (
        f"one_UP\tFirst set {{mechanisms:id=one;direction=up;{told}matrix}}\tA\tB\n"
        f"one_DN\tFirst set {{mechanisms:id=one;direction=down;{told}matrix}}\tC\n"
        f"two\t{{mechanisms:id=two;direction=up;{told}user}}\tC\tD\tE\n"
        f"three\t{{mechanisms:id=three;direction=up;{told}user}}\tX\n"
    )
    assert to_gmt(PAIR, tmp_path / "pair.gmt") == text
    assert (tmp_path / "pair.gmt").read_bytes() == text.encode()


def test_dict_for_gseapy():
    assert to_dict(PAIR) == {
        "one_UP": ["A", "B"],
        "one_DN": ["C"],
        "two": ["C", "D", "E"],
        "three": ["X"],
    }


def test_frame_has_one_row_a_gene():
    frame = to_frame(PAIR)
    assert list(frame) == [
        "signature",
        "gene",
        "weight",
        "mechanism",
        "role",
        "tier",
        "expected",
        "grade",
    ]
    assert frame.loc[2].tolist() == ["one", "C", -1, "matrix", "mechanism", "core", "none", "D"]
    assert frame["weight"].tolist() == [1, 1, -1, 1, 1, 1, 1]
    assert len(to_frame(read_signatures("all"))) == sum(
        len(s.genes) for s in read_signatures("all")
    )


def test_frame_of_nothing_keeps_its_columns():
    assert list(to_frame(Collection("none", ()))) == list(to_frame(PAIR))


def test_jaccard_by_hand():
    (row,) = overlap(PAIR).to_dict("records")
    assert row == {
        "signature": "one",
        "other": "two",
        "n_genes": 3,
        "n_other": 3,
        "n_shared": 1,
        "jaccard": pytest.approx(1 / 5),
        "n_opposite": 1,
        "shared": "C",
    }


def test_overlap_with_another_collection():
    other = read_signatures({"whole": ["A", "B", "C"], "away": ["Z"]})
    found = overlap(PAIR, other)
    assert found[["signature", "other", "jaccard"]].values.tolist() == [
        ["one", "whole", 1.0],
        ["two", "whole", 1 / 5],
    ]


def test_genes_in_several_signatures():
    assert shared_genes(PAIR).values.tolist() == [["C", 2, "one;two"]]
    widespread = shared_genes(read_signatures("all"))
    assert widespread["n_signatures"].is_monotonic_decreasing
    assert (widespread["n_signatures"] > 1).all()


@pytest.mark.data
def test_nothing_in_the_collection_copies_a_hallmark(data_dir):
    """The sets were curated, not taken over: no Hallmark shares a quarter of one."""
    hallmarks = read_signatures(
        data_dir.parent / "reference" / "gene_sets" / "h.all.v2023.1.Hs.symbols.gmt"
    )
    found = overlap(read_signatures("all"), hallmarks)
    assert found["jaccard"].max() < 0.25
    best = found.drop_duplicates("signature").set_index("signature")
    assert best.loc["interferon_sting", "other"] == "HALLMARK_INTERFERON_ALPHA_RESPONSE"
    assert best.loc["interferon_sting", "jaccard"] == pytest.approx(0.152, abs=5e-4)
