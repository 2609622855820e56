"""A diff in words, and the form of a new signature."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from mechanisms import genes
from mechanisms.errors import SignatureError
from mechanisms.signatures import Balance, Collection, Edit, Signature, read_signatures
from mechanisms.signatures.diff import WORDING, diff
from mechanisms.signatures.entries import LISTS, SIGNATURE_KEYS, TEXTS
from mechanisms.signatures.lint import lint
from mechanisms.signatures.skeleton import skeleton

ONE = Signature(id="one", up=("A", "B", "C"), down=("D", "E"), expected="up", grade="B")
BALANCE = Balance(id="balance", plus=("one:up",), minus=("one:down",))
OLD = Collection("old", (ONE,), (BALANCE,))


def told(**changes):
    return [(c.kind, c.text) for c in diff(OLD, Collection("new", (replace(ONE, **changes),)))][1:]


@pytest.mark.parametrize(
    ("changes", "kind", "text"),
    [
        ({"up": ("A", "B", "C", "X", "W")}, "genes", "one: W, X added to the up genes"),
        ({"up": ("A",)}, "genes", "one: B, C removed from the up genes"),
        ({"down": ("D",)}, "genes", "one: E removed from the down genes"),
        ({"up": ("A", "B"), "down": ("D", "E", "C")}, "genes", "one: C moved from up to down"),
        ({"expected": "none"}, "expected", "one: expected direction changed from up to none"),
        ({"grade": "C"}, "grade", "one: grade changed from B to C"),
        ({"role": "qc"}, "role", "one: role changed from mechanism to qc"),
        ({"tier": "extended"}, "tier", "one: tier changed from core to extended"),
        ({"strict_without": ("A", "B")}, "strict", "one: the strict variant drops also A, B"),
        ({"rodent": {"rat": Edit(add_up=("X",))}}, "rodent", "one: its genes in rodents changed"),
        ({"title": "x", "assay": "y"}, "wording", "one: wording changed: title, assay"),
    ],
)
def test_every_kind_of_change_is_said_in_words(changes, kind, text):
    assert told(**changes) == [(kind, text)]


def test_nothing_changed():
    assert diff(OLD, OLD) == []
    assert told(up=("C", "A", "B")) == []


def test_members_that_come_and_go():
    two = Signature(id="two", up=("A", "B"))
    other = Balance(id="balance", plus=("two",), minus=("one:down",))
    new = Collection("new", (ONE, two), (other,))
    assert [c.text for c in diff(OLD, new)] == [
        "signature two was added (2 up and 0 down genes)",
        "balance balance: plus changed from one:up to two",
    ]
    assert [c.text for c in diff(new, OLD)] == [
        "signature two was removed (2 up and 0 down genes)",
        "balance balance: plus changed from two to one:up",
    ]
    assert [c.text for c in diff(OLD, Collection("new", (ONE,)))] == ["balance balance was removed"]


def test_what_changes_the_hash_is_told_apart():
    hashing = {"genes", "expected", "added", "removed", "balance"}
    for changes in ({"up": ("A",)}, {"expected": "down"}, {"grade": "D"}, {"title": "x"}):
        new = replace(ONE, **changes)
        kinds = {c.kind for c in diff(Collection("o", (ONE,)), Collection("n", (new,)))}
        assert bool(kinds & hashing) == (new.hash != ONE.hash)


def test_no_text_of_a_file_is_left_out():
    assert {*TEXTS, *LISTS} <= {*WORDING}


# --- the form ---------------------------------------------------------------------------------

FORM = skeleton("matrix_mine", "matrix", taken=["matrix_mmp"], mechanisms=["matrix", "immune"])


def test_the_form_lints_but_for_what_must_be_filled_in(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(FORM)
    found = lint([path], spell=genes.spelling, in_rodent=genes.rodent_spelling).findings
    assert [(f.rule, f.message.partition(":")[0]) for f in found] == [
        ("missing-meaning", "it does not say title, high_means, rna_cannot_show, assay"),
        ("missing-evidence", "it has no evidence"),
        ("schema", "it has no genes. List at least one under 'genes', or delete the signature."),
    ]


def test_the_form_holds_every_field_and_a_comment_for_it():
    (entry,) = yaml.safe_load(FORM)["signatures"]
    rare = {"side", "strict_without", "strict_reason", "rodent", "near_duplicate_of"}
    assert set(entry) == set(SIGNATURE_KEYS) - rare
    assert (entry["id"], entry["mechanism"], entry["expected"]) == ("matrix_mine", "matrix", "none")
    assert FORM.count("  #") >= 10


@pytest.mark.parametrize(
    ("id", "mechanism", "message"),
    [
        ("Matrix-Mine", "matrix", r"'Matrix-Mine' is not lower-case"),
        ("matrix_mmp", "matrix", r"'matrix_mmp' is taken by the shipped.*signatures show"),
        ("mine", "matrx", r"'matrx' is not known; did you mean 'matrix'\?"),
        ("mine", "two words", r"a word of your own is lower-case"),
    ],
)
def test_ids_and_mechanisms_that_cannot_stand(id, mechanism, message):
    shipped = read_signatures("all")
    with pytest.raises(SignatureError, match=message):
        skeleton(id, mechanism, taken=shipped.ids, mechanisms=[s.mechanism for s in shipped])


def test_a_mechanism_of_ones_own_may_stand():
    assert "mechanism: innervation" in skeleton("a", "innervation", taken=[], mechanisms=["pain"])
