"""The evidence on each signature and balance, gathered in one table and judged."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mechanisms.challenge.claims import ALPHA, Evidence, classify, classify_balance
from mechanisms.compare import Design, evidence_level
from mechanisms.compare.fdr import benjamini_hochberg
from mechanisms.signatures import Collection


def gather(
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


def claim_of(row: object) -> str:
    """Return the claim of one row of gathered evidence."""
    names = Evidence.__dataclass_fields__
    return classify(Evidence(**{n: getattr(row, n) for n in names if hasattr(row, n)}))


def judge_balances(
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
