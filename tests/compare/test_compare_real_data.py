"""Contrasts whose truth is known: macrophage polarization in six studies, airway cells in pairs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import mechanisms as mech
from mechanisms.signatures import read_signatures

STUDIES = [
    "PRJNA239897", "PRJNA339309", "PRJNA449980", "PRJNA480894", "PRJNA552427", "PRJNA628531",
]  # fmt: skip


@cache
def macrophages(folder: Path, study: str, values: str, column: str = "auto") -> AnnData:
    where = folder / "macrophage_m1_m2_6studies"
    return mech.load(
        where / f"gene_{values}.tsv.gz",
        where / "metadata.tsv",
        sample_id="run",
        subset={"bioproject": [study]},
        gene_column=column,
        tissue="purified_cells",
    )


def polarization(cohort: AnnData, **more: object) -> pd.DataFrame:
    words = {"target": "M1", "reference": "M2a", "donor": "each_sample"}
    return mech.compare(cohort, "state", **words, **more).set_index("signature")


@pytest.mark.data
@pytest.mark.parametrize("values", ["counts", "tpm"])
@pytest.mark.parametrize("study", STUDIES)
def test_m1_against_m2a_comes_out_right(data_dir: Path, study: str, values: str) -> None:
    effects = polarization(macrophages(data_dir, study, values))
    found = effects["estimate"]
    assert found["macrophage_m1"] > 1
    assert found["macrophage_m2"] < -1
    assert found["balance_macrophage"] > 1
    assert found["nfkb_targets"] > 0
    assert effects.loc["macrophage_m1", "p_value"] < 0.01
    assert effects["p_permutation"].min() >= effects["p_floor"].iloc[0] - 1e-12
    # The interval and the p-value agree, and the sides add up to the balance.
    tested = effects[effects["p_value"].notna()]
    outside = (tested["ci_low"] > 0) | (tested["ci_high"] < 0)
    assert (outside == (tested["p_value"] < 0.05)).all()
    assert found["balance_macrophage"] > 0 > found["macrophage_m2"]


@pytest.mark.data
def test_symbols_and_ensembl_ids_tell_the_same(data_dir: Path) -> None:
    for study in ("PRJNA239897", "PRJNA480894"):
        by_ensembl = polarization(macrophages(data_dir, study, "counts"))
        cohort = macrophages(data_dir, study, "counts", "symbol")
        assert cohort.uns["mechanisms"]["identifiers"] == "symbol"
        by_symbol = polarization(cohort)
        assert (by_symbol["coverage"] >= 0.9).mean() > 0.9
        both = by_ensembl["difference"].notna() & by_symbol["difference"].notna()
        assert both.mean() > 0.95
        np.testing.assert_allclose(
            by_symbol.loc[both, "difference"], by_ensembl.loc[both, "difference"], atol=0.02
        )


@pytest.mark.data
@pytest.mark.parametrize("method", ["ssgsea", "zscore"])
def test_other_methods_have_the_same_signs(data_dir: Path, method: str) -> None:
    for study in STUDIES:
        found = polarization(macrophages(data_dir, study, "counts"), method=method)["estimate"]
        assert found["macrophage_m1"] > 0 > found["macrophage_m2"]
        assert found["balance_macrophage"] > 0


@pytest.mark.data
def test_a_sample_scores_the_same_alone_and_among_others(data_dir: Path) -> None:
    cohort = macrophages(data_dir, "PRJNA339309", "counts")
    whole = mech.score(cohort)
    alone = mech.score(cohort[[3]].copy())
    pd.testing.assert_frame_equal(alone, whole.iloc[[3]], check_exact=True)


@pytest.mark.data
def test_rank_scores_of_counts_and_of_their_logs_are_the_same(data_dir: Path) -> None:
    cohort = macrophages(data_dir, "PRJNA339309", "counts")
    raw = cohort.copy()
    raw.X = np.asarray(raw.layers["values"])
    raw.uns["mechanisms"] = {"identifiers": "ensembl", "species": "human"}
    pd.testing.assert_frame_equal(mech.score(raw), mech.score(cohort), rtol=1e-12)


@pytest.mark.data
def test_airway_cells_in_pairs(data_dir: Path) -> None:
    where = data_dir / "airway"
    cohort = mech.load(where / "airway_rawcounts.csv", where / "airway_metadata.csv")
    assert cohort.uns["mechanisms"]["identifiers"] == "ensembl"
    effects = mech.compare(
        cohort, "dex", target="treated", reference="control", donor="celltype", signatures="all"
    ).set_index("signature")
    dex = effects.loc["confounder_glucocorticoid"]
    assert {"FKBP5", "TSC22D3"} <= set(read_signatures("all")["confounder_glucocorticoid"].up)
    assert dex["effect_type"] == "hedges_g_av"
    assert (dex["n_target"], dex["n_reference"], dex["df"]) == (4, 4, 3)
    assert dex["estimate"] > 2
    assert dex["p_value"] < 0.01
    assert dex["p_floor"] == dex["p_permutation"] == 0.125
    # In pairs the test is that of the differences.
    scores = mech.score(cohort, "all")["confounder_glucocorticoid"]
    obs = cohort.obs.assign(score=scores)
    wide = obs.pivot_table(index="celltype", columns="dex", values="score", observed=True)
    d = (wide["treated"] - wide["control"]).to_numpy()
    assert dex["difference"] == pytest.approx(d.mean(), rel=1e-9)
    assert dex["statistic"] == pytest.approx(d.mean() / (d.std(ddof=1) / 2), rel=1e-9)
