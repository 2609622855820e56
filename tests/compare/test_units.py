"""From samples to units: donors, pairs, covariates, and what each refusal says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mechanisms.compare import Contrast, build_units, select_groups
from mechanisms.errors import DesignError

Sheet = Callable[[int, int], pd.DataFrame]
Words = Callable[..., Contrast]


# --- donors -----------------------------------------------------------------------------------


def test_one_sample_a_donor_is_a_unit_under_its_own_name(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 4).sample(frac=1, random_state=1)
    units = build_units(obs, contrast(covariates=("age", "sex")))
    assert list(units.frame.index) == sorted(obs.index)
    assert units.frame.index.name == "unit"
    assert list(units.frame.columns) == ["donor", "group", "pair", "n_samples", "age", "sex"]
    assert units.frame["pair"].isna().all()
    assert units.samples == tuple((name,) for name in sorted(obs.index))
    assert units.donors == "known"
    assert units.notices == ()
    np.testing.assert_array_equal(units.frame["age"], obs.sort_index()["age"])


def test_samples_of_a_donor_are_averaged(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs["donor"] = ["A", "A", "B", "C", "D", "E", "E", "E"]
    obs["sex"] = ["f", "f", "m", "m", "f", "m", "m", "m"]
    units = build_units(obs, contrast(covariates=("age", "sex")))
    assert list(units.frame.index) == [
        "A:resorbing", "B:resorbing", "C:resorbing", "D:non_resorbing", "E:non_resorbing",
    ]  # fmt: skip
    assert units.frame["n_samples"].tolist() == [2, 1, 1, 1, 3]
    assert units.samples[0] == ("S000", "S001")
    assert units.frame["age"].iloc[4] == pytest.approx(obs["age"].iloc[5:].mean())
    scores = pd.DataFrame({"x": np.arange(8.0), "y": 1.0}, index=obs.index)
    scores.loc["S006", "y"] = np.nan
    averaged = units.average(scores)
    assert averaged["x"].tolist() == [0.5, 2, 3, 4, 6]
    assert averaged["y"].isna().tolist() == [False, False, False, False, True]
    assert units.notices == (
        "column 'age' has several values in 2 units, whose samples were averaged; its mean "
        "stands for each",
        "8 samples were averaged into 5 units, one for each donor and group",
    )


@pytest.mark.parametrize("dtype", [None, "category"])
def test_order_of_samples_and_of_scores_changes_nothing(
    sheet: Sheet, contrast: Words, dtype: str | None
) -> None:
    obs = sheet(5, 6)
    obs["donor"] = ["A", "A", "B", "C", "D", "E", "F", "F", "G", "H", "I"]
    if dtype:
        obs[["donor", "outcome"]] = obs[["donor", "outcome"]].astype(dtype)
        obs["donor"] = obs["donor"].cat.add_categories("nobody")
    scores = pd.DataFrame({"x": np.random.default_rng(1).normal(size=11)}, index=obs.index)
    units = build_units(obs, contrast(covariates=("age",)))
    turned = build_units(obs[::-1], contrast(covariates=("age",)))
    pd.testing.assert_frame_equal(units.frame, turned.frame)
    assert units.samples == turned.samples
    assert len(units.frame) == 9
    pd.testing.assert_frame_equal(
        units.average(scores), turned.average(scores.sample(frac=1, random_state=2))
    )


def test_declared_and_unknown_donors(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3).drop(columns="donor")
    for word, status in (("each_sample", "declared"), ("unknown", "unknown")):
        units = build_units(obs, contrast(donor=word))
        assert units.donors == status
        assert units.frame["donor"].tolist() == list(obs.index)


def test_numbers_are_labels_too(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    for codes in ([1, 0], [1.0, 0.0], ["1", "0"], np.array([1, 0], dtype=np.float32)):
        obs["code"] = np.repeat(codes, 3)
        for target, reference in ((1, 0), (1.0, 0.0), ("1", "0")):
            words = contrast(variable="code", target=target, reference=reference)
            frame = build_units(obs, words).frame
            assert frame["group"].tolist() == ["1"] * 3 + ["0"] * 3
            assert words.name == "1 vs 0"
    words = contrast(variable="code", groups={1: "resorbing", 0.0: "non_resorbing"})
    assert build_units(obs, words).frame["group"].iloc[0] == "resorbing"


def test_samples_in_neither_group_are_left_out_and_said(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs.loc["S003", "outcome"], obs.loc["S007", "outcome"] = "unclear", None
    units = build_units(obs, contrast())
    assert len(units.frame) == 6
    assert units.notices == (
        "2 of 8 samples are in neither group and were left out: '(missing)' (1), 'unclear' (1)",
    )
    groups, _ = select_groups(obs, contrast())
    assert groups.value_counts().to_dict() == {"resorbing": 3, "non_resorbing": 3}


def test_values_are_renamed_before_they_are_compared(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs["outcome"] = ["gone", "gone", "smaller", "smaller", "same", "same", "same", "larger"]
    words = contrast(groups={"gone": "resorbing", "smaller": "resorbing", "same": "non_resorbing"})
    units = build_units(obs, words)
    assert units.frame["group"].value_counts().to_dict() == {"resorbing": 4, "non_resorbing": 3}


# --- pairs ------------------------------------------------------------------------------------


def test_donors_in_both_groups_are_paired_and_it_is_said(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs["donor"] = list("ABCD") * 2
    units = build_units(obs, contrast())
    assert units.frame["pair"].tolist() == list("ABCD") * 2
    assert units.notices == (
        "every donor has samples in both groups, so the comparison is paired by donor (4 pairs)",
    )


def test_pairs_of_different_donors(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    obs["matched"] = [3, 1, 2, 1, 2, 3]
    units = build_units(obs, contrast(pair="matched"))
    assert units.frame["pair"].tolist() == ["3", "1", "2", "1", "2", "3"]


def test_samples_of_several_pairs_of_a_donor_are_one_pair(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs["donor"] = ["A", "A", "B", "C"] * 2
    obs["level"] = ["A1", "A2", "B1", "C1", "A1", "A3", "B1", "C1"]
    units = build_units(obs, contrast(pair="level"))
    assert sorted(units.frame["pair"]) == ["A", "A", "B1", "B1", "C1", "C1"]
    assert (
        "1 donors have samples of several pairs in one group (for example A)" in (units.notices[0])
    )


# --- batches and covariates -------------------------------------------------------------------


def test_batches_are_names_even_when_they_are_numbers(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs["run"] = [1.0, 2.0, 1.0, 2.0] * 2
    units = build_units(obs, contrast(batch="run"))
    assert units.frame["run"].tolist() == ["1", "2", "1", "2"] * 2
    obs["donor"] = ["A", "A", "B", "C", "D", "D", "E", "F"]
    with pytest.raises(DesignError, match=r"donor A in group 'resorbing' differ in column 'run'"):
        build_units(obs, contrast(batch="run"))


def test_a_column_may_be_batch_and_covariate(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    obs["run"] = ["x", "y", "x"] * 2
    frame = build_units(obs, contrast(batch="run", covariates=("run", "age", "age"))).frame
    assert list(frame.columns)[4:] == ["run", "age"]


# --- refusals ---------------------------------------------------------------------------------


def refused(obs: pd.DataFrame, words: Contrast, said: str) -> str:
    with pytest.raises(DesignError, match=said) as error:
        build_units(obs, words)
    text = str(error.value)
    assert "\n" not in text
    assert "?." not in text
    assert text[-1] != "."
    return text


def test_an_unknown_column(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    refused(
        obs,
        contrast(variable="outcom"),
        r"design.variable names column 'outcom', .* it has outcome, donor, age, sex; "
        "did you mean 'outcome'",
    )
    refused(obs, contrast(donor="donr"), r"design.donor names column 'donr'.*'donor'.*each_sample")
    refused(obs, contrast(pair="twin"), r"design.pair names column 'twin'.*it has outcome")
    refused(obs, contrast(covariates=("ages",)), r"design.covariates names column 'ages'.*'age'")
    refused(obs, contrast(batch="run"), r"design.batch names column 'run'.*it has outcome")


def test_a_value_that_does_not_occur(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 4)
    text = refused(
        obs,
        contrast(target="resorbed"),
        r"design.target is 'resorbed', which does not occur in column 'outcome'; it has "
        r"'non_resorbing' \(4\), 'resorbing' \(3\); did you mean 'resorbing'\?",
    )
    assert "design.groups" in text
    refused(obs, contrast(reference="control"), "design.reference is 'control'.*Correct it")
    refused(
        obs,
        contrast(groups={"resorbin": "resorbing"}),
        "design.groups renames 'resorbin'.*did you mean 'resorbing'",
    )


def test_target_and_reference_are_one(sheet: Sheet, contrast: Words) -> None:
    refused(
        sheet(3, 3),
        contrast(reference="resorbing"),
        r"design.target and design.reference are both 'resorbing'; name two values",
    )


def test_one_sample_in_a_group(sheet: Sheet, contrast: Words) -> None:
    refused(
        sheet(1, 5),
        contrast(),
        r"group 'resorbing' \(column 'outcome'\) has 1 sample \(S000\).*at least 2 in each group",
    )


def test_one_known_donor_in_a_group(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    obs.loc[obs.index[:3], "donor"] = "A"
    refused(
        obs,
        contrast(),
        r"all 3 samples of group 'resorbing' come from one donor \(A, column 'donor'\)",
    )
    # Declared independent, or not known: the level of evidence says what that allows.
    assert len(build_units(obs, contrast(donor="each_sample")).frame) == 6
    assert len(build_units(obs, contrast(donor="unknown")).frame) == 6


def test_some_donors_in_both_groups(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs["donor"] = list("ABCDABEF")
    refused(
        obs,
        contrast(),
        r"2 of 6 donors have samples in both groups \(for example A, B\).*data.subset",
    )


def test_broken_pairs(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    obs["twin"] = ["a", "b", "c", "a", "b", "d"]
    refused(
        obs,
        contrast(pair="twin"),
        r"pair 'c' \(column 'twin'\) has resorbing instead of one resorbing and one "
        r"non_resorbing; 2 of 4 pairs are not whole",
    )
    obs["twin"] = ["a", "a", "b", "a", "a", "b"]
    refused(obs, contrast(pair="twin"), r"pair 'a' .*has non_resorbing, non_resorbing, resorbing")


def test_missing_values_of_columns(sheet: Sheet, contrast: Words) -> None:
    for column, words in (
        ("age", {"covariates": ("age",)}),
        ("sex", {"covariates": ("sex",)}),
        ("sex", {"batch": "sex"}),
        ("donor", {}),
        ("sex", {"pair": "sex"}),
    ):
        obs = sheet(3, 3).astype({"age": float})
        obs.loc[["S001", "S004"], column] = None
        refused(
            obs,
            contrast(**words),
            rf"column '{column}' \(design.*\) has no value for 2 samples: S001, S004; fill it in",
        )
    obs = sheet(3, 3).astype({"age": float})
    obs.loc["S002", "age"] = np.inf
    refused(obs, contrast(covariates=("age",)), "has no value for 1 samples: S002")


def test_missing_values_outside_the_contrast_do_not_matter(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 3).astype({"age": float})
    obs.loc["S000", "outcome"], obs.loc["S000", "age"] = "other", np.nan
    assert len(build_units(obs, contrast(covariates=("age",))).frame) == 6


def test_words_that_differ_within_a_donor(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(4, 4)
    obs["donor"], obs["site"] = ["A", "A", "B", "C", "D", "E", "F", "G"], list("xyxxyyxy")
    refused(
        obs,
        contrast(covariates=("site",)),
        r"samples of donor A in group 'resorbing' differ in column 'site' \(x, y\)",
    )


def test_a_sample_listed_twice(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    obs.index = ["S0", "S0", "S1", "S2", "S3", "S4"]
    refused(obs, contrast(), "sample 'S0' stands 2 times in the sample sheet")


def test_columns_with_the_tables_own_names(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3).rename(columns={"age": "group"})
    refused(obs, contrast(covariates=("group",)), "names column 'group'.*rename the column")


def test_scores_that_lack_a_sample(sheet: Sheet, contrast: Words) -> None:
    obs = sheet(3, 3)
    units = build_units(obs, contrast())
    scores = pd.DataFrame({"x": np.arange(6.0)}, index=obs.index)
    with pytest.raises(DesignError, match=r"2 of 6 compared samples have no row.*'S004'"):
        units.average(scores.iloc[:4])
