"""The specification curve: every choice once, the primary ones equal to what is claimed."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mechanisms.challenge import agreement, specifications
from mechanisms.challenge.composition import adjust
from mechanisms.challenge.specification import SPECIFICATION_COLUMNS
from mechanisms.compare import Contrast, build_design, build_units, compare_scores

NAMES = ["one", "two", "gone"]


def make(n=8, donor="each_sample"):
    obs = pd.DataFrame(
        {"outcome": ["resorbing"] * n + ["non_resorbing"] * n},
        index=[f"S{i:02d}" for i in range(2 * n)],
    )
    contrast = Contrast("outcome", "resorbing", "non_resorbing", donor=donor)
    design = build_design(build_units(obs, contrast), contrast)
    rng = np.random.default_rng(5)

    def table():
        frame = pd.DataFrame(
            rng.normal(size=(2 * n, 4)),
            index=design.units,
            columns=[*NAMES, "content_macrophage"],
        )
        frame["one"] += 2.0 * design.target
        frame["gone"] = np.nan
        return frame

    scores = {g: {m: table() for m in ("singscore", "zscore")} for g in ("full", "strict")}
    panel = pd.DataFrame(
        rng.normal(size=(2 * n, 12)), index=design.units, columns=[f"P{i}" for i in range(12)]
    )
    genes_of = {"one": frozenset(["P0"]), "two": frozenset(["X"]), "gone": frozenset()}
    return scores, panel, design, genes_of


def curve(adjusts=True, **kwargs):
    scores, panel, design, genes_of = make(**kwargs)
    table = specifications(
        scores, panel, design, genes_of, NAMES, primary="singscore", adjusts=adjusts
    )
    return table, scores, panel, design, genes_of


def test_every_choice_stands_once_in_the_order_of_the_family():
    table, *_ = curve()
    assert tuple(table.columns) == SPECIFICATION_COLUMNS
    assert table["signature"].drop_duplicates().tolist() == NAMES
    assert len(table) == 3 * 2 * 2 * 3
    assert not table.duplicated(["signature", "method", "genes", "adjustment"]).any()
    assert table.groupby("signature")["primary"].sum().eq(2).all()


def test_primary_choices_are_the_compared_effects():
    table, scores, panel, design, genes_of = curve()
    first = table[table["primary"]].set_index(["signature", "adjustment"])
    full = scores["full"]["singscore"]
    raw = compare_scores(full[["one"]], design, seed=1).iloc[0]
    assert_allclose(first.loc[("one", "none"), "estimate"], raw["estimate"])
    assert_allclose(first.loc[("one", "none"), "p_value"], raw["p_value"])
    wide = adjust(full["one"], panel, design, genes_of["one"]).design
    adjusted = compare_scores(full[["one"]], wide, seed=1).iloc[0]
    assert_allclose(first.loc[("one", "composition"), "estimate"], adjusted["estimate"])
    assert_allclose(first.loc[("one", "composition"), "p_value"], adjusted["p_value"])


def test_the_macrophage_score_alone_is_a_covariate():
    table, scores, _, design, _ = curve()
    full = scores["full"]["singscore"]
    z = full["content_macrophage"].to_numpy()
    wide = design.with_covariates(((z - z.mean()) / z.std())[:, None], ("m",))
    expected = compare_scores(full[["two"]], wide, seed=1).iloc[0]
    row = table.query(
        "signature == 'two' and method == 'singscore' and genes == 'full' "
        "and adjustment == 'macrophage'"
    ).iloc[0]
    assert_allclose(row["p_value"], expected["p_value"])


def test_where_composition_does_not_apply_there_is_nothing_to_adjust():
    table, *_ = curve(adjusts=False)
    assert set(table["adjustment"]) == {"none"}


def test_what_cannot_be_scored_is_missing_and_not_counted():
    table, *_ = curve()
    assert table.loc[table["signature"] == "gone", "estimate"].isna().all()
    counts = agreement(table)
    assert counts["gone"] == "0 of 0"
    assert counts["one"] == "12 of 12"
    same = (np.sign(table["estimate"]) == np.sign(table["estimate"][table["primary"]].iloc[2]))[
        table["signature"] == "two"
    ]
    assert counts["two"] == f"{int(same.sum())} of 12"


def test_unknown_donors_have_estimates_and_no_p():
    table, *_ = curve(donor="unknown")
    assert table["p_value"].isna().all()
    assert table.loc[table["signature"] == "one", "estimate"].notna().all()


@pytest.mark.parametrize("lost", ["S00", "S15"])
def test_a_unit_without_a_score_leaves_that_choice_alone(lost):
    scores, panel, design, genes_of = make()
    scores["full"]["zscore"].loc[lost, "one"] = np.nan
    table = specifications(
        scores, panel, design, genes_of, NAMES, primary="singscore", adjusts=True
    )
    assert table.loc[table["signature"] == "one", "estimate"].notna().all()
