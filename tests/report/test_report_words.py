"""Each claim class and level has its sentence; the verdict says what is supported, and what not."""

from __future__ import annotations

from typing import Any

import pytest

from mechanisms import vocabulary as v
from mechanisms.report import values
from mechanisms.report.verdict import GRADE_MEANS, LABEL_LIMITS, counts, planted, verdict
from mechanisms.report.words import claim_class, claim_detail, sentence


def row(claim: str, estimate: float = 1.8, **more: Any) -> dict[str, Any]:
    return {
        "estimate": estimate, "ci_low": estimate - 0.8, "ci_high": estimate + 0.8,
        "effect_type": "hedges_g", "p_value": 0.0012, "fdr": 0.004, "claim": claim, "note": "",
        "direction_expected": "up",
    } | more  # fmt: skip


NAN = float("nan")
AFTER = row("", 0.2)
CASES = [
    (
        row(v.EXPLAINED),
        AFTER,
        "X is higher in resorbing (g 1.80, 1.00 to 2.60), but no evidence remains after adjusting "
        "for cell composition (g 0.20, −0.60 to 1.00): nothing beyond the number of cells, which "
        "may itself be the way to resorption.",
    ),
    (
        row(v.SUPPORTED),
        row("", 1.7),
        "X is higher in resorbing (g 1.80, 1.00 to 2.60; q = 0.004 before adjusting), as expected, "
        "and a change of cells does not explain it: after adjusting for cell composition it is "
        "g 1.70, 0.90 to 2.50. How it comes about is still a hypothesis.",
    ),
    (
        row(v.SUPPORTED_OPPOSITE, -1.8),
        row("", -1.7),
        "X is lower in resorbing (g −1.80, −2.60 to −1.00; q = 0.004 before adjusting), against "
        "the expected direction, and a change of cells does not explain it: after adjusting for "
        "cell composition it is g −1.70, −2.50 to −0.90. How it comes about is still a hypothesis.",
    ),
    (
        row("supported (unadjusted: purified cells)", direction_expected="none"),
        None,
        "X is higher in resorbing (g 1.80, 1.00 to 2.60; q = 0.004 before adjusting); no direction "
        "was expected. It is not adjusted for cell composition: purified cells.",
    ),
    (
        row(v.NOT_SEPARABLE),
        row("", 1.2),
        "X is higher in resorbing (g 1.80, 1.00 to 2.60; q = 0.004 before adjusting), but these "
        "data cannot tell regulation from a change of cells; after adjusting for cell composition "
        "it is g 1.20, 0.40 to 2.00.",
    ),
    (
        row(v.ONE_GENE),
        AFTER,
        "X is higher in resorbing (g 1.80, 1.00 to 2.60), but one gene carries it: without that "
        "gene nothing remains. Read it as that gene, not as the mechanism.",
    ),
    (
        row(v.NOT_BEYOND_RANDOM),
        AFTER,
        "X is higher in resorbing (g 1.80, 1.00 to 2.60), but no more than random sets of genes of "
        "the same size and expression: it is not evidence of this mechanism.",
    ),
    (
        row(v.SUGGESTIVE),
        row("", 1.7),
        "X is higher in resorbing (g 1.80, 1.00 to 2.60; after adjusting for cell composition it "
        "is g 1.70, 0.90 to 2.50): suggestive only, between 5 and 10 % false discovery rate; a new "
        "cohort has to decide.",
    ),
    (
        row(v.NO_EVIDENCE, 0.1),
        AFTER,
        "There is no evidence that X differs (g 0.10); differences from −0.70 to 0.90 fit these "
        "data.",
    ),
    (
        row(v.DESCRIPTIVE, fdr=NAN),
        AFTER,
        "X is higher in resorbing in these samples (g 1.80, 1.00 to 2.60; p = 0.001); after "
        "adjusting for cell composition it is g 0.20, −0.60 to 1.00. No claim is made from so "
        "small or so unsure a comparison.",
    ),
    (
        row(v.DESCRIPTIVE, p_value=NAN),
        None,
        "X is higher in resorbing in these samples (g 1.80, 1.00 to 2.60); there is no estimate "
        "adjusted for cell composition. No claim is made from so small or so unsure a comparison.",
    ),
    (
        row(v.NOT_MEASURABLE, NAN, note="6 of 12 genes found, 8 required."),
        None,
        "X could not be measured: too few of its genes are in the data: 6 of 12 genes found, 8 "
        "required.",
    ),
    (
        row(v.ONE_SIDE),
        None,
        "X is higher in resorbing (g 1.80, 1.00 to 2.60), but only one of its sides moves: read "
        "the sides, not the balance.",
    ),
    (
        row(""),
        None,
        "X is higher in resorbing (g 1.80, 1.00 to 2.60; p = 0.001); no claim rests on this row.",
    ),
    (row("", NAN, note="constant score"), None, "X has no estimate: constant score."),
    (
        row("", 0.001),
        None,
        "X is the same in both groups (g 0.00, −0.80 to 0.80; p = 0.001); no claim rests on this "
        "row.",
    ),
]


@pytest.mark.parametrize(("raw", "adjusted", "text"), CASES)
def test_each_claim_has_its_sentence(raw: Any, adjusted: Any, text: str) -> None:
    assert sentence(raw, adjusted, title="X", target="resorbing") == text


def test_no_claim_of_the_vocabulary_is_without_a_sentence() -> None:
    assert {claim_class(raw["claim"]) for raw, _, _ in CASES} - {""} == set(v.CLAIMS)


def test_a_claim_is_read_without_its_brackets() -> None:
    text = "supported, opposite direction (unadjusted: purified cells)"
    assert claim_class(text) == v.SUPPORTED_OPPOSITE
    assert claim_detail(text) == "unadjusted: purified cells"
    assert claim_class(NAN) == claim_class("anything else") == ""


