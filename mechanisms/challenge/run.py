"""Challenge the effects: composition, the claim of each signature, and how robust it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from mechanisms.challenge import composition
from mechanisms.challenge.claims import ALPHA, Evidence, classify, classify_balance
from mechanisms.compare import (
    Design,
    compare_scores,
    effect_rows,
    evidence_level,
    family,
    family_fdr,
)
from mechanisms.compare.fdr import benjamini_hochberg
from mechanisms.signatures import Collection
from mechanisms.vocabulary import COMPOSITION_COLUMNS, ROBUSTNESS_COLUMNS

GATES = "not applied: one gene, random sets"


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
        Seed of the permutations.
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
    verdicts = _verdicts(raw.loc[tested], adjusted, members, design, measurable, collection)
    verdicts["unadjusted"] = unadjusted
    claimed = verdicts["balance"] | verdicts.index.isin(members)
    verdicts["claim"] = [
        _claim(row) if c else "" for row, c in zip(verdicts.itertuples(), claimed, strict=True)
    ]
    _judge_balances(verdicts, side_raw, side_adjusted, collection)
    table = _effects(tests, adjusted, verdicts, members, collection, design, coverage, primary)
    return Challenged(
        table,
        _composition(raw.loc[panel_roles], collection, coverage, used=not unadjusted),
        _robustness(verdicts, adjusted, raw, tests, primary),
    )


def _verdicts(
    raw: pd.DataFrame,
    adjusted: pd.DataFrame | None,
    members: list[str],
    design: Design,
    measurable: pd.Series,
    collection: Collection,
) -> pd.DataFrame:
    """Gather the evidence on each signature and balance, one row each."""
    balances = {b.id for b in collection.balances}
    table = pd.DataFrame(index=raw.index)
    table["signature"] = raw["signature"]
    table["balance"] = [i in balances for i in raw.index]
    table["measurable"] = [bool(i in balances or measurable[i]) for i in raw.index]
    smaller = raw[["n_target", "n_reference"]].min(axis=1).astype(int)
    table["level"] = [
        evidence_level(n, None if np.isnan(pairs) else int(pairs), design.donors, df)[0]
        for n, pairs, df in zip(smaller, raw["n_pairs"], raw["residual_df"], strict=True)
    ]
    table["expected"] = [
        "none" if i in balances else design.contrast.expected(collection[i].expected)
        for i in raw.index
    ]
    table["raw"], table["p_raw"] = raw["estimate"], raw["p_value"]
    table["statistic"], table["df"] = raw["statistic"], raw["df"]
    if adjusted is None:
        table["adjusted"] = table["p_adjusted"] = table["group_r2"] = np.nan
        table["components"] = 0
        worst = table["p_raw"]
    else:
        table["adjusted"], table["p_adjusted"] = adjusted["estimate"], adjusted["p_value"]
        table["group_r2"], table["components"] = adjusted["group_r2"], adjusted["components"]
        table["statistic"], table["df"] = adjusted["statistic"], adjusted["df"]
        worst = table[["p_raw", "p_adjusted"]].max(axis=1)
    table["P"] = worst
    for name, p in (("q_raw", table["p_raw"]), ("q", worst)):
        # Balances repeat their members, so they are judged in a family of their own.
        inside = table.index.isin(members)
        q_members = benjamini_hochberg(np.where(inside, p, np.nan))
        q_balances = benjamini_hochberg(np.where(table["balance"], p, np.nan))
        alone = benjamini_hochberg(np.where(inside | table["balance"], np.nan, p))
        table[name] = np.where(inside, q_members, np.where(table["balance"], q_balances, alone))
    return table


def _claim(row: object) -> str:
    names = Evidence.__dataclass_fields__
    return classify(Evidence(**{n: getattr(row, n) for n in names if hasattr(row, n)}))


def _judge_balances(
    verdicts: pd.DataFrame,
    raw: pd.DataFrame,
    adjusted: pd.DataFrame | None,
    collection: Collection,
) -> None:
    """Replace a balance's class by what its sides allow, and note what each side does."""
    notes = dict.fromkeys(verdicts.index, "")
    for b in collection.balances:
        moves, texts = {}, []
        for side in ("plus", "minus"):
            name = f"{b.id}:{side}"
            estimate = _number(raw, name, "estimate")
            p = _number(raw, name, "p_value")
            if adjusted is not None:
                p = float(np.fmax(p, _number(adjusted, name, "p_value")))
            moves[side] = estimate if p <= ALPHA else 0.0
            texts.append(f"{side} side g {estimate:.2f}")
        own, whole = str(verdicts["claim"][b.id]), _number(verdicts, b.id, "raw")
        claim = classify_balance(own, moves["plus"], moves["minus"], whole)
        verdicts.loc[b.id, "claim"] = claim
        notes[b.id] = "; ".join(texts)
    verdicts["note"] = pd.Series(notes)


def _number(table: pd.DataFrame, row: str, column: str) -> float:
    return float(table[column][row])


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
    raw["note"] = [
        _joined(note, verdicts["note"].get(i, ""), _gates(claim))
        for i, note, claim in zip(raw["signature"], raw["note"], raw["claim"], strict=True)
    ]
    for method, table in tests.items():
        if method != primary:
            rows = rows_of(table, method, "none")
            rows["note"] = [_joined("sensitivity analysis", n) for n in rows["note"]]
            frames.append(rows)
    return pd.concat(frames, ignore_index=True)


def _gates(claim: str) -> str:
    return f"gates {GATES}" if claim.startswith("supported") else ""


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
    rows["gates"] = GATES
    rows = rows.rename(
        columns={"raw": "estimate_raw", "adjusted": "estimate_adjusted", "q": "q_claim"}
    )
    return rows[list(ROBUSTNESS_COLUMNS)].reset_index(drop=True)
