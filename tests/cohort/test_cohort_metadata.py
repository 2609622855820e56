"""What a reviewer asks of the samples, and what cannot be told apart from the groups."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from mechanisms.cohort import fields_of, load, propose, remarks, write_cohort, write_study
from mechanisms.cohort.metadata import FIELDS, audit, column_of, confounding, repeated_donors
from mechanisms.simulate import simulate_cohort
from mechanisms.study import read_study

N = 12


@pytest.fixture
def obs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "outcome": ["a", "b"] * 6,
            "Patient ID": [f"P{i}" for i in range(N)],
            "gender": ["f", "f", "m", "m"] * 3,
            "age": [40, 41, 52, 50, 61, 63, 45, 44, 58, 57, 39, 40],
            "steroid": ["unknown"] * N,
            "level": [None] * N,
        },
        index=[f"S{i}" for i in range(N)],
    )


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("donor", "Patient ID"),
        ("donor", "subject"),
        ("sex", "Gender"),
        ("age", "age (years)"),
        ("level", "disc level"),
        ("weeks_since_onset", "duration_weeks"),
        ("nsaid", "NSAIDs"),
        ("batch", "scan_date"),
    ],
)
def test_fields_are_found_by_their_other_names(field: str, name: str) -> None:
    assert column_of(field, ["x", name]) == name
    assert column_of(field, [name, field]) == field


@pytest.mark.parametrize("name", ["stage", "percentage", "outcome", "sextant", "title"])
def test_other_columns_are_no_fields(name: str) -> None:
    assert [f for f in FIELDS if column_of(f, [name])] == []


def test_each_field_is_given_unknown_or_absent(obs: pd.DataFrame) -> None:
    found = audit(obs, {"tissue": "herniation", "label_basis": "mri_followup", "pair": None})
    assert found.given == {
        "donor": "Patient ID",
        "tissue": "herniation",
        "age": "age",
        "sex": "gender",
        "label_basis": "mri_followup",
    }
    assert found.unknown == ["level", "steroid"]
    assert found.absent == ["weeks_since_onset", "nsaid", "batch"]
    lines = found.lines()
    assert lines[0].startswith("given: donor (Patient ID), tissue (herniation), age, sex (gender)")
    assert lines[1] == "said to be unknown: level, steroid"
    assert "write unknown in it" in lines[2]
    assert audit(obs, {"donor": "unknown"}).unknown[0] == "donor"


def one(obs: pd.DataFrame, **columns: str) -> list[str]:
    return confounding(obs, obs["outcome"], "a", "b", columns)


def test_balanced_fields_are_not_mentioned(obs: pd.DataFrame) -> None:
    assert one(obs, sex="gender", age="age", steroid="steroid", donor="Patient ID") == []


CONFOUNDED = {
    "batch by group": (
        ["1", "2"] * 6,
        "batch and the groups cannot be told apart: each batch occurs in one group only "
        "(1: 6 a, 0 b; 2: 0 a, 6 b)",
    ),
    "four batches": (["1", "2", "3", "4"] * 3, "cannot be told apart"),
    "mostly": (["1", "2"] * 5 + ["2", "1"], "batch differs between the groups (1: 5 a, 1 b; 2: 1"),
    "numbers": ([1, 2] * 6, "cannot be told apart"),
}


@pytest.mark.parametrize("name", CONFOUNDED)
def test_a_batch_that_goes_with_the_groups(obs: pd.DataFrame, name: str) -> None:
    cells, words = CONFOUNDED[name]
    obs["batch"] = cells
    (said,) = one(obs, batch="batch")
    assert words in said


def test_an_age_that_goes_with_the_groups(obs: pd.DataFrame) -> None:
    obs["age"] = [70 + i if i % 2 else 30 + i for i in range(N)]
    (said,) = one(obs, age="age")
    assert said.startswith("age and the groups cannot be told apart: mean 35 in a, 76 in b, and")
    obs["age"] = [50 + i if i % 2 else 42 + i for i in range(N)]
    (said,) = one(obs, age="age")
    assert "age differs between the groups (mean 47 in a, 56 in b)" in said
    assert "design.covariates" in said


def test_too_little_to_judge(obs: pd.DataFrame) -> None:
    assert one(obs.iloc[:3], sex="gender") == []
    obs["batch"] = [f"run {i}" for i in range(N)]
    assert one(obs, batch="batch") == []  # one a sample: nothing to see
    obs["batch"] = ["unknown"] * 10 + ["1", "2"]
    assert one(obs, batch="batch") == []


def test_inseparable_fields_come_first(obs: pd.DataFrame) -> None:
    obs["batch"] = ["1", "2"] * 6
    obs["age"] = [50 + i if i % 2 else 42 + i for i in range(N)]
    assert [s.split(" ")[0] for s in one(obs, age="age", batch="batch")] == ["batch", "age"]


def test_donors_with_several_samples(obs: pd.DataFrame) -> None:
    assert repeated_donors(obs, "Patient ID", obs["outcome"]) is None
    obs["Patient ID"] = [f"P{i // 2}" for i in range(N)]
    said = repeated_donors(obs, "Patient ID", obs["outcome"])
    assert said is not None
    assert "6 donors gave several samples ('P0', 'P1', 'P2' and 3 more)" in said
    assert "6 of them are in both groups: name the column as design.pair" in said


def test_unknown_among_numbers_is_missing(obs: pd.DataFrame) -> None:
    sheet = pd.DataFrame({"sample": ["a", "b", "c"], "age": ["41", "unknown", "38.5"]})
    adata = load(pd.DataFrame({s: [5, 6] for s in "abc"}, index=["TNF", "IL6"]), sheet)
    assert adata.obs["age"].tolist()[::2] == [41, 38.5]
    assert np.isnan(adata.obs["age"].iloc[1])
    notices = " ".join(adata.uns["mechanisms"]["notices"])
    assert "column 'age' holds numbers; 1 cell that say 'unknown' were taken as missing" in notices


# --- the remarks of a study -------------------------------------------------------------------


@pytest.fixture(scope="module")
def cohort() -> ad.AnnData:
    adata, _ = simulate_cohort(6, 6, n_genes=2000)
    adata.obs["batch"] = np.where(adata.obs["outcome"] == "resorbing", "run 1", "run 2")
    return load(adata)


def test_remarks_by_topic(cohort: ad.AnnData) -> None:
    fields = fields_of("donor_id", None, "herniation", "mri_followup", None)
    lines = remarks(
        cohort,
        variable="outcome",
        target="resorbing",
        reference="non_resorbing",
        groups={},
        study=fields,
    )
    topics = dict(lines)
    assert "batch and the groups cannot be told apart" in topics["confounding"]
    assert "no global shift" in topics["shift"]
    assert [t for t, _ in lines].count("metadata") == 2
    shifted = cohort.copy()
    shifted.X[(shifted.obs["outcome"] == "resorbing").to_numpy()] += 0.7
    lines = remarks(
        shifted,
        variable="outcome",
        target="R",
        reference="non_resorbing",
        groups={"resorbing": "R"},
        study=fields,
    )
    assert "a global shift" in dict(lines)["shift"]


def test_init_asks_for_what_a_reviewer_asks(tmp_path: Path, cohort: ad.AnnData) -> None:
    raw, _ = simulate_cohort(3, 3, n_genes=1500)
    written = write_cohort(raw, tmp_path, "table")
    p = propose(written.matrix, written.samples)
    study, sheet = write_study(p, tmp_path / "new", excel=True)
    assert sheet.name == "samples.xlsx"
    frame = pd.read_excel(sheet, keep_default_na=False)
    assert frame["steroid"].tolist() == ["unknown"] * 6
    assert frame["age"].tolist() == raw.obs["age"].tolist()
    data = read_study(study).data
    assert data.samples == "samples.xlsx"
    assert load(written.matrix, sheet).n_obs == 6


def test_init_takes_the_largest_platform(tmp_path: Path) -> None:
    import gzip

    raw, _ = simulate_cohort(3, 3, n_genes=1500)
    written = write_cohort(raw, tmp_path, "soft")
    text = gzip.decompress(written.matrix.read_bytes()).decode()
    head, *samples = text.split("^SAMPLE")
    samples[0] = samples[0].replace("GPL900", "GPL901")
    path = tmp_path / "two.soft"
    path.write_text("^SAMPLE".join([head, *samples]))
    p = propose(path)
    assert p.n_samples == 5
    assert "GPL900 (5 samples), GPL901 (1 samples)); GPL900 was taken" in " ".join(p.notices)
    study, sheet = write_study(p, tmp_path / "s")
    data = read_study(study).data
    assert load(path, sheet, scale=data.scale).n_obs == 5


@pytest.mark.parametrize("format", ["10x", "salmon", "star", "geo_supplement", "h5ad"])
def test_init_of_folders(tmp_path: Path, format: str) -> None:
    raw, _ = simulate_cohort(3, 3, n_genes=1500)
    written = write_cohort(raw, tmp_path, format)
    p = propose(written.matrix, written.samples, transcripts=written.transcripts)
    assert (p.outcome, p.target, p.reference) == ("outcome", "resorbing", "non_resorbing")
    assert p.problems == ()
    assert p.donors == ("donor_id",)
    study = read_study(write_study(p, tmp_path / "s")[0])
    assert (study.data.genes.transcripts is None) == (written.transcripts is None)
