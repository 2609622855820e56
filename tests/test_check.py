"""`mechanisms check`: what can be known before running, and nothing that run would not say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from mechanisms import analysis, cli, plan
from mechanisms.check import check, init_lines, power_lines
from mechanisms.cohort import propose
from mechanisms.errors import DesignError, MechanismsError
from mechanisms.study import read_study

Lay = Callable[..., Path]


@pytest.fixture
def said(lay_study: Lay, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Check a study; topic -> all that is said of it."""

    def look(**changes: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for topic, text in check(read_study(lay_study(tmp_path / "in", **changes))):
            found[topic] = f"{found[topic]} | {text}" if topic in found else text
        return found

    return look


def test_a_sound_study(said):
    lines = said()
    assert lines["data"].startswith("12 samples x 1,000 genes | values: counts (minimum ")
    assert "| genes: symbol (100% look like symbols" in lines["data"]
    assert lines["groups"] == "6 resorbing against 6 non_resorbing (donors)"
    assert lines["outcome"].startswith("known by simulation")
    assert lines["level"] == "tested: large enough for claims"
    assert lines["test"].startswith(
        "ordinary t test of the group's coefficient | the smallest perm"
    )
    assert "can give is 0.0022" in lines["test"]  # 2 / (12 choose 6)
    assert "80 % power at .05 shared among 30 signatures" in lines["test"]
    assert lines["composition"] == "adjusted for by 2 principal components of the panel's genes"
    assert lines["signatures"] == "39 of 39 can be scored"


@pytest.mark.parametrize(
    ("changes", "topic", "text"),
    [
        ({"design": {"donor": "unknown"}}, "level", "describe: donors are unknown: estimates"),
        ({"design": {"donor": "each_sample"}}, "groups", "(samples declared independent)"),
        ({"design": {"covariates": ["age", "sex"]}}, "composition", "adjusted for by 1 principal"),
        ({"data": {"tissue": "purified_cells"}}, "composition", "not adjusted for: purified cells"),
        (
            {"design": {"composition": {"none": "sorted"}}},
            "composition",
            "not adjusted for: sorted",
        ),
        ({"data": {"subset": {"sex": ["female"]}}}, "data", "data.subset keeps"),
        (
            {"design": {"label_basis": "herniation_type"}},
            "outcome",
            "the type of herniation is a pr",
        ),
        ({"design": {"label_basis": "my_word"}}, "design", "is the study's own word"),
        ({"data": {"tissue": "facet_joint"}}, "data", "taken as mixed tissue"),
        ({"score": {"min_genes": 3}}, "coverage", "the study sets its own limit: 60% of a direct"),
    ],
)
def test_what_a_study_should_know_of_itself(said, changes: dict[str, Any], topic: str, text: str):
    lines = said(**changes)
    assert text in lines[topic], lines
    if changes.get("design", {}).get("donor") == "unknown":
        assert "test" not in lines, "no power is promised for a test that is not made"


def test_small_and_uncovered_studies_hear_it(said, small_tables: tuple[pd.DataFrame, pd.DataFrame]):
    counts, sheet = small_tables
    lines = said(counts=counts.drop(index=["ACAN", "COL2A1"]).assign(D02=3), sheet=sheet.iloc[2:10])
    assert lines["groups"].startswith("4 resorbing against 4 non_resorbing")
    assert "4 in the smaller group, 5 needed for claims" in lines["level"]
    assert "nothing can be called supported" in said(sheet=sheet.iloc[4:8])["composition"]
    assert "4 samples of the matrix not in samples.tsv" in lines["data"]


def test_a_constant_sample_is_known_before_running(
    said, small_tables: tuple[pd.DataFrame, pd.DataFrame]
):
    lines = said(counts=small_tables[0].assign(D02=3))
    assert "D02 has no scores: all measured values are equal" in lines["samples"]


def test_pairs_are_counted(said, small_tables: tuple[pd.DataFrame, pd.DataFrame]):
    sheet = small_tables[1].assign(donor_id=[f"P{i}" for i in range(6)] * 2)
    lines = said(sheet=sheet)
    assert lines["groups"].endswith("| 6 pairs")
    assert lines["test"].startswith("t test of the group's coefficient within pairs")
    assert "can give is 0.031" in lines["test"]  # 2 / 2**6


def test_check_says_the_same_as_the_report(said, lay_study: Lay, tmp_path: Path):
    lines = said()
    study = read_study(tmp_path / "in" / "study.yaml")
    findings = analysis.analyse(study, plan.load_cohort(study))
    everything = " | ".join(lines.values())
    assert [t for t in findings.notices["text"] if t not in everything] == []
    assert findings.design["test_text"] in lines["test"]


@pytest.mark.parametrize(
    "changes",
    [
        {"score": {"primary": "singscor"}},
        {"score": {"sensitivity": ["ssgsa"]}},
        {"signatures": {"collection": "cor"}},
        {"signatures": {"add": ["absent.gmt"]}},
        {"design": {"covariates": ["agee"]}},
        {"data": {"scale": "log"}, "score": {"primary": "zscore"}},
    ],
)
def test_what_run_refuses_check_refuses(lay_study: Lay, tmp_path: Path, changes: dict[str, Any]):
    study = read_study(lay_study(tmp_path / "in", **changes))
    with pytest.raises(MechanismsError) as run:
        analysis.analyse(study, plan.load_cohort(study))
    with pytest.raises(MechanismsError) as before:
        check(study)
    assert str(before.value) == str(run.value)


def test_init_tells_what_it_found(lay_study: Lay, tmp_path: Path):
    lay_study(tmp_path)
    lines = init_lines(propose(tmp_path / "counts.tsv", tmp_path / "samples.tsv"))
    assert ("groups", "outcome: 'non_resorbing' (6), 'resorbing' (6)") in lines
    assert ("proposal", "outcome: resorbing against non_resorbing") in lines
    alone = init_lines(propose(tmp_path / "counts.tsv"))
    assert ("groups", "none found: fill the outcome into samples.tsv") in alone


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (["12", "12"], ["tested", "0.0001", "1.20", "1.83"]),
        (["4", "4"], ["descriptive", "0.029", "2.38"]),
        (["8", "8", "--pairs"], ["tested", "0.0078", "within pairs"]),
    ],
)
def test_power_says_what_a_design_could_find(sizes, words):
    done = CliRunner().invoke(cli.app, ["power", *sizes])
    assert done.exit_code == 0
    assert [w for w in words if w not in done.stdout] == []


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((12, 8, True), "are no pairs"),
        ((1, 8, False), "at least 2 donors"),
    ],
)
def test_power_refuses_designs_that_are_none(arguments, match):
    n_target, n_reference, pairs = arguments
    with pytest.raises(DesignError, match=match):
        power_lines(n_target, n_reference, pairs=pairs)


def test_power_refuses_an_impossible_goal():
    with pytest.raises(DesignError, match="cannot be planned"):
        power_lines(12, 12, goal=1.0)


@pytest.mark.parametrize(
    ("name", "why"), [("gsva_poisson", "works on counts"), ("ssgsea_normalised", "other sets")]
)
def test_a_primary_that_cannot_be_scored_again_is_refused(lay_study: Lay, tmp_path, name, why):
    path = lay_study(tmp_path / "in")
    path.write_text(path.read_text("utf-8") + f"\nscore: {{primary: {name}}}\n", "utf-8")
    with pytest.raises(MechanismsError, match=f"score.primary is {name}.*{why}"):
        check(read_study(path))
