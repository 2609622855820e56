"""The first screen but for its table: facts of the design, verdict, and counts of claims."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mechanisms.report import values, verdict
from mechanisms.report.findings import Findings
from mechanisms.report.style import claim_slug
from mechanisms.report.view import CLAIM_ORDER, Shown


def facts(findings: Findings) -> list[Shown]:
    """Return the design as labelled sentences: the part of the first screen below the verdict."""
    d = findings.design
    target, reference = (values.plain(d[k]) for k in ("target", "reference"))
    pairs = f", {d['n_pairs']} pairs" if d.get("n_pairs") else ""
    units = f"{d['n_target']} {target} against {d['n_reference']} {reference} ({d['units']}{pairs})"
    could = []
    if d["level"] == "describe":
        could.append("no test is made where donors are unknown")
    elif d.get("detectable_g") is not None and not pd.isna(d["detectable_g"]):
        could.append(
            f"80 % power for a difference of {_unit(d)} {values.number(d['detectable_g'])} or "
            f"more after correction for {len(d['family'])} signatures; smaller ones would mostly "
            "be missed"
        )
    if d["level"] != "describe" and d.get("p_floor") is not None and not pd.isna(d["p_floor"]):
        could.append(
            f"permutation p-values can go down to {values.stated('', d['p_floor']).strip(' =')}"
        )
    found = [
        ("Compared", units, ""),
        ("Evidence level", str(d["level"]), str(d["level_text"] or "")),
        ("Outcome known by", str(d["label_text"]), verdict.LABEL_LIMITS.get(d["label_basis"], "")),
        ("Tissue", values.plain(d["tissue"]), str(d["tissue_note"] or "")),
        ("Adjustment", str(d["adjustment_text"] or "none"), ""),
        ("Could have found", " ".join(values.sentence(c) for c in could) or "not estimated", ""),
    ]
    trusted = _trusted(findings)
    if trusted:
        found.append(("Trust", trusted, ""))
    return [
        {"label": label, "text": _fact(text), "more": values.sentence(more)}
        for label, text, more in found
    ]


def _unit(design: dict[str, Any]) -> str:
    """Pairs find differences in SD of the differences, whose ratio to g no plan knows."""
    return "SD of the paired differences" if design.get("n_pairs") else "g"


def _trusted(findings: Findings) -> str:
    """Return the certificate in a sentence, or nothing where there is none."""
    table = findings.certificate
    if table is None or table.empty:
        return ""
    whole = table.iloc[0]
    said = (
        f"under {int(whole['draws'])} other labellings it would call any mechanism supported in "
        f"{values.percent(whole['false_claims'])}"
    )
    if not pd.isna(whole["cells_alone"]):
        said += f", and after a change of cells alone in {values.percent(whole['cells_alone'])}"
    return said


def _fact(text: str) -> str:
    """Return a few words with a capital, and more than a few as a sentence."""
    line = values.sentence(text)
    return line if len(line) > 50 else line.rstrip(".")


def by_claim(rows: list[Shown]) -> list[Shown]:
    """Return the rows of the first table: what is supported first, then as the mechanisms stand."""
    return sorted(rows, key=lambda row: (row["claim"]["order"], row["order"]))


def verdict_of(findings: Findings, rows: list[Shown]) -> list[str]:
    """Return the clauses of the verdict over the rows of the first table."""
    claims = [(r["title"], r["claim"]["text"], r["seen"]) for r in rows]
    return verdict.verdict_parts(claims, findings.design)


def claim_counts(rows: list[Shown]) -> list[Shown]:
    """Return how often each claim stands in the first table, what is supported first."""
    counted = verdict.counts([r["claim"]["text"] for r in rows])
    return [
        {"text": claim, "n": counted[claim], "slug": claim_slug(claim)}
        for claim in sorted(counted, key=lambda c: CLAIM_ORDER[c])
    ]
