"""What `init` proposes, and the files that it writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from mechanisms.cohort import load, propose, write_study
from mechanisms.cohort.guess import find_groupings, guess_contrast, guess_outcome
from mechanisms.errors import DataError, StudyError
from mechanisms.genes import known_genes
from mechanisms.study import read_study

GENES = sorted(known_genes())[:20]


@pytest.fixture
def matrix(tmp_path: Path, rng: np.random.Generator) -> Path:
    frame = pd.DataFrame(
        rng.poisson(90, (20, 8)), index=GENES, columns=[f"HD {i}" for i in range(8)]
    )
    frame.to_csv(tmp_path / "my counts.tsv", sep="\t", index_label="gene")
    return tmp_path / "my counts.tsv"


@pytest.fixture
def sheet() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample": [f"HD {i}" for i in range(8)],
            "outcome at: 6 months": ["resorbed, fully", "no: resorption"] * 4,
            "patient": [f"P{i // 2}" for i in range(8)],
            "sex": ["f", "f", "m", "m"] * 2,
            "age": range(40, 48),
            "batch": [1, 1, 1, 1, 2, 2, 2, 2],
            "comment": ["line\nbreak", *["x"] * 7],
        }
    )


def test_a_table_with_a_sheet(tmp_path: Path, matrix: Path, sheet: pd.DataFrame) -> None:
    p = propose(matrix, sheet)
    assert (p.n_samples, p.n_genes, p.identifiers, p.scale) == (8, 20, "symbol", "counts")
    assert p.outcome == "outcome at: 6 months"
    assert (p.target, p.reference) == ("resorbed, fully", "no: resorption")
    assert p.donors == ("patient",)
    assert p.batches == ("batch",)
    assert p.covariates == ("sex", "age")
    assert {g.column: g.counts for g in p.groupings}["sex"] == {"f": 4, "m": 4}
    assert p.problems == ()
    paths = write_study(p, tmp_path / "new" / "study")
    assert [x.name for x in paths] == ["study.yaml", "samples.tsv"]
    study = read_study(paths[0])
    assert study.study == "my_counts"
    assert study.data.matrix == "../../my counts.tsv"
    assert study.design.variable == "outcome at: 6 months"
    assert study.design.reference == "no: resorption"
    assert study.design.donor == "patient"
    assert study.design.covariates == []
    assert "sex, age" in paths[0].read_text()
    adata = load(study.resolve(study.data.matrix), study.resolve(study.data.samples or ""))
    assert adata.obs["age"].tolist() == list(range(40, 48))
    assert adata.obs["comment"].iloc[0] == "line break"


def test_a_table_alone_asks_for_outcome_and_donor(tmp_path: Path, matrix: Path) -> None:
    p = propose(matrix)
    assert p.outcome is None
    study_file, sheet_file = write_study(p, tmp_path / "s")
    assert "TO DO: no column of groups was found" in study_file.read_text()
    rows = sheet_file.read_text().splitlines()
    asked = "level\tweeks_since_onset\tsteroid\tnsaid\tage\tsex\tbatch"
    assert rows[0] == f"sample_id\toutcome\tdonor_id\t{asked}"
    assert rows[1] == "HD 0\tNA\tNA" + 7 * "\tunknown"
    study = read_study(study_file)
    assert (study.design.target, study.design.donor) == ("resorbing", "donor_id")


def test_problems_are_written_not_raised(tmp_path: Path, matrix: Path) -> None:
    frame = pd.read_csv(matrix, sep="\t", index_col=0)
    frame.index = pd.Index([f"{i}_at" for i in range(20)], name="ID")
    frame.to_csv(tmp_path / "probes.csv")
    p = propose(tmp_path / "probes.csv")
    assert p.identifiers == "probes"
    assert "Set data.genes.platform" in p.problems[0]
    text = write_study(p, tmp_path / "s")[0].read_text()
    assert "# TO DO: probes.csv: the rows are probes" in text
    assert max(map(len, text.splitlines())) <= 100
    centred = frame.set_axis(GENES, axis=0).sub(frame.to_numpy().mean(1), axis=0)
    centred.to_csv(tmp_path / "centred.csv")
    assert "look centred" in propose(tmp_path / "centred.csv").problems[0]


def test_nothing_is_overwritten(tmp_path: Path, matrix: Path) -> None:
    p = propose(matrix)
    (tmp_path / "samples.tsv").write_text("mine")
    with pytest.raises(StudyError, match=r"samples\.tsv: already in the folder .* --dir"):
        write_study(p, tmp_path)
    assert (tmp_path / "samples.tsv").read_text() == "mine"
    assert not (tmp_path / "study.yaml").exists()


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the matrix was not found"):
        propose(tmp_path / "no.tsv")


def test_groupings() -> None:
    obs = pd.DataFrame(
        {
            "constant": ["x"] * 6,
            "unique": list("abcdef"),
            "pairs": list("aabbcc"),
            "grade": [1, 1, 2, 2, 2, np.nan],
            "title": list("aabbab"),
            "ratio": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        }
    )
    found = find_groupings(obs)
    assert [g.column for g in found] == ["pairs", "grade"]
    assert found[1].counts == {"2": 3, "1": 2}


@pytest.mark.parametrize(
    ("values", "target", "reference"),
    [
        (["control", "treated"], "treated", "control"),
        (["untreated", "treated"], "treated", "untreated"),
        (["resorbing", "non_resorbing"], "resorbing", "non_resorbing"),
        (["osteoarthritis", "normal"], "osteoarthritis", "normal"),
        (["healthy control", "RA", "OA"], "RA", "healthy control"),
        (["M2a", "M1", "M2c"], "M1", "M2a"),
        (["resorbed", "persistent"], "resorbed", "persistent"),
    ],
)
def test_contrast(values: list[str], target: str, reference: str) -> None:
    counts = {v: 10 - i for i, v in enumerate(values)}
    assert guess_contrast(counts) == (target, reference)


def test_outcome_is_preferred_to_sex_and_batch() -> None:
    obs = pd.DataFrame(
        {"sex": list("fmfm"), "batch": list("xyyx"), "disc": ["normal", "bulge"] * 2}
    )
    found = guess_outcome(find_groupings(obs), {"sex", "batch"})
    assert found is not None
    assert found.column == "disc"


@pytest.mark.parametrize(
    "word", ["no", "yes", "1", "Null", "a: b", "#x", "it's", "x, [y]", "-", "~"]
)
def test_awkward_words_survive_yaml(
    tmp_path: Path, matrix: Path, sheet: pd.DataFrame, word: str
) -> None:
    sheet = sheet[["sample"]].assign(group=[word, "zz control"] * 4)
    path = write_study(propose(matrix, sheet), tmp_path / "s")[0]
    design = yaml.safe_load(path.read_text())["design"]
    assert design["target"] == word
    assert read_study(path).design.target == word