DESIGN = {
    "target": "resorbing", "reference": "non_resorbing", "level": "tested", "level_text": "",
}  # fmt: skip


def test_the_verdict_names_the_supported_first_and_counts_the_rest() -> None:
    claims = [
        ("Quiet", v.NO_EVIDENCE, "up"),
        ("Enzymes (MMPs): a long story", v.SUPPORTED, "up"),
        ("Inhibitors", v.SUPPORTED_OPPOSITE, "up"),
        ("M1", v.EXPLAINED, "up"),
        ("M2", v.EXPLAINED, "up"),
        ("NF-kB", v.NOT_SEPARABLE, "up"),
        ("Lost", v.NOT_MEASURABLE, ""),
    ]
    assert verdict(claims, DESIGN) == (
        "Of 7 mechanism signatures, 2 separate resorbing from non-resorbing beyond a change of "
        "cells: Enzymes (higher) and Inhibitors (higher, against the expected direction); 2 differ "
        "but are explained by cell composition (M1 and M2); 1 cannot be separated from cell "
        "composition (NF-kB); for 1 there is no evidence of a difference; 1 could not be measured."
    )


@pytest.mark.parametrize(
    ("claims", "design", "text"),
    [
        (
            [("A", v.NO_EVIDENCE, "up"), ("B", v.SUGGESTIVE, "down")],
            {},
            "Of 2 mechanism signatures, none is shown to separate resorbing from non-resorbing "
            "beyond a change of cells; 1 is only suggestive (B); for 1 there is no evidence of a "
            "difference.",
        ),
        (
            [("M1", "supported (unadjusted: purified cells)", "up")],
            {},
            "Of 1 mechanism signature, 1 separates resorbing from non-resorbing (not adjusted for "
            "composition): M1 (higher).",
        ),
        (
            [("A", v.DESCRIPTIVE, "up")],
            {"level": "descriptive", "level_text": "There are only 3 donors in a group."},
            "No claim is made about resorbing against non-resorbing: there are only 3 donors in a "
            "group; the estimates and p-values below describe these samples only.",
        ),
        (
            [("A", v.DESCRIPTIVE, "up")],
            {"level": "describe", "level_text": "RNA of unknown donors."},
            "No claim is made about resorbing against non-resorbing: RNA of unknown donors; the "
            "estimates below describe these samples only.",
        ),
        (
            [],
            {},
            "No mechanism could be compared between resorbing and non-resorbing.",
        ),
    ],
)
def test_the_verdict_of_each_level(claims: Any, design: dict[str, Any], text: str) -> None:
    assert verdict(claims, DESIGN | design) == text


def test_many_supported_signatures_are_cut_short() -> None:
    claims = [(f"S{i}", v.SUPPORTED, "down") for i in range(9)]
    assert verdict(claims, DESIGN).endswith("S5 (lower) and 3 more.")


def test_counts_follow_the_vocabulary() -> None:
    found = counts([v.NO_EVIDENCE, v.SUPPORTED, v.NO_EVIDENCE, "", None])
    assert found == {v.SUPPORTED: 1, v.NO_EVIDENCE: 2}


@pytest.mark.parametrize(
    ("truth", "claim", "met"),
    [
        ("regulated", v.SUPPORTED, "found"),
        ("regulated", v.NO_EVIDENCE, "missed"),
        ("composition", v.EXPLAINED, "named as composition"),
        ("composition", v.NOT_SEPARABLE, "named as composition"),
        ("composition", v.NO_EVIDENCE, "no claim"),
        ("composition", v.SUPPORTED, "false claim"),
        ("null", v.SUPPORTED_OPPOSITE, "false claim"),
        ("null", v.NO_EVIDENCE, "no claim, rightly"),
        ("shares genes", v.SUPPORTED, "follows the shared genes"),
        ("shares genes", v.NO_EVIDENCE, "no claim"),
    ],
)
def test_a_claim_meets_the_planted_truth(truth: str, claim: str, met: str) -> None:
    assert planted(truth, claim) == met


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04996, "0.050"), (0.00049, "0.0005"), (0.00001, "<0.0001"), (0.0, "<0.0001"),
        (1.0, "1.000"), (0.9999, ">0.999"), (NAN, "NA"), (None, "NA"),
    ],
)  # fmt: skip
def test_probabilities_are_never_zero(value: Any, text: str) -> None:
    assert values.probability(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.001, "0.00"),
        (-1.005, "−1.00"),
        (1234.5, "1234"),
        (NAN, "NA"),
        (float("-inf"), "minus infinite"),
    ],
)
def test_numbers_have_a_true_minus_and_no_negative_zero(value: float, text: str) -> None:
    assert values.number(value) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Efferocytosis: engulfment (up) against signals (down)", "Efferocytosis"),
        ("Classically activated (IFN-g/LPS) macrophage", "Classically activated macrophage"),
        ("(only brackets)", "(only brackets)"),
        ("a" * 90, "a" * 59 + "…"),
        ("one, two " * 9, "one, two one, two one, two one, two one, two one, two one…"),
    ],
)
def test_titles_are_shortened_for_lists(text: str, short: str) -> None:
    assert values.brief(text) == short


def test_labels_become_words() -> None:
    assert values.plain("non_resorbing") == "non-resorbing"
    assert values.plain("nucleus_pulposus") == "nucleus pulposus"
    assert values.sentence("rna is not protein") == "Rna is not protein."


def test_every_label_basis_says_what_it_cannot_show() -> None:
    assert set(LABEL_LIMITS) == set(v.LABEL_BASES)
    assert set(GRADE_MEANS) == set(v.GRADES)
