"""One line of Python: compare groups of scored samples."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mechanisms import compare as comparing
from mechanisms import score as scoring
from mechanisms.errors import DataError
from mechanisms.signatures import read_signatures


def compare(
    data: Any,
    variable: str,
    *,
    target: str = "resorbing",
    reference: str = "non_resorbing",
    donor: str = "unknown",
    obs: pd.DataFrame | None = None,
    pair: str | None = None,
    covariates: tuple[str, ...] = (),
    batch: str | None = None,
    signatures: Any = "core",
    method: str = "auto",
    seed: int = 1,
) -> pd.DataFrame:
    """Compare two groups in one line; no composition and no claim, for which there is `run`.

    Parameters
    ----------
    data
        An AnnData, which is scored first, or a frame of samples x scores with `obs` beside it.
    variable, target, reference, donor, pair, covariates, batch
        As in a study file's design.
    obs
        Sample sheet, needed with a frame.
    signatures, method
        What to score, and how.
    seed
        Seed of the permutations.

    Returns
    -------
    Tidy effects with `vocabulary.EFFECT_COLUMNS`, target minus reference, fdr over the family.
    """
    collection = read_signatures(signatures)
    name = scoring.method(method).name
    if isinstance(data, pd.DataFrame):
        if obs is None:
            raise DataError(
                "compare got a frame of scores without a sample sheet; give it as obs=adata.obs"
            )
        scores = data
        share = pd.Series(float("nan"), index=list(collection.ids))
    else:
        obs = data.obs
        scores = scoring.score(data, collection, method=name)
        share = scoring.lowest_fraction(scoring.coverage(data, collection))
    contrast = comparing.Contrast(
        variable, target, reference, {}, donor, pair, tuple(covariates), batch
    )
    units = comparing.build_units(obs, contrast)
    design = comparing.build_design(units, contrast)
    known = {*collection.ids, *(b.id for b in collection.balances)}
    scores = scores[[c for c in scores.columns if c in known]]
    tests = comparing.compare_scores(units.average(scores), design, seed=seed)
    table = comparing.effect_rows(
        tests, collection, method=name, contrast=contrast, adjustment="none", coverage=share
    )
    table["fdr"] = comparing.family_fdr(table, comparing.family(collection))
    return table
