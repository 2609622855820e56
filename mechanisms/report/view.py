"""What the page shows, as plain values: the template only lays out, nothing is decided there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from mechanisms import vocabulary as v
from mechanisms.report import values, verdict, words
from mechanisms.report.findings import Findings
from mechanisms.report.forest import forest_rows, limit
from mechanisms.report.pairs import Pair, cell, grade_shown, pair_rows
from mechanisms.report.style import claim_slug

Tables = Mapping[str, pd.DataFrame]
Shown = dict[str, Any]

CLAIM_ORDER = {
    name: i
    for i, name in enumerate(
        (
            v.SUPPORTED,
            v.SUPPORTED_OPPOSITE,
            v.EXPLAINED,
            v.NOT_SEPARABLE,
            v.ONE_GENE,
            v.NOT_BEYOND_RANDOM,
            v.SUGGESTIVE,
            v.ONE_SIDE,
            v.NO_EVIDENCE,
            v.DESCRIPTIVE,
            v.NOT_MEASURABLE,
        )
    )
}
PLOT_WIDTH, PLOT_HEIGHT = 150.0, 22.0


def claim_shown(claim: str) -> Shown:
    """Return a claim as the page shows it: text, class for the colour, order for sorting."""
    kind = words.claim_class(claim)
    return {
        "text": claim,
        "kind": kind or claim,
        "slug": claim_slug(kind) if kind else "c-none",
        "order": CLAIM_ORDER.get(kind, len(CLAIM_ORDER)),
    }


def effect_shown(row: Mapping[str, Any] | None) -> Shown:
    """Return an estimate with its interval as text, and the number to sort by."""
    if row is None or pd.isna(row["estimate"]):
        return {"text": "NA", "interval": "", "sort": ""}
    return {
        "text": values.number(row["estimate"]),
        "interval": words.interval(row),
        "sort": f"{float(row['estimate']):.9g}",
    }


def p_shown(value: Any) -> Shown:
    """Return a p or q value as text, and the number to sort by."""
    missing = value is None or pd.isna(value)
    return {"text": values.probability(value), "sort": "" if missing else f"{float(value):.9g}"}


def interval_plot(pair: Pair, reach: float) -> list[Shown]:
    """Return the marks of the small forest in a table row, in its own coordinates."""
    marks = []
    rows = (("raw", pair.raw, 7.0), ("adjusted", pair.adjusted, 15.0))
    for kind, row, y in rows:
        if row is None or pd.isna(row["estimate"]):
            continue
        low, high = (_place(row[c], reach) for c in ("ci_low", "ci_high"))
        marks.append(
            {"kind": kind, "y": y, "x": _place(row["estimate"], reach), "low": low, "high": high}
        )
    return marks


def _place(value: Any, reach: float) -> str | None:
    if value is None or pd.isna(value) or not math.isfinite(float(value)):
        return None
    share = (min(1.0, max(-1.0, float(value) / reach)) + 1) / 2
    return f"{4 + share * (PLOT_WIDTH - 8):.1f}"


def mechanism_rows(findings: Findings, tables: Tables) -> list[Shown]:
    """Return one row a mechanism signature: the first table, and the cards' heads."""
    method = findings.design["method"]
    pairs = pair_rows(tables["effects"], method, findings.signatures)
    reach = limit(forest_rows(tables["effects"], method, findings.signatures))
    titles = {s.id: s.title for s in findings.signatures}
    known = {s.id: s for s in findings.signatures}
    rows = []
    for i, pair in enumerate(pairs):
        title = titles.get(pair.name) or pair.name
        if pair.label != pair.name:
            title = f"{title} in {pair.cell_type}"
        rows.append(
            {
                "order": i,
                "pair": pair,
                "name": pair.name,
                "label": pair.label,
                "anchor": f"signature-{i}",
                "title": title,
                "brief": values.brief(title, 90),
                "mechanism": values.plain(pair.mechanism),
                "claim": claim_shown(pair.claim),
                "raw": effect_shown(pair.raw),
                "adjusted": effect_shown(pair.adjusted),
                "p": p_shown(pair.raw["p_value"]),
                "q": p_shown(pair.raw["fdr"]),
                "expected": cell(pair.raw["direction_expected"]),
                "seen": words.seen(pair.raw),
                "grade": grade_shown(pair, known),
                "plot": interval_plot(pair, reach),
                "note": cell(pair.raw["note"]),
                "sentence": words.sentence(
                    pair.raw, pair.adjusted, title=title, target=findings.design["target"]
                ),
            }
        )
    return rows


def mechanism_sections(findings: Findings, rows: list[Shown], tables: Tables) -> list[Shown]:
    """Return the rows grouped by mechanism, each with its signature's card."""
    coverage = _found(tables["coverage"])
    known = {s.id: s for s in findings.signatures}
    sections: dict[str, list[Shown]] = {}
    for row in rows:
        card = row | {"signature": known.get(row["name"]), "found": coverage.get(row["name"], "")}
        sections.setdefault(row["mechanism"], []).append(card)
    return [
        {"name": name, "anchor": f"mechanism-{i}", "cards": cards}
        for i, (name, cards) in enumerate(sections.items())
    ]


