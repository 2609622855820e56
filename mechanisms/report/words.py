"""Plain words: one sentence for each row, one verdict for the study. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from mechanisms import vocabulary as v
from mechanisms.report.values import number, plain, stated

Row = Mapping[str, Any]
_G = ("hedges_g", "hedges g", "g")


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
