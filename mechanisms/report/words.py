"""Plain words: one sentence for each row, one verdict for the study. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from mechanisms import vocabulary as v
from mechanisms.report.values import brief, listed, number, plain, stated

Row = Mapping[str, Any]
_G = ("hedges_g", "hedges g", "g")

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


def effect_name(row: Row) -> str:
    """Return how the estimate is called: 'g' for Hedges' g."""
    kind = str(row.get("effect_type") or "hedges_g")
    return "g" if kind.lower() in _G else kind.replace("_", " ")


def interval(row: Row) -> str:
    """Return 'a to b', or an empty text when there is no interval."""
    if pd.isna(row["ci_low"]) or pd.isna(row["ci_high"]):
        return ""
    return f"{number(row['ci_low'])} to {number(row['ci_high'])}"


def effect(row: Row) -> str:
    """Return 'g 1.80, 1.00 to 2.60'."""
    limits = interval(row)
    return f"{effect_name(row)} {number(row['estimate'])}" + (f", {limits}" if limits else "")


def claim_class(claim: Any) -> str:
    """Return the class without what stands in brackets behind it; empty when there is none."""
    if not isinstance(claim, str):
        return ""
    text = claim.split(" (")[0].strip()
    return text if text in v.CLAIMS else ""


def claim_detail(claim: Any) -> str:
    """Return what stands in brackets behind the class."""
    text = claim if isinstance(claim, str) else ""
    return text[text.index("(") + 1 :].rstrip(") ") if "(" in text else ""


def seen(row: Row) -> str:
    """Return the direction of the estimate: up, down, or an empty text."""
    value = row["estimate"]
    if value is None or pd.isna(value) or float(value) == 0:
        return ""
    return "up" if float(value) > 0 else "down"


def _expectation(row: Row) -> str:
    expected, direction = row.get("direction_expected"), seen(row)
    if expected not in ("up", "down") or not direction:
        return "; no direction was expected"
    return ", as expected" if expected == direction else ", against the expected direction"


def _higher(row: Row, target: str) -> str:
    if abs(float(row["estimate"])) < 0.005:
        return "is the same in both groups"
    return f"is {'lower' if seen(row) == 'down' else 'higher'} in {plain(target)}"


def _after(adjusted: Row | None) -> str:
    if adjusted is None or pd.isna(adjusted["estimate"]):
        return "there is no estimate adjusted for cell composition"
    return f"after adjusting for cell composition it is {effect(adjusted)}"


def _q(raw: Row) -> str:
    return "" if pd.isna(raw.get("fdr")) else f"; {stated('q', raw['fdr'])} before adjusting"


def _not_measurable(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    note = raw.get("note")
    why = f": {note.strip().rstrip('.')}" if isinstance(note, str) and note.strip() else ""
    return f"{title} could not be measured: too few of its genes are in the data{why}."


def _descriptive(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    p_value: str = "" if pd.isna(raw["p_value"]) else f"; {stated('p', raw['p_value'])}"
    return (
        f"{title} {_higher(raw, target)} in these samples ({effect(raw)}{p_value}); "
        f"{_after(adjusted)}. No claim is made from so small or so unsure a comparison."
    )


def _not_separable(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    return (
        f"{title} {_higher(raw, target)} ({effect(raw)}{_q(raw)}), but these data cannot tell "
        f"regulation from a change of cells; {_after(adjusted)}."
    )


def _one_gene(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    return (
        f"{title} {_higher(raw, target)} ({effect(raw)}), but one gene carries it: without that "
        "gene nothing remains. Read it as that gene, not as the mechanism."
    )


def _not_beyond_random(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    return (
        f"{title} {_higher(raw, target)} ({effect(raw)}), but no more than random sets of genes "
        "of the same size and expression: it is not evidence of this mechanism."
    )


def _supported(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    detail = claim_detail(raw.get("claim"))
    start = f"{title} {_higher(raw, target)} ({effect(raw)}{_q(raw)}){_expectation(raw)}"
    if "unadjusted" in detail or adjusted is None or pd.isna(adjusted["estimate"]):
        why = detail.split(":", 1)[1].strip() if ":" in detail else "no adjustment applies here"
        return f"{start}. It is not adjusted for cell composition: {why}."
    return (
        f"{start}, and a change of cells does not explain it: "
        f"{_after(adjusted)}. How it comes about is still a hypothesis."
    )


def _explained(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    remains = "" if adjusted is None else f" ({effect(adjusted)})"
    return (
        f"{title} {_higher(raw, target)} ({effect(raw)}), but no evidence remains after adjusting "
        f"for cell composition{remains}: nothing beyond the number of cells, which may "
        "itself be the way to resorption."
    )


def _suggestive(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    return (
        f"{title} {_higher(raw, target)} ({effect(raw)}; {_after(adjusted)}): suggestive only, "
        "between 5 and 10 % false discovery rate; a new cohort has to decide."
    )


def _no_evidence(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    limits = interval(raw)
    if not limits:
        return f"There is no evidence that {title} differs ({effect(raw)})."
    return (
        f"There is no evidence that {title} differs ({effect_name(raw)} "
        f"{number(raw['estimate'])}); differences from {limits} fit these data."
    )


def _one_side(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    return (
        f"{title} {_higher(raw, target)} ({effect(raw)}), but only one of its sides moves: "
        "read the sides, not the balance."
    )


def _unclaimed(title: str, raw: Row, adjusted: Row | None, target: str) -> str:
    if pd.isna(raw["estimate"]):
        return _not_measurable(title, raw, adjusted, target)
    p_value: str = "" if pd.isna(raw["p_value"]) else f"; {stated('p', raw['p_value'])}"
    return f"{title} {_higher(raw, target)} ({effect(raw)}{p_value}); no claim rests on this row."


_SENTENCES: dict[str, Callable[[str, Row, Row | None, str], str]] = {
    v.NOT_MEASURABLE: _not_measurable,
    v.DESCRIPTIVE: _descriptive,
    v.NOT_SEPARABLE: _not_separable,
    v.ONE_GENE: _one_gene,
    v.NOT_BEYOND_RANDOM: _not_beyond_random,
    v.SUPPORTED: _supported,
    v.SUPPORTED_OPPOSITE: _supported,
    v.EXPLAINED: _explained,
    v.SUGGESTIVE: _suggestive,
    v.NO_EVIDENCE: _no_evidence,
    v.ONE_SIDE: _one_side,
    "": _unclaimed,
}


def sentence(raw: Row, adjusted: Row | None, *, title: str, target: str) -> str:
    """Return one row of the effects in plain words.

    ``raw`` and ``adjusted`` are rows of the effects (adjustment none and composition); ``title``
    names the signature or balance, ``target`` the group that the sign speaks of.
    """
    kind = claim_class(raw.get("claim"))
    if pd.isna(raw["estimate"]) and kind not in (v.NOT_MEASURABLE,):
        kind = v.NOT_MEASURABLE if kind == "" else kind
        note = raw.get("note")
        why = note.strip() if isinstance(note, str) and note.strip() else "no reason was given"
        return f"{title} has no estimate: {why.rstrip('.')}."
    return _SENTENCES[kind](title, raw, adjusted, target)


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
