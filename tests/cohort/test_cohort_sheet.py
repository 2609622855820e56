"""The sample sheet: types, spaces, missing cells, the subset, left-out samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mechanisms.cohort import load
from mechanisms.cohort.sheet import choose, tidy_sheet
from mechanisms.errors import DataError


def tidy(**columns: list[object]) -> pd.DataFrame:
    frame, _ = tidy_sheet(pd.DataFrame(columns), None, "s.tsv")
    return frame


def test_types() -> None:
    sheet = tidy(
        sample=["a", "b", "c"],
        age=["41", "NA", "38.5"],
        code=["007", "012", "100"],
        group=[" x", "y ", ""],
        mixed=["1", "two", "3"],
        flag=[True, False, True],
        empty=["", "NA", "n/a"],
    )
    assert sheet["age"].tolist()[::2] == [41, 38.5]
    assert np.isnan(sheet["age"].iloc[1])
    assert sheet["code"].tolist() == ["007", "012", "100"]  # ids, not numbers
    assert sheet["group"].tolist()[:2] == ["x", "y"]
    assert sheet["mixed"].tolist() == ["1", "two", "3"]
    assert sheet["flag"].tolist() == ["True", "False", "True"]
    assert sheet["empty"].isna().all()
    assert sheet["group"].isna().tolist() == [False, False, True]


def test_stripped_spaces_are_said() -> None:
    frame = pd.DataFrame({"sample ": ["a ", "b"], "group": [" x", "y"]})
    sheet, said = tidy_sheet(frame, None, "s.tsv")
    assert sheet.index.tolist() == ["a", "b"]
    assert said == ["s.tsv: spaces around 2 entries removed."]


def test_whole_numbers_as_sample_ids_are_text() -> None:
    assert tidy(sample=[1.0, 2.0], x=["a", "b"]).index.tolist() == ["1", "2"]


def test_an_index_names_the_samples_also_beside_a_column_of_that_name() -> None:
    frame = pd.DataFrame({"sample": ["x", "x"]}, index=pd.Index(["a", "b"], name="sample"))
    sheet, _ = tidy_sheet(frame, None, "s.tsv")
    assert sheet.index.tolist() == ["a", "b"]
    assert sheet["sample"].tolist() == ["x", "x"]


@pytest.mark.parametrize("wanted", [["1"], [1], ["1.0"]])
def test_subset_compares_what_a_user_would_write(wanted: list[object]) -> None:
    sheet = tidy(sample=["a", "b", "c"], batch=[1, 2, 1])
    if wanted == ["1.0"]:
        with pytest.raises(DataError, match=r"batch = '1\.0', which does not occur"):
            choose(sheet, {"batch": wanted}, "s.tsv")
        return
    kept, said = choose(sheet, {"batch": wanted}, "s.tsv")
    assert kept.index.tolist() == ["a", "c"]
    assert "keeps 2 of 3 samples" in said[0]


def test_subset_of_several_columns_and_values() -> None:
    sheet = tidy(sample=["a", "b", "c", "d"], x=["p", "q", "r", "p"], y=["u", "u", "u", "v"])
    kept, _ = choose(sheet, {"x": ["p", "q"], "y": ["u"]}, "s.tsv")
    assert kept.index.tolist() == ["a", "b"]


def test_the_sheet_decides_samples_and_their_order(tmp_path: Path) -> None:
    matrix = pd.DataFrame({"a": [5, 6], "b": [7, 8], "c": [9, 10]}, index=["TNF", "IL6"])
    sheet = pd.DataFrame({"sample": ["c", "a"], "group": ["x", "y"]})
    adata = load(matrix, sheet)
    assert adata.obs_names.tolist() == ["c", "a"]
    assert adata.layers["values"].tolist() == [[9, 10], [5, 6]]
    said = " ".join(adata.uns["mechanisms"]["notices"])
    assert "1 sample of the matrix not in the sample sheet, left out: 'b'" in said


def test_rows_outside_the_subset_need_not_be_measured() -> None:
    matrix = pd.DataFrame({"a": [5, 6], "b": [7, 8]}, index=["TNF", "IL6"])
    sheet = pd.DataFrame({"sample": ["a", "b", "z"], "site": ["1", "1", "2"]})
    assert load(matrix, sheet, subset={"site": ["1"]}).n_obs == 2
    with pytest.raises(DataError, match="1 of 3 samples of the sheet"):
        load(matrix, sheet)
