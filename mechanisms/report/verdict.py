"""What the first screen says in words: the verdict, and what each choice can and cannot show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mechanisms import vocabulary as v
from mechanisms.report.values import brief, listed, plain
from mechanisms.report.words import claim_class, claim_detail

Row = Mapping[str, Any]

# What each way of knowing the outcome cannot show.
LABEL_LIMITS = {
    "mri_followup": "Follow-up MRI shows the outcome itself. Tissue that surgery removed cannot be "
    "followed, so what was sampled and what was followed have to be the same lesion.",
    "mri_preop_interval": "It is the herniation's own change, but herniations that come to surgery "
    "are a selected few, and the interval is short.",
    "herniation_type": "No resorption was observed. Extruded and sequestered tissue holds more "
    "macrophages, vessels and blood, so this is largely a contrast of cells.",
    "containment": "No resorption was observed. Uncontained tissue meets blood and macrophages, so "
    "this is largely a contrast of cells.",
    "rim_enhancement": "No resorption was observed. Enhancement measures vessels: signatures of "
    "vessels follow it by definition.",
    "histology": "No resorption was observed. The label was read from the same tissue: signatures "
    "of the cells that define it are circular.",
    "clinical_recovery": "Symptoms can go without resorption, and stay in spite of it.",
    "animal_time_course": "Time after injury in an animal is not an outcome of patients.",
    "disease_state": "A diagnosis is not resorption: the contrast says what differs with disease.",
    "in_vitro": "Treated cells show what cells can do, not what happens in a herniation.",
    "simulated": "The truth was planted, so the claims can be checked against it; it says nothing "
    "about patients.",
    "other": "Whether it shows resorption is for the reader to judge.",
}
GRADE_MEANS = {
    "A": "functional evidence in herniation, or direct human evidence of resorption",
    "B": "human association in herniated discs",
    "C": "disc degeneration or general biology, extrapolated",
    "D": "hypothesis only",
}


def counts(claims: Sequence[Any]) -> dict[str, int]:
    """Return how often each class occurs, in the order of the vocabulary, zeros left out."""
    classes = [claim_class(c) for c in claims]
    return {name: classes.count(name) for name in v.CLAIMS if name in classes}


_VERDICT_PARTS = (
    (v.EXPLAINED, "{n} differ{s} but {is_are} explained by cell composition ({names})"),
    (v.NOT_SEPARABLE, "{n} cannot be separated from cell composition ({names})"),
    (v.ONE_GENE, "{n} rest{s} on one gene ({names})"),
    (v.NOT_BEYOND_RANDOM, "{n} differ{s} no more than random sets do ({names})"),
    (v.SUGGESTIVE, "{n} {is_are} only suggestive ({names})"),
    (v.NO_EVIDENCE, "for {n} there is no evidence of a difference"),
    (v.NOT_MEASURABLE, "{n} could not be measured"),
    (v.DESCRIPTIVE, "{n} {is_are} described without a claim"),
)


def verdict(claims: Sequence[tuple[str, str, str]], design: Row) -> str:
    """Return the study's result in one sentence.

    ``claims`` holds (title, claim, direction seen) of the mechanism signatures, one each;
    ``design`` the design's facts. Below the level *tested* it says that no claim is made, and why.
    """
    return "; ".join(verdict_parts(claims, design)) + "."


def verdict_parts(claims: Sequence[tuple[str, str, str]], design: Row) -> list[str]:
    """Return the clauses of the verdict, the one that matters most first."""
    target, reference = plain(design["target"]), plain(design["reference"])
    if not claims:
        return [f"No mechanism could be compared between {target} and {reference}"]
    if design["level"] != "tested":
        kept = "estimates" if design["level"] == "describe" else "estimates and p-values"
        why = str(design["level_text"] or "").strip().rstrip(".")
        why = why or "the study is too small, or its donors are unknown"
        return [
            f"No claim is made about {target} against {reference}: {_lower_first(why)}",
            f"the {kept} below describe these samples only",
        ]
    by_class: dict[str, list[str]] = {}
    for title, claim, _ in claims:
        by_class.setdefault(claim_class(claim), []).append(brief(title))
    parts = [_lead(claims, target, reference)]
    for name, template in _VERDICT_PARTS:
        names = by_class.get(name, [])
        if names:
            one = len(names) == 1
            parts.append(
                template.format(
                    n=len(names),
                    s="s" if one else "",
                    is_are="is" if one else "are",
                    names=listed(names, 3),
                )
            )
    return parts


def _lead(claims: Sequence[tuple[str, str, str]], target: str, reference: str) -> str:
    """Return the clause on what is supported, with the direction of each."""
    supported = [
        f"{brief(title)} ({'lower' if direction == 'down' else 'higher'}"
        + (", against the expected direction)" if _opposite(claim) else ")")
        for title, claim, direction in claims
        if claim_class(claim) in (v.SUPPORTED, v.SUPPORTED_OPPOSITE)
    ]
    of = f"Of {len(claims)} mechanism signature{'s' if len(claims) > 1 else ''}"
    unadjusted = any("unadjusted" in claim_detail(c) for _, c, _ in claims)
    beyond = " (not adjusted for composition)" if unadjusted else " beyond a change of cells"
    if not supported:
        return f"{of}, none is shown to separate {target} from {reference}{beyond}"
    separates = "separates" if len(supported) == 1 else "separate"
    return f"{of}, {len(supported)} {separates} {target} from {reference}{beyond}: " + listed(
        supported, 6
    )


def _opposite(claim: str) -> bool:
    return claim_class(claim) == v.SUPPORTED_OPPOSITE


def _lower_first(text: str) -> str:
    # "RNA" and "MRI" keep their capitals
    return text[0].lower() + text[1:] if len(text) > 1 and text[1].islower() else text


def planted(truth: str, claim: Any) -> str:
    """Return how a claim meets the planted truth: found, missed, false claim, and so on."""
    kind = claim_class(claim)
    claimed = kind in (v.SUPPORTED, v.SUPPORTED_OPPOSITE)
    if truth == "regulated":
        return "found" if claimed else "missed"
    if truth == "shares genes":
        return "follows the shared genes" if claimed else "no claim"
    if claimed:
        return "false claim"
    if truth == "composition":
        named = kind in (v.EXPLAINED, v.NOT_SEPARABLE)
        return "named as composition" if named else "no claim"
    return "no claim, rightly"
