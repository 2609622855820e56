"""Scores of a proteome of which three values in four are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mechanisms as mech
from mechanisms.score import Rule, sample_report


@pytest.mark.data
def test_a_sample_with_gaps_scores_as_if_only_its_proteins_existed(data_dir: Path) -> None:
    folder = data_dir / "human_disc_proteome"
    cohort = mech.load(folder / "old-and-young.aug21-2019.txt.gz", folder / "samples.tsv")
    report = sample_report(cohort)
    assert (report["n_missing"] / cohort.n_vars).mean() > 0.7
    rule = Rule(fraction=0.3, genes=3)
    scores = mech.score(cohort, rule=rule)
    assert scores.notna().any().sum() >= 8
    assert 0.05 < scores.notna().to_numpy().mean() < 0.5
    for i in (0, 20, 47):
        measured = np.isfinite(np.asarray(cohort.X)[i])
        assert measured.sum() == report["n_measured"].iloc[i]
        alone = cohort[[i]][:, measured].copy()
        pd.testing.assert_frame_equal(
            mech.score(alone, rule=rule), scores.iloc[[i]], rtol=0, atol=1e-12
        )
