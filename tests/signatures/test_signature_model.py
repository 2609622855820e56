"""Signatures, balances and collections: what they hold, how they are hashed and chosen."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace

import pytest

from mechanisms.errors import SignatureError
from mechanisms.signatures import Balance, Collection, Signature, read_signatures

ONE = Signature(id="one", up=("A", "B"), down=("C",), expected="up", strict_without=("B",))
TWO = Signature(id="two", up=("C", "D"), role="covariate", tier="extended")
BALANCE = Balance(id="balance", plus=("one:up",), minus=("two",))
PAIR = Collection("pair", (ONE, TWO), (BALANCE,))


def test_weights_and_genes_follow_the_directions():
    assert ONE.weights == {"A": 1, "B": 1, "C": -1}
    assert ONE.genes == ("A", "B", "C")
    assert ONE.directions == {"up": ("A", "B"), "down": ("C",)}
    assert TWO.directions == {"up": ("C", "D")}


@pytest.mark.parametrize(
    "change",
    [
        {"up": ("B", "A")},
        {"title": "other words"},
        {"evidence": "x", "citations": ("PMID 1",), "grade": "A", "version": "9"},
        {"gene_notes": {"A": "note"}, "strict_without": ()},
        {"tier": "extended", "role": "qc"},
    ],
)
def test_order_and_wording_keep_the_hash(change):
    assert replace(ONE, **change).hash == ONE.hash


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"up": ("A",)},
        {"up": ("A", "B", "E")},
        {"up": ("A", "B", "C"), "down": ()},
        {"up": ("C",), "down": ("A", "B")},
        {"expected": "down"},
    ],
)
def test_id_genes_weights_and_expectation_change_the_hash(change):
    assert replace(ONE, **change).hash != ONE.hash


def test_the_hash_is_the_sha256_of_one_spelling():
    """Results quote it, so its spelling may not change: id, sorted weights, expectation."""
    spelled = b'["x",[["A",1],["B",1],["C",-1]],"none"]'
    signature = Signature(id="x", up=("B", "A"), down=("C",))
    assert signature.hash == hashlib.sha256(spelled).hexdigest()


def test_collection_hash_ignores_order_and_name_and_sees_balances():
    other = Collection("renamed", (TWO, ONE), (replace(BALANCE, title="words"),))
    assert other.hash == PAIR.hash
    assert Collection("pair", (ONE, TWO)).hash != PAIR.hash
    flipped = replace(BALANCE, plus=("two",), minus=("one:up",))
    assert Collection("pair", (ONE, TWO), (flipped,)).hash != PAIR.hash


def test_collection_is_a_container_of_signatures():
    assert PAIR.ids == ("one", "two")
    assert list(PAIR) == [ONE, TWO]
    assert len(PAIR) == 2
    assert "one" in PAIR
    assert "balance" not in PAIR
    assert PAIR["two"] is TWO
    assert PAIR.balance("balance") is BALANCE
    assert PAIR.genes == ("A", "B", "C", "D")
    assert BALANCE.signature_ids == ("one", "two")


def test_select_keeps_balances_whose_members_remain():
    assert PAIR.select().balances == (BALANCE,)
    assert PAIR.select(ids=["one"]).ids == ("one",)
    assert PAIR.select(ids=["one"]).balances == ()
    assert PAIR.select(tiers=["core"]).ids == ("one",)
    assert PAIR.select(roles="covariate").ids == ("two",)
    assert PAIR.panel().ids == ("two",)
    assert PAIR.panel("qc").ids == ()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: PAIR["onee"], r"no signature 'onee'; did you mean 'one'\?.*signatures list"),
        (lambda: PAIR["zebra"], r"no signature 'zebra'\. List"),
        (lambda: PAIR.balance("balanse"), r"no balance 'balanse'; did you mean 'balance'\?"),
        (lambda: PAIR.select(ids=["tvo"]), r"no signature 'tvo'; did you mean 'two'\?"),
        (lambda: PAIR.select(tiers=["cor"]), r"'cor' is no tier.*'core'.*Allowed: core, extended"),
        (lambda: PAIR.select(roles=["covariat"]), r"'covariat' is no role.*'covariate'"),
        (lambda: TWO.strict(), r"'two' has no strict variant"),
        (lambda: Collection("x", (ONE, ONE)), r"the id 'one' occurs twice"),
        (
            lambda: Collection("x", (ONE,), (BALANCE,)),
            r"balance 'balance' names 'two', which is no signature of it",
        ),
        (
            lambda: Collection("x", (ONE, TWO), (replace(BALANCE, plus=("two:down",)),)),
            r"'two:down', but 'two' has no down genes",
        ),
    ],
)
def test_refusals_name_the_nearest(ask, message):
    with pytest.raises(SignatureError, match=message):
        ask()


def test_strict_variant_drops_its_genes_and_is_another_id():
    strict = ONE.strict()
    assert (strict.id, strict.up, strict.down) == ("one_strict", ("A",), ("C",))
    assert strict.hash != ONE.hash


def test_members_survive_pickling_and_hashing():
    """Workers of dask and joblib receive collections; sets of signatures are handy."""
    whole = read_signatures("all")
    assert pickle.loads(pickle.dumps(whole)).hash == whole.hash
    assert len({*whole.signatures, *whole.balances}) == 68
