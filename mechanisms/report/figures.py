"""The figures, drawn from the rounded tables, each with a caption that stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mechanisms.report import values, verdict
from mechanisms.report.coverage_bars import coverage_figure
from mechanisms.report.curve import curve_figure
from mechanisms.report.findings import Findings
from mechanisms.report.forest import forest_figure, forest_rows
from mechanisms.report.heatmap import heatmap_figure
from mechanisms.report.panels import balances_figure, composition_figure
from mechanisms.report.style import Drawing

Tables = Mapping[str, pd.DataFrame]


def groups_of(design: Mapping[str, Any]) -> tuple[str, str]:
    """Return the labels of the target and the reference group."""
    return str(design["target"]), str(design["reference"])


def sample_text(design: Mapping[str, Any]) -> str:
    """Return 'resorbing n = 12, non resorbing n = 12 (donors)'."""
    target, reference = (values.shorten(values.plain(g), 60) for g in groups_of(design))
    pairs = f", {design['n_pairs']} pairs" if design.get("n_pairs") else ""
    return (
        f"{target} n = {design['n_target']}, {reference} n = {design['n_reference']} "
        f"({design['units']}{pairs})"
    )


def draw_all(findings: Findings, tables: Tables) -> list[Drawing]:
    """Return the figures in the order of the page; draw inside ``style.house_style()``."""
    makers = [_forest, _composition, _balances, _heatmap, _coverage]
    if "specification" in tables and len(tables["specification"]):
        makers.append(_curve)
    return [make(findings, tables) for make in makers]


def _forest(findings: Findings, tables: Tables) -> Drawing:
    design = findings.design
    rows = forest_rows(tables["effects"], design["method"], findings.signatures)
    claims = verdict.counts(list(rows["claim"])) if len(rows) else {}
    adjusted = (
        f" Hollow marks: {_clause(design['adjustment_text'])}."
        if len(rows) and rows["estimate_adjusted"].notna().any()
        else ""
    )
    return Drawing(
        name="effect_forest",
        figure=forest_figure(rows, *groups_of(design)),
        title="Effect of each mechanism signature, raw and adjusted for cell composition",
        caption=(
            f"{sample_text(design)}. Filled marks: difference between the groups as Hedges g with "
            f"95 % interval ({design['method']}; {_clause(design['test_text'])}).{adjusted} "
            "Triangles: the direction expected and its grade of evidence, A to D. Carets mark "
            "intervals that reach beyond the axis; shaded rows are supported."
        ),
        alt="Forest plot. " + "; ".join(f"{n} {c}" for c, n in claims.items()) + ". "
        "The same numbers stand in the table of mechanisms.",
    )


def _composition(findings: Findings, tables: Tables) -> Drawing:
    design = findings.design
    return Drawing(
        name="composition",
        figure=composition_figure(tables["composition"], tables["scores"], groups_of(design)),
        title="Cell composition, identity and sample quality by group",
        caption=(
            f"{sample_text(design)}. One point a unit: {design['method']} score; diamond: group "
            "mean with 95 % t interval; above each panel Hedges g with 95 % interval. Sideways "
            "spread only separates points."
        ),
        alt="Strip plots of the composition panel by group; the numbers stand in the table below.",
    )


def _balances(findings: Findings, tables: Tables) -> Drawing:
    design, effects = findings.design, tables["effects"]
    raw = effects[
        (effects["kind"] == "balance")
        & (effects["method"] == design["method"])
        & (effects["adjustment"] == "none")
    ]
    return Drawing(
        name="balances",
        figure=balances_figure(tables["sides"], raw, findings.signatures, groups_of(design)),
        title="Both sides of each balance",
        caption=(
            f"{sample_text(design)}. One point a unit: mean {design['method']} score of the plus "
            "(left) and minus (right) signatures; diamond: group mean with 95 % t interval. The "
            "balance is plus minus minus; its Hedges g with 95 % interval stands above, and says "
            "nothing without its sides."
        ),
        alt="Strip plots of the plus and minus side of each balance by group; the balances' "
        "effects stand in the table below.",
    )


def _heatmap(findings: Findings, tables: Tables) -> Drawing:
    design = findings.design
    order = (
        "by macrophage content, highest first"
        if "content_macrophage" in tables["scores"].columns
        else "by name"
    )
    return Drawing(
        name="heatmap",
        figure=heatmap_figure(tables["scores"], findings.signatures, groups_of(design)),
        title="Scores of all units",
        caption=(
            f"{sample_text(design)}. Each signature's {design['method']} scores, standardised over "
            f"the units for display only (no test); units are ordered by group, then {order}. "
            "Grey: not measurable."
        ),
        alt="Heat map of standardised scores, signatures in rows grouped by mechanism, units in "
        "columns grouped by outcome.",
    )


def _coverage(findings: Findings, tables: Tables) -> Drawing:
    coverage = tables["coverage"]
    enough = coverage["measurable"].astype(str).str.lower().isin(["true", "1", "1.0"])
    return Drawing(
        name="coverage",
        figure=coverage_figure(coverage),
        title="Genes found for each signature",
        caption=(
            "Bar: share of the genes of that direction found in the data; tick: share required; "
            f"right: found / all. {int(enough.sum())} of {len(coverage)} directions are "
            "measurable. No test."
        ),
        alt="Bars of the share of genes found; the numbers and the missing genes stand in the "
        "table below.",
    )


def _curve(findings: Findings, tables: Tables) -> Drawing:
    design, table = findings.design, tables["specification"]
    choices = len(table) // max(table["signature"].nunique(), 1)
    return Drawing(
        name="specification",
        figure=curve_figure(table),
        title="Every signature under every defensible choice",
        caption=(
            f"{sample_text(design)}. Hedges g under {choices} choices: scoring method, all genes "
            "or the strict variant without those that mechanisms share, and adjustment. Diamonds: "
            "the choices that claims rest on; ticks at the edge reach beyond it. No p-value is "
            "picked from it."
        ),
        alt="Ticks of the effect of each signature under each choice; the numbers stand in "
        "specification.csv.",
    )


def _clause(text: Any) -> str:
    """Return a sentence of the design as part of a longer one."""
    line = " ".join(str(text or "").split()).rstrip(".")
    return line[:1].lower() + line[1:] if line[1:2].islower() else line
