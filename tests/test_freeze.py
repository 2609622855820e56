"""A frozen plan: what is written, what counts as a deviation, and that nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from mechanisms import cli, plan
from mechanisms.errors import StudyError
from mechanisms.freeze import deviations, freeze
from mechanisms.study import make_study

BASE = {
    "study": "planned",
    "data": {"matrix": "counts.tsv"},
    "design": {
        "variable": "outcome",
        "target": "resorbing",
        "reference": "non_resorbing",
        "label_basis": "mri_followup",
        "donor": "donor_id",
    },
}


def changed(**parts):
    study = {k: dict(v) if isinstance(v, dict) else v for k, v in BASE.items()}
    for key, value in parts.items():
        study[key] = {**study.get(key, {}), **value} if isinstance(value, dict) else value
    return study


def test_a_plan_holds_hypotheses_and_hashes(tmp_path: Path):
    path = freeze(make_study(BASE, tmp_path), tmp_path / "plan.yaml")
    content = yaml.safe_load(path.read_text("utf-8"))
    collection = plan.collection_of(make_study(BASE, tmp_path))
    assert content["collection"] == collection.hash
    assert content["hypotheses"]["matrix_mmp"] == "up"
    assert content["signatures"]["matrix_mmp"] == collection["matrix_mmp"].hash
    assert "content_macrophage" not in content["hypotheses"]
    assert path.read_text("utf-8").startswith("# A frozen plan")


def test_the_planned_study_follows_its_plan(tmp_path: Path):
    freeze(make_study(BASE, tmp_path), tmp_path / "plan.yaml")
    said = deviations(make_study(changed(plan="plan.yaml"), tmp_path))
    assert len(said) == 1
    assert said[0].startswith("follows the plan of 20")


def test_a_study_without_a_plan_says_nothing(tmp_path: Path):
    assert deviations(make_study(BASE, tmp_path)) == []


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"design": {"covariates": ["age"]}}, "design.covariates was [], and is ['age']"),
        ({"design": {"target": "resorbed"}}, "design.target was resorbing, and is resorbed"),
        ({"score": {"primary": "ssgsea"}}, "score.primary was auto, and is ssgsea"),
        ({"signatures": {"mode": "strict"}}, "mode was full, and is strict"),
        ({"data": {"subset": {"level": ["L5"]}}}, "subset.level was absent, and is ['L5']"),
    ],
)
def test_every_deviation_is_said(tmp_path: Path, parts: dict, text: str):
    freeze(make_study(BASE, tmp_path), tmp_path / "plan.yaml")
    said = deviations(make_study(changed(plan="plan.yaml", **parts), tmp_path))
    assert any(text in line and line.startswith("deviates from the plan of") for line in said)


def test_a_changed_signature_is_named(tmp_path: Path):
    path = freeze(make_study(BASE, tmp_path), tmp_path / "plan.yaml")
    content = yaml.safe_load(path.read_text("utf-8"))
    content["signatures"]["matrix_mmp"] = "0" * 64
    path.write_text(yaml.safe_dump(content), "utf-8")
    said = deviations(make_study(changed(plan="plan.yaml"), tmp_path))
    assert [line for line in said if "signatures.matrix_mmp was 0000000000..." in line]


def test_a_plan_is_never_overwritten(tmp_path: Path):
    freeze(make_study(BASE, tmp_path), tmp_path / "plan.yaml")
    with pytest.raises(StudyError, match="never overwritten"):
        freeze(make_study(BASE, tmp_path), tmp_path / "plan.yaml")


@pytest.mark.parametrize(
    ("text", "match"),
    [(None, "cannot be read"), ("a: [", "cannot be read"), ("a: 1", "is no plan: it lacks")],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str | None, match: str):
    if text is not None:
        (tmp_path / "plan.yaml").write_text(text, "utf-8")
    with pytest.raises(StudyError, match=match):
        deviations(make_study(changed(plan="plan.yaml"), tmp_path))


def test_check_freezes_and_the_report_says_deviations(lay_study, tmp_path: Path):
    study = lay_study(tmp_path / "in")
    done = CliRunner().invoke(cli.app, ["check", str(study), "--freeze", str(tmp_path / "p.yaml")])
    assert done.exit_code == 0
    assert "frozen in" in done.stdout
    content = yaml.safe_load(study.read_text("utf-8"))
    content |= {"plan": str(tmp_path / "p.yaml"), "score": {"sensitivity": ["zscore"]}}
    study.write_text(yaml.safe_dump(content), "utf-8")
    out = tmp_path / "out"
    done = CliRunner().invoke(cli.app, ["run", str(study), "--out", str(out), "--quiet"])
    assert done.exit_code == 0
    notices = (out / "tables" / "notices.csv").read_text("utf-8")
    assert "deviates from the plan of" in notices
    assert "score.sensitivity" in notices