def _found(coverage: pd.DataFrame) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, block in coverage.groupby("signature", sort=False):
        parts = [
            f"{values.number(r['n_found'], 0)} of {values.number(r['n_genes'], 0)} {r['direction']}"
            for r in block.to_dict("records")
        ]
        texts[str(name)] = ", ".join(parts)
    return texts


def balance_rows(findings: Findings, tables: Tables) -> list[Shown]:
    """Return one row a balance with both of its sides named."""
    known = {b.id: b for b in findings.signatures.balances}
    rows = []
    pairs = pair_rows(
        tables["effects"], findings.design["method"], findings.signatures, kind="balance"
    )
    for pair in pairs:
        balance = known.get(pair.name)
        title = (balance.title if balance else "") or pair.name
        rows.append(
            {
                "name": pair.label,
                "title": title,
                "balance": balance,
                "claim": claim_shown(pair.claim),
                "raw": effect_shown(pair.raw),
                "adjusted": effect_shown(pair.adjusted),
                "p": p_shown(pair.raw["p_value"]),
                "sentence": words.sentence(
                    pair.raw, pair.adjusted, title=title, target=findings.design["target"]
                ),
            }
        )
    return rows


def composition_rows(findings: Findings, tables: Tables) -> list[Shown]:
    """Return one row a signature of the panel."""
    known = {s.id: s for s in findings.signatures}
    rows = []
    for row in tables["composition"].to_dict("records"):
        signature = known.get(row["signature"])
        rows.append(
            {
                "name": row["signature"],
                "title": (signature.title if signature else "") or row["signature"],
                "role": cell(row["role"]),
                "used": "yes"
                if str(row["in_adjustment"]).lower() in ("true", "1", "1.0")
                else "no",
                "effect": effect_shown({str(k): x for k, x in row.items()}),
                "p": p_shown(row["p_value"]),
                "note": cell(row["note"]),
            }
        )
    return rows


def trust_rows(findings: Findings, tables: Tables) -> list[Shown]:
    """Return one row a signature of the certificate, any mechanism first."""
    known = {s.id: s for s in findings.signatures}
    rows = []
    for row in tables.get("certificate", pd.DataFrame()).to_dict("records"):
        signature = known.get(row["signature"])
        shift = row["smallest_shift"]
        rows.append(
            {
                "name": row["signature"],
                "title": (signature.title if signature else "") or row["signature"],
                "false": values.percent(row["false_claims"]),
                "shift": "none seen" if pd.isna(shift) else values.number(shift),
                "cells": values.percent(row["cells_alone"]),
                "whole": signature is None,
            }
        )
    return rows


def sensitivity_rows(findings: Findings, tables: Tables) -> tuple[list[str], list[Shown]]:
    """Return the other methods, and one row a signature with its effect by each method."""
    effects, primary = tables["effects"], findings.design["method"]
    other = effects[(effects["method"] != primary) & (effects["adjustment"] == "none")]
    methods = list(dict.fromkeys(other["method"].astype(str)))
    cells = {
        (str(r["signature"]), cell(r["cell_type"]), str(r["method"])): r
        for r in other.to_dict("records")
    }
    robust = {str(r["signature"]): r for r in tables["robustness"].to_dict("records")}
    rows = []
    for pair in pair_rows(effects, primary, findings.signatures):
        extra = robust.get(pair.name, {})
        by_method = [
            effect_shown(_keyed(cells.get((pair.name, pair.cell_type, m)))) for m in methods
        ]
        rows.append(
            {
                "name": pair.label,
                "primary": effect_shown(pair.raw),
                "methods": by_method,
                "same_sign": cell(extra.get("same_sign_methods")),
                "group_r2": values.number(extra.get("group_r2")),
                "shrinkage": values.number(extra.get("shrinkage")),
                "q_claim": p_shown(extra.get("q_claim")),
                "robustness": values.number(extra.get("robustness_value")),
                "gates": cell(extra.get("gates")),
            }
        )
    return methods, rows


def _keyed(row: Mapping[Any, Any] | None) -> Shown | None:
    return None if row is None else {str(k): x for k, x in row.items()}


def coverage_rows(tables: Tables) -> list[Shown]:
    """Return one row a signature and direction, counts as whole numbers."""
    rows = []
    for row in tables["coverage"].to_dict("records"):
        shown = {str(k): cell(x) for k, x in row.items()}
        for count in ("n_genes", "n_found", "required"):
            shown[count] = values.number(row[count], 0)
        shown["enough"] = "yes" if shown["measurable"].lower() in ("true", "1", "1.0") else "no"
        rows.append(shown)
    return rows


def truth_rows(findings: Findings, rows: list[Shown]) -> list[Shown]:
    """Return what was planted beside what was claimed; the regulated ones first."""
    if findings.truth is None:
        return []
    by_name = {row["name"]: row for row in rows}
    order = {"regulated": 0, "composition": 1, "shares genes": 2, "null": 3}
    shown = []
    for row in findings.truth.to_dict("records"):
        known = by_name.get(str(row["signature"]))
        if known is None:
            continue
        truth = cell(row["truth"])
        shown.append(
            {
                "title": known["title"],
                "name": known["name"],
                "truth": truth,
                "planted": values.number(row["planted_sd"]),
                "claim": known["claim"],
                "raw": known["raw"],
                "met": verdict.planted(truth, known["claim"]["text"]),
                "order": order.get(truth, len(order)),
            }
        )
    return sorted(shown, key=lambda r: r["order"])
