"""Challenge the effects: composition, the claim of each signature, and how robust it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from mechanisms.challenge import composition
from mechanisms.challenge.again import Again
from mechanisms.challenge.gates import GATE_COLUMNS, apply_gates
from mechanisms.challenge.trust import sets_of_study
from mechanisms.challenge.verdicts import claim_of, gather, judge_balances
from mechanisms.compare import Design, compare_scores, effect_rows, family, family_fdr
from mechanisms.compare.genes import SET_COLUMNS
from mechanisms.compare.linear import fit_contrast
from mechanisms.signatures import Collection
from mechanisms.vocabulary import (
    COMPOSITION_COLUMNS,
    NOT_BEYOND_RANDOM,
    ONE_GENE,
    ROBUSTNESS_COLUMNS,
    SUPPORTED,
)

NOT_APPLIED = "not applied"


class Challenged(NamedTuple):
    """The three tables that a challenge writes."""

    effects: pd.DataFrame
    composition: pd.DataFrame
    robustness: pd.DataFrame


def challenge(
    scores: Mapping[str, pd.DataFrame],
    sides: pd.DataFrame,
    expression: pd.DataFrame,
    design: Design,
    collection: Collection,
    *,
    primary: str,
    coverage: pd.Series,
    measurable: pd.Series,
    unadjusted: str,
    seed: int,
    again: Again | None = None,
) -> Challenged:
    """Test every score raw and beside composition, and say what may be claimed.

    Parameters
    ----------
    scores
        For each method, units x (signatures, then balances).
    sides
        Units x `balance:plus` and `balance:minus`, primary method.
    expression
        Units x genes of the composition panel, log scale, no missing values.
    design
        The contrast.
    primary
        The method whose scores are claimed; the others are the sensitivity analysis.
    coverage, measurable
        For each signature the share of genes found in its worse direction, and whether that is
        enough.
    unadjusted
        Why composition is not adjusted for, or an empty string.
    seed
        Seed of the permutations and of the random sets.
    again
        The compared samples, for the two gates before `supported`; without it they are not applied,
        and the tables say so.
    """
    tests = {m: compare_scores(frame, design, seed=seed) for m, frame in scores.items()}
    raw = tests[primary].set_index("signature", drop=False)
    side_raw = compare_scores(sides, design, seed=seed).set_index("signature", drop=False)
    panel_roles = [s.id for s in collection if s.role != "mechanism"]
    tested = [c for c in scores[primary].columns if c not in panel_roles]
    adjusted = side_adjusted = None
    if not unadjusted:
        genes_of = composition.score_genes(collection)
        both = pd.concat([scores[primary][tested], sides], axis=1)
        genes_of |= {str(c): genes_of[str(c).split(":")[0]] for c in sides.columns}
        table = composition.adjusted_tests(both, expression, design, genes_of, seed=seed)
        table = table.set_index("signature", drop=False)
        adjusted, side_adjusted = table.loc[tested], table.loc[list(sides.columns)]
    members = family(collection)
    verdicts = gather(raw.loc[tested], adjusted, members, design, measurable, collection)
    verdicts["unadjusted"] = unadjusted
    verdicts["claim"] = [claim_of(row) for row in verdicts.itertuples()]
    if again is not None:
        designs = _last_designs(verdicts, members, scores[primary], expression, design, collection)
        gated = apply_gates(designs, again, seed=seed).set_index("signature")
        verdicts = verdicts.join(gated)
        for gate in ("one_gene", "within_random"):
            verdicts[gate] = verdicts[gate].astype(object).where(verdicts[gate].notna(), None)
        verdicts["claim"] = [claim_of(row) for row in verdicts.itertuples()]
        tests_of_genes = sets_of_study(again, design, collection).set_index("signature")
        verdicts = verdicts.join(tests_of_genes[list(SET_COLUMNS[2:])])
    judge_balances(verdicts, side_raw, side_adjusted, collection)
    verdicts.loc[~(verdicts["balance"] | verdicts.index.isin(members)), "claim"] = ""
    table = _effects(tests, adjusted, verdicts, members, collection, design, coverage, primary)
    return Challenged(
        table,
        _composition(raw.loc[panel_roles], collection, coverage, used=not unadjusted),
        _robustness(verdicts, adjusted, raw, tests, primary),
    )


def _effects(
    tests: Mapping[str, pd.DataFrame],
    adjusted: pd.DataFrame | None,
    verdicts: pd.DataFrame,
    members: list[str],
    collection: Collection,
    design: Design,
    coverage: pd.Series,
    primary: str,
) -> pd.DataFrame:

    def rows_of(table: pd.DataFrame, method: str, adjustment: str) -> pd.DataFrame:
        return effect_rows(
            table,
            collection,
            method=method,
            contrast=design.contrast,
            adjustment=adjustment,
            coverage=coverage,
        )

    raw = rows_of(tests[primary], primary, "none")
    frames = [raw]
    if adjusted is not None:
        plain = adjusted.drop(columns=["components", "group_r2"]).reset_index(drop=True)
        frames.append(rows_of(plain, primary, "composition"))
    for frame in frames:
        frame["fdr"] = family_fdr(frame, members)
        frame["claim"] = frame["signature"].map(verdicts["claim"]).fillna("")
    gates = gate_words(verdicts)
    raw["note"] = [
        _joined(note, verdicts["note"].get(i, ""), _gate_note(claim, gates.get(i, "")))
        for i, note, claim in zip(raw["signature"], raw["note"], raw["claim"], strict=True)
    ]
    for method, table in tests.items():
        if method != primary:
            rows = rows_of(table, method, "none")
            rows["note"] = [_joined("sensitivity analysis", n) for n in rows["note"]]
            frames.append(rows)
    return pd.concat(frames, ignore_index=True)


def gate_words(verdicts: pd.DataFrame) -> pd.Series:
    """Say for each signature what the two gates found."""
    if "one_gene" not in verdicts:
        return pd.Series(NOT_APPLIED, index=verdicts.index)
    words = []
    for row in verdicts.itertuples():
        if row.one_gene is None:
            words.append("")
        elif row.one_gene:
            words.append(f"carried by {row.worst_gene} (p {float(row.p_without_gene):.2g} without)")  # type: ignore[arg-type]
        elif row.within_random:
            words.append("inside the range of matched random sets")
        else:
            words.append("passed")
    return pd.Series(words, index=verdicts.index)


def _gate_note(claim: str, gates: str) -> str:
    if claim.startswith("supported") and gates == NOT_APPLIED:
        return "gates not applied: one gene, random sets"
    return gates if claim in (ONE_GENE, NOT_BEYOND_RANDOM) else ""


def _last_designs(
    verdicts: pd.DataFrame,
    members: list[str],
    scores: pd.DataFrame,
    expression: pd.DataFrame,
    design: Design,
    collection: Collection,
) -> dict[str, tuple[Design, float]]:
    """Return, for each signature that would be supported, the design and difference to gate."""
    genes_of = composition.score_genes(collection)
    designs = {}
    for name in members:
        if not str(verdicts["claim"][name]).startswith(SUPPORTED):
            continue
        last: Design | None = design
        if not verdicts["unadjusted"][name]:
            last = composition.adjust(scores[name], expression, design, genes_of[name]).design
        if last is None:
            continue
        present = scores[name].notna().to_numpy()
        part = last if present.all() else last.subset(present)
        y = scores.loc[part.units, [name]].to_numpy(dtype=float)
        designs[name] = (part, float(fit_contrast(y, part.X, part.column, "ols").difference[0]))
    return designs


def _joined(*parts: str) -> str:
    return "; ".join(p for p in parts if p)


def _composition(
    raw: pd.DataFrame, collection: Collection, coverage: pd.Series, *, used: bool
) -> pd.DataFrame:
    rows = raw.reset_index(drop=True).copy()
    rows["role"] = [collection[i].role for i in rows["signature"]]
    rows["in_adjustment"] = [
        used and collection[i].role == "covariate" and collection[i].tier == "core"
        for i in rows["signature"]
    ]
    rows["coverage"] = [coverage[i] for i in rows["signature"]]
    return rows[list(COMPOSITION_COLUMNS)]


def _robustness(
    verdicts: pd.DataFrame,
    adjusted: pd.DataFrame | None,
    raw: pd.DataFrame,
    tests: Mapping[str, pd.DataFrame],
    primary: str,
) -> pd.DataFrame:
    rows = verdicts.copy()
    rows["kind"] = np.where(rows["balance"], "balance", "signature")
    rows["shrinkage"] = 1 - rows["adjusted"] / rows["raw"]
    rows["robustness_value"] = composition.robustness_value(
        rows["statistic"].to_numpy(), rows["df"].to_numpy()
    )
    others = [t.set_index("signature")["estimate"] for m, t in tests.items() if m != primary]
    agree = sum(
        (np.sign(o.reindex(rows.index)) == np.sign(rows["raw"])).astype(int) for o in others
    )
    rows["same_sign_methods"] = [f"{n} of {len(others)}" for n in np.broadcast_to(agree, len(rows))]
    rows["gates"] = gate_words(verdicts)
    for column in (*GATE_COLUMNS[3:], *SET_COLUMNS[2:], "same_sign_choices"):
        rows[column] = rows.get(column, np.nan)
    rows = rows.rename(
        columns={"raw": "estimate_raw", "adjusted": "estimate_adjusted", "q": "q_claim"}
    )
    return rows[list(ROBUSTNESS_COLUMNS)].reset_index(drop=True)
