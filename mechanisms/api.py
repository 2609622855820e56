"""One line of Python: compare groups of scored samples."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mechanisms import compare as comparing
from mechanisms import score as scoring
from mechanisms.errors import DataError, SignatureError
from mechanisms.signatures import Collection, read_signatures


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

    Raises
    ------
    DesignError
        A column or a group that the samples do not have, or a design that they cannot carry.
    SignatureError
        The frame has scores of signatures that are not among `signatures`.
    DataError
        A frame without `obs`, or data that cannot be scored.
    """
    collection = read_signatures(signatures)
    name = scoring.method(method).name
    contrast = comparing.Contrast(
        variable, target, reference, {}, donor, pair, tuple(covariates), batch
    )
    if isinstance(data, pd.DataFrame):
        if obs is None:
            raise DataError(
                "compare got a frame of scores without a sample sheet; give it as obs=adata.obs"
            )
        _refuse_twice(data.index, "scores")
        _refuse_twice(obs.index, "obs")
        units = comparing.build_units(obs, contrast)
        scores = _own_scores(data, collection)
        share = pd.Series(float("nan"), index=list(collection.ids))
    else:
        _refuse_twice(data.obs_names, "adata.obs_names")
        units = comparing.build_units(data.obs, contrast)
        # Methods that look at the other samples see the compared ones, as in `run`.
        compared = data[sorted(s for group in units.samples for s in group)]
        scores = scoring.score(compared, collection, method=name)
        share = scoring.lowest_fraction(scoring.coverage(data, collection))
    design = comparing.build_design(units, contrast)
    tests = comparing.compare_scores(units.average(scores), design, seed=seed)
    table = comparing.effect_rows(
        tests, collection, method=name, contrast=contrast, adjustment="none", coverage=share
    )
    table["fdr"] = comparing.family_fdr(table, comparing.family(collection))
    return table


def _refuse_twice(names: pd.Index, where: str) -> None:
    if names.has_duplicates:
        twice = names[names.duplicated()][0]
        raise DataError(f"sample {twice!r} stands twice in {where}; every sample needs one name")


def _own_scores(scores: pd.DataFrame, collection: Collection) -> pd.DataFrame:
    """Refuse scores of signatures that the collection does not have."""
    known = {*collection.ids, *(b.id for b in collection.balances)}
    strangers = [str(c) for c in scores.columns if c not in known]
    if strangers:
        raise SignatureError(
            f"{len(strangers)} columns of the scores, such as {strangers[0]!r}, are no signature "
            f"of the collection {collection.name!r}; give compare the signatures that were scored: "
            "signatures=..."
        )
    return scores
