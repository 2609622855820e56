"""The claim: every class of the table, its boundaries, its order, and what is missing."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mechanisms import vocabulary as words
from mechanisms.challenge import Evidence, classify, classify_balance


def evidence(**changes: object) -> Evidence:
    """What is well supported, changed by keywords."""
    usual: dict[str, object] = {
        "measurable": True,
        "level": "tested",
        "expected": "up",
        "raw": 2.0,
        "adjusted": 1.8,
        "q_raw": 0.001,
        "p_adjusted": 0.002,
        "q": 0.01,
        "group_r2": 0.3,
    }
    return Evidence(**{**usual, **changes})  # type: ignore[arg-type]


CELLS = {"unadjusted": "purified cells", "adjusted": nan, "p_adjusted": nan, "group_r2": nan}
IN_CELLS = "supported (unadjusted: purified cells)"
SMALL = {"q": 0.4, "q_raw": 0.4, "p_adjusted": 0.3}

TABLE = [
    # 1 not measurable
    ({"measurable": False}, words.NOT_MEASURABLE),
    ({"raw": nan, "adjusted": nan, "q_raw": nan, "q": nan}, words.NOT_MEASURABLE),
    ({"measurable": False, "level": "descriptive"}, words.NOT_MEASURABLE),
    # 2 descriptive
    ({"level": "descriptive"}, words.DESCRIPTIVE),
    ({"level": "describe", "q_raw": nan, "q": nan}, words.DESCRIPTIVE),
    ({"level": "refuse"}, words.DESCRIPTIVE),
    ({"level": "descriptive", "group_r2": 0.99}, words.DESCRIPTIVE),
    # 3 the components tell the groups apart
    ({"group_r2": 0.81}, words.NOT_SEPARABLE),
    ({"group_r2": 0.8}, words.SUPPORTED),
    ({"group_r2": 0.95, "q_raw": 0.05}, words.NOT_SEPARABLE),
    ({"group_r2": 0.95, "q_raw": 0.051, "q": 0.06}, words.SUGGESTIVE),
    ({"group_r2": 0.95, **SMALL}, words.NO_EVIDENCE),
    ({"group_r2": 0.95, "one_gene": True, "within_random": True}, words.NOT_SEPARABLE),
    # composition applies and could not be adjusted for
    ({"adjusted": nan, "p_adjusted": nan, "group_r2": nan}, words.NOT_SEPARABLE),
    ({"adjusted": nan, "p_adjusted": nan, "group_r2": nan, **SMALL}, words.NO_EVIDENCE),
    # the sign turns when adjusted
    ({"adjusted": -1.5}, words.NOT_SEPARABLE),
    ({"adjusted": 0.0}, words.NOT_SEPARABLE),
    # 4 and 5 the gates, in this order, and only where something would be supported
    ({"one_gene": True}, words.ONE_GENE),
    ({"one_gene": True, "within_random": True}, words.ONE_GENE),
    ({"within_random": True}, words.NOT_BEYOND_RANDOM),
    ({"one_gene": False, "within_random": False}, words.SUPPORTED),
    ({"one_gene": True, "within_random": True, **SMALL}, words.NO_EVIDENCE),
    # 6 supported, either way
    ({}, words.SUPPORTED),
    ({"q": 0.05}, words.SUPPORTED),
    ({"expected": "none"}, words.SUPPORTED),
    ({"expected": "none", "raw": -2.0, "adjusted": -1.5}, words.SUPPORTED),
    ({"expected": "down"}, words.SUPPORTED_OPPOSITE),
    ({"expected": "down", "raw": -2.0, "adjusted": -1.5}, words.SUPPORTED),
    ({"expected": "up", "raw": -2.0, "adjusted": -1.5}, words.SUPPORTED_OPPOSITE),
    # 7 explained by composition: at least half of the effect gone
    ({"q": 0.3, "p_adjusted": 0.2, "adjusted": 1.0}, words.EXPLAINED),
    ({"q": 0.3, "p_adjusted": 0.05, "adjusted": 0.2}, words.EXPLAINED),
    ({"q": 0.3, "p_adjusted": 0.2, "adjusted": -0.4}, words.EXPLAINED),
    ({"q": 0.3, "p_adjusted": 0.2, "raw": -2.0, "adjusted": -1.0}, words.EXPLAINED),
    ({"q": 0.08, "p_adjusted": 0.06, "adjusted": 0.6}, words.EXPLAINED),
    # 8 less than half gone
    ({"q": 0.3, "p_adjusted": 0.2, "adjusted": 1.01}, words.NOT_SEPARABLE),
    ({"q": 0.3, "p_adjusted": 0.2, "adjusted": 2.5}, words.NOT_SEPARABLE),
    ({"q": 0.3, "p_adjusted": 0.2, "raw": -2.0, "adjusted": -1.9}, words.NOT_SEPARABLE),
    # 9 suggestive
    ({"q_raw": 0.06, "q": 0.051}, words.SUGGESTIVE),
    ({"q_raw": 0.06, "q": 0.10}, words.SUGGESTIVE),
    ({"q_raw": 0.03, "q": 0.07, "p_adjusted": 0.04}, words.SUGGESTIVE),
    # differs raw, is nominally there adjusted, does not survive the family
    ({"q_raw": 0.03, "q": 0.11, "p_adjusted": 0.04}, words.NOT_SEPARABLE),
    # 10 no evidence
    ({"q_raw": 0.06, "q": 0.101}, words.NO_EVIDENCE),
    (SMALL, words.NO_EVIDENCE),
    ({"q_raw": nan, "q": nan, "p_adjusted": nan}, words.NO_EVIDENCE),
    # where composition does not apply, the raw p is all there is
    (CELLS, IN_CELLS),
    ({**CELLS, "expected": "down"}, "supported, opposite direction (unadjusted: purified cells)"),
    ({**CELLS, "one_gene": True}, words.ONE_GENE),
    ({**CELLS, "within_random": True}, words.NOT_BEYOND_RANDOM),
    ({**CELLS, "q": 0.07, "q_raw": 0.07}, words.SUGGESTIVE),
    ({**CELLS, "q": 0.7, "q_raw": 0.7}, words.NO_EVIDENCE),
    ({**CELLS, "level": "descriptive"}, words.DESCRIPTIVE),
    ({**CELLS, "unadjusted": "sorted cells, as the study says"},
     "supported (unadjusted: sorted cells, as the study says)"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "claim"), TABLE)
def test_claims(changes: dict[str, object], claim: str) -> None:
    assert classify(evidence(**changes)) == claim


def test_the_table_holds_every_class() -> None:
    classes = {claim.partition(" (unadjusted")[0] for _, claim in TABLE}
    assert classes == set(words.CLAIMS) - {words.ONE_SIDE}


NUMBERS = st.one_of(st.floats(0, 1), st.just(nan))
EFFECTS = st.one_of(st.floats(-5, 5), st.just(nan))


@given(
    raw=EFFECTS, adjusted=EFFECTS, q_raw=NUMBERS, p_adjusted=NUMBERS, q=NUMBERS, r2=NUMBERS,
    unadjusted=st.sampled_from(["", "purified cells"]),
    expected=st.sampled_from(words.EXPECTED),
    gates=st.tuples(st.sampled_from([None, True, False]), st.sampled_from([None, True, False])),
)  # fmt: skip
def test_supported_needs_everything(
    raw: float, adjusted: float, q_raw: float, p_adjusted: float, q: float, r2: float,
    unadjusted: str, expected: str, gates: tuple[bool | None, bool | None],
) -> None:  # fmt: skip
    e = evidence(
        raw=raw, adjusted=adjusted, q_raw=q_raw, p_adjusted=p_adjusted, q=q, group_r2=r2,
        unadjusted=unadjusted, expected=expected, one_gene=gates[0], within_random=gates[1],
    )  # fmt: skip
    claim = classify(e)
    assert claim.partition(" (unadjusted")[0] in words.CLAIMS
    if claim.startswith(words.SUPPORTED):
        assert q <= 0.05
        assert True not in gates
        if not unadjusted:
            assert raw * adjusted > 0
        turned = {"up": "down", "down": "up", "none": "none"}[expected]
        mirrored = evidence(
            raw=-raw, adjusted=-adjusted, q_raw=q_raw, p_adjusted=p_adjusted, q=q, group_r2=r2,
            unadjusted=unadjusted, expected=turned,
        )  # fmt: skip
        assert classify(mirrored) == claim
    if unadjusted:
        assert claim not in (words.EXPLAINED, words.NOT_SEPARABLE)


@pytest.mark.parametrize(
    ("own", "plus", "minus", "raw", "claim"),
    [
        (words.SUPPORTED, 1.2, -1.1, 1.5, words.SUPPORTED),
        (words.SUPPORTED, -1.2, 1.1, -1.5, words.SUPPORTED),
        (words.SUPPORTED, 1.2, 0.0, 1.5, words.ONE_SIDE),
        (words.SUPPORTED, 0.0, -1.2, 1.5, words.ONE_SIDE),
        (words.SUPPORTED, 0.0, 0.0, 1.5, words.ONE_SIDE),
        (words.SUPPORTED, 2.0, 1.0, 1.5, words.ONE_SIDE),  # both up: not apart
        (words.SUPPORTED, -1.0, -2.0, 1.5, words.ONE_SIDE),
        (words.SUPPORTED, nan, -2.0, 1.5, words.ONE_SIDE),
        (IN_CELLS, 1.0, -1.0, 2.0, IN_CELLS),
        (IN_CELLS, 1.0, 0.0, 2.0, words.ONE_SIDE),
        (words.NO_EVIDENCE, 2.0, 0.0, 0.5, words.NO_EVIDENCE),
        (words.SUGGESTIVE, 2.0, 0.0, 0.5, words.SUGGESTIVE),
        (words.EXPLAINED, 2.0, 0.0, 0.5, words.EXPLAINED),
        (words.DESCRIPTIVE, inf, -inf, 1.0, words.DESCRIPTIVE),
    ],
)  # fmt: skip
def test_balances_claim_only_when_both_sides_move_apart(
    own: str, plus: float, minus: float, raw: float, claim: str
) -> None:
    assert classify_balance(own, plus, minus, raw) == claim
