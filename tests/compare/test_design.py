"""The design matrix, and what it refuses to take apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mechanisms.compare import Design
from mechanisms.errors import DesignError

Sheet = Callable[[int, int], pd.DataFrame]
Designed = Callable[..., Design]


def test_the_group_is_the_last_column(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(4, 5)
    obs["run"] = ["b2", "b1", "b3"] * 3
    design = designed(obs, covariates=("age", "sex"), batch="run")
    assert design.names == ("intercept", "age", "sex=male", "run=b2", "run=b3", "group")
    np.testing.assert_array_equal(design.X[:, 0], 1)
    np.testing.assert_array_equal(design.X[:, design.column], design.target)
    np.testing.assert_array_equal(design.X[:, 2], obs["sex"] == "male")
    assert design.X[:, 1].mean() == pytest.approx(0, abs=1e-12)
    assert design.X[:, 1].std() == pytest.approx(1)
    assert (design.n_target, design.n_reference, design.n_pairs) == (4, 5, None)
    assert (design.residual_df, design.only_groups) == (3, False)


def test_the_unit_of_a_covariate_does_not_matter(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(5, 5)
    obs["days"] = obs["age"] * 365.25 + 1e6
    one, other = designed(obs, covariates=("age",)), designed(obs, covariates=("days",))
    np.testing.assert_allclose(one.X, other.X, atol=1e-9)


def test_levels(sheet: Sheet, designed: Designed) -> None:
    assert designed(sheet(5, 5)).level() == ("tested", "")
    assert designed(sheet(4, 6)).level()[0] == "descriptive"
    assert designed(sheet(8, 8), donor="unknown").level()[0] == "describe"
    assert designed(sheet(8, 8), donor="each_sample").level()[0] == "tested"
    obs = sheet(5, 5)
    obs["run"] = ["a", "b", "c", "d", "e"] * 2
    level, why = designed(obs, batch="run", covariates=("age", "sex")).level()
    assert (level, why) == ("descriptive", "2 residual degrees of freedom, 4 needed for claims")


def test_paired_designs_have_a_column_for_each_pair(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(6, 6)
    obs["donor"] = list("ABCDEF") * 2
    design = designed(obs)
    assert design.n_pairs == 6
    assert design.X.shape == (12, 7)
    assert design.residual_df == 5
    assert design.only_groups
    assert design.level() == ("tested", "")


def test_a_pair_that_lost_a_member_goes_as_a_whole(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(6, 6)
    obs["donor"] = list("ABCDEF") * 2
    keep = np.ones(12, dtype=bool)
    keep[[0, 8]] = False
    part = designed(obs).subset(keep)
    assert part.n_pairs == 4
    assert part.n_target == part.n_reference == 4
    assert part.X.shape == (8, 5)
    assert part.estimable()
    assert set(part.pair) == {1, 3, 4, 5}


def test_a_level_that_nobody_has_left_goes_with_its_column(
    sheet: Sheet, designed: Designed
) -> None:
    obs = sheet(5, 5)
    obs["run"] = ["a", "b", "a", "b", "c"] * 2
    design = designed(obs, batch="run")
    part = design.subset(np.array(obs["run"] != "c"))
    assert part.names == ("intercept", "run=b", "group")
    assert part.estimable()
    assert not design.subset(np.zeros(10, dtype=bool)).estimable()


def test_more_covariates_stand_before_the_group(sheet: Sheet, designed: Designed) -> None:
    design = designed(sheet(4, 4), covariates=("age",))
    wide = design.with_covariates(np.arange(16.0).reshape(8, 2), ("c1", "c2"))
    assert wide.names == ("intercept", "age", "c1", "c2", "group")
    assert wide.residual_df == design.residual_df - 2
    np.testing.assert_array_equal(wide.X[:, -1], design.X[:, -1])


# --- refusals ---------------------------------------------------------------------------------


def refused(designed: Designed, obs: pd.DataFrame, said: str, **words: object) -> None:
    with pytest.raises(DesignError, match=said) as error:
        designed(obs, **words)
    assert "\n" not in str(error.value)


def test_a_batch_that_is_the_group(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(4, 4)
    obs["run"] = ["a"] * 4 + ["b"] * 4
    refused(
        designed,
        obs,
        "column 'run' and the group tell resorbing and non_resorbing apart in the same way",
        batch="run",
    )
    obs["run"] = ["a", "a", "b", "b", "c", "c", "d", "d"]  # nested in the group
    refused(designed, obs, "column 'run' and the group tell", batch="run")
    obs["code"] = [7.5] * 4 + [2.25] * 4
    refused(designed, obs, "column 'code' and the group tell", covariates=("code",))


def test_columns_that_are_the_group_together(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(4, 4)
    obs["one"] = [1.0, 2, 3, 4, 5, 6, 7, 8]
    obs["two"] = obs["one"] - np.r_[[1.0] * 4, [0.0] * 4]
    refused(designed, obs, "the columns one, two together tell", covariates=("one", "two"))


def test_a_constant_column(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(4, 4)
    obs["site"], obs["dose"] = "Berlin", 2.0
    said = r"column 'site' has one value in all 8 units of resorbing and non_resorbing.*leave it"
    refused(designed, obs, said, covariates=("site",))
    refused(designed, obs, said, batch="site")
    refused(designed, obs, "column 'dose' has one value", covariates=("dose",))


def test_a_repeated_column(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(5, 5)
    obs["months"] = obs["age"] * 12
    obs["female"] = obs["sex"] == "female"
    refused(designed, obs, r"column 'months' repeats .*\(age\)", covariates=("age", "months"))
    refused(designed, obs, r"column 'female' repeats .*\(sex\)", covariates=("sex", "female"))


def test_a_column_of_the_donor_in_a_paired_design(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(5, 5)
    obs["donor"], obs["age"] = list("ABCDE") * 2, [41, 38, 55, 60, 29] * 2
    refused(
        designed, obs, "column 'age' is the same in both units of every pair", covariates=("age",)
    )


def test_a_column_of_ids_or_of_numbers_written_as_words(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(4, 4)
    obs["years"] = [f"{i + 40} y" for i in range(8)]
    refused(
        designed,
        obs,
        "column 'years' is read as names and has another one in each of the 8 units",
        covariates=("years",),
    )


def test_too_many_parameters(sheet: Sheet, designed: Designed) -> None:
    obs = sheet(3, 3)
    obs["run"] = ["a", "b", "c"] * 2
    obs["weight"] = [61.0, 75, 80, 55, 90, 71]
    obs["sex"] = ["f", "m", "m", "m", "f", "m"]
    refused(
        designed,
        obs,
        r"6 units cannot carry a design of 6 parameters \(intercept, weight, sex=m, run=b, run=c, "
        r"group\).*Use fewer",
        covariates=("weight", "sex"),
        batch="run",
    )
