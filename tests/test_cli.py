"""The command line: exit codes, one message on stderr, no traceback, nothing left behind."""

from __future__ import annotations

import gzip
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mechanisms import cli, pipeline

Lay = Callable[..., Path]


class Outcome(NamedTuple):
    """What a person sees of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run `mechanisms ARGUMENTS` in this process, through the same door as the console script."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["mechanisms", *map(str, arguments)])
        monkeypatch.setattr("signal.signal", lambda *_: None)
        monkeypatch.setattr("warnings.showwarning", warnings.showwarning)
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


def spawn(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mechanisms", *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# --- help and version -------------------------------------------------------------------------


def test_help_imports_nothing_heavy():
    heavy = "numpy pandas scipy scanpy anndata matplotlib seaborn numba statsmodels gseapy pydantic"
    code = (
        "import sys\n"
        "from mechanisms import cli\n"
        "try:\n"
        "    cli.app(['--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print('heavy:', *sorted(set('{heavy}'.split()) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == "heavy:"


@pytest.mark.parametrize("name", ["demo", "run", "check", "init", "signatures"])
def test_every_command_explains_itself(name: str):
    whole = CliRunner().invoke(cli.app, ["--help"])
    assert whole.exit_code == 0
    assert f" {name} " in whole.output
    one = CliRunner().invoke(cli.app, [name, "--help"])
    assert one.exit_code == 0
    assert "Usage:" in one.output


def test_version(command):
    from mechanisms import __version__

    assert command("--version") == Outcome(0, f"mechanisms {__version__}\n", "")


def test_an_unknown_command_and_option_are_bad_input(command):
    assert command("rnu").code == 2
    wrong = command("run", "study.yaml", "--outt", "x")
    assert wrong.code == 2
    assert "--out" in wrong.err
    assert "Traceback" not in wrong.err


# --- bad input --------------------------------------------------------------------------------


class Bad(NamedTuple):
    """One kind of bad input: what it does to a good study, and what must be said."""

    name: str
    says: tuple[str, ...]
    study: Mapping[str, Any] = MappingProxyType({})
    counts: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    sheet: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    after: Callable[[Path], object] | None = None


def put(row: int, column: str, value: object):
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype({column: object})
        frame.loc[frame.index[row], column] = value
        return frame

    return change


def pack(cut: int):
    """Replace counts.tsv by a gz that lacks its last bytes."""

    def change(folder: Path) -> None:
        packed = gzip.compress((folder / "counts.tsv").read_bytes())
        (folder / "counts.tsv").write_bytes(packed[: len(packed) - cut])

    return change


def rewrite(old: str, new: str):
    def change(folder: Path) -> None:
        path = folder / "study.yaml"
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")

    return change


def empty(folder: Path) -> None:
    (folder / "counts.tsv").write_text("")


def strangers(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.set_axis([f"feature_{i}" for i in range(len(counts))], axis=0)


def unrelated_genes(counts: pd.DataFrame) -> pd.DataFrame:
    """Human genes all of them, and none in a signature."""
    return counts.iloc[:60].set_axis([f"OR{i}A{j}" for i in range(1, 7) for j in range(1, 11)])


BAD = [
    Bad(
        "missing matrix",
        ("count.tsv", "data.matrix", "counts.tsv"),
        {"data": {"matrix": "count.tsv"}},
    ),
    Bad("missing sheet", ("sample.tsv", "data.samples"), {"data": {"samples": "sample.tsv"}}),
    Bad(
        "no sheet at all",
        ("counts.tsv", "brings no sample sheet", "data.samples"),
        {"data": {"samples": None}},
    ),
    Bad(
        "ids that do not match",
        ("samples.tsv", "'DO4'", "nearest: 'D04'", "counts.tsv"),
        sheet=put(3, "sample", "DO4"),
    ),
    Bad(
        "misspelt variable",
        ("samples.tsv", "design.variable", "'outcom'", "did you mean 'outcome'?"),
        {"design": {"variable": "outcom"}},
    ),
    Bad(
        "misspelt covariate",
        ("samples.tsv", "design.covariates", "'agee'", "did you mean 'age'?"),
        {"design": {"covariates": ["agee"]}},
    ),
    Bad(
        "misspelt donor",
        ("samples.tsv", "design.donor", "'donor'", "did you mean 'donor_id'?", "each_sample"),
        {"design": {"donor": "donor"}},
    ),
    Bad(
        "misspelt column of the subset",
        ("samples.tsv", "data.subset", "'sexx'", "'sex'"),
        {"data": {"subset": {"sexx": ["female"]}}},
    ),
    Bad(
        "misspelt sample_id",
        ("samples.tsv", "data.sample_id", "'smaple'", "'sample'"),
        {"data": {"sample_id": "smaple"}},
    ),
    Bad(
        "misspelt study key",
        ("study.yaml", "design.traget", "did you mean 'target'?"),
        after=rewrite("target:", "traget:"),
    ),
    Bad(
        "a group with one sample",
        ("samples.tsv", "'non_resorbing'", "1 sample", "D12", "at least 2"),
        sheet=lambda s: s[(s["outcome"] == "resorbing") | (s["sample"] == "D12")],
    ),
    Bad(
        "a group that does not occur",
        (
            "samples.tsv",
            "design.target",
            "'resorbed'",
            "'outcome'",
            "'resorbing' (6)",
            "did you mean 'resorbing'",
        ),
        {"design": {"target": "resorbed"}},
    ),
    Bad(
        "one known donor in a group",
        ("samples.tsv", "'resorbing'", "one donor", "P1", "donor_id", "At least 2 donors"),
        sheet=lambda s: s.assign(donor_id=["P1"] * 6 + [f"P{i}" for i in range(2, 8)]),
    ),
    Bad(
        "negative counts",
        ("counts.tsv", "'D02'", "-3", "cannot be negative", "data.scale"),
        counts=put(5, "D02", -3),
    ),
    Bad(
        "text in the matrix",
        ("counts.tsv", "'D02'", "'about 7'"),
        counts=put(5, "D02", "about 7"),
    ),
    Bad("a truncated gz", ("counts.tsv", "truncated"), after=pack(200)),
    Bad(
        "an empty matrix",
        ("counts.tsv", "empty"),
        after=lambda f: (f / "counts.tsv").write_text(""),
    ),
    Bad("unknown identifiers", ("counts.tsv", "'feature_0'", "symbols"), counts=strangers),
    Bad("no gene of any signature", ("no gene of any",), counts=unrelated_genes),
    Bad(
        "a sample twice in the sheet",
        ("samples.tsv", "'sample'", "'D01'", "more than once"),
        sheet=lambda s: pd.concat([s, s.iloc[:1]]),
    ),
    Bad(
        "a sample twice in the matrix",
        ("counts.tsv", "'D01'", "more than once"),
        counts=lambda c: pd.concat([c, c[["D01"]]], axis=1),
    ),
    Bad(
        "batch equal to the group",
        ("samples.tsv", "'run'", "resorbing", "cannot be separated"),
        {"design": {"batch": "run"}},
        sheet=lambda s: s.assign(run=np.where(s["outcome"] == "resorbing", "r1", "r2")),
    ),
    Bad(
        "an unknown scoring method",
        ("'singscor'", "did you mean 'singscore'?"),
        {"score": {"primary": "singscor"}},
    ),
    Bad(
        "a missing gene-set file",
        ("sets.gmt",),
        {"signatures": {"add": ["sets.gmt"]}},
    ),
    Bad("broken YAML", ("study.yaml, line", "not valid YAML"), after=rewrite("data:", "data: [")),
    Bad(
        "YAML that asks for Python objects",
        ("study.yaml, line 1", "python/object", "remove the tag"),
        after=rewrite("study: small", "study: !!python/object/apply:os.getcwd []"),
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=[b.name.replace(" ", "-") for b in BAD])
def test_bad_input_gets_one_clear_message(
    bad: Bad,
    command,
    tmp_path: Path,
    lay_study: Lay,
    small_tables: tuple[pd.DataFrame, pd.DataFrame],
):
    counts, sheet = small_tables
    study = lay_study(
        tmp_path / "in",
        counts=bad.counts(counts) if bad.counts else None,
        sheet=bad.sheet(sheet) if bad.sheet else None,
        **bad.study,
    )
    if bad.name == "a sample twice in the matrix":  # pandas would number the copies
        path = tmp_path / "in" / "counts.tsv"
        path.write_text(path.read_text().replace("D01.1", "D01"))
    if bad.after:
        bad.after(study.parent)
    before = sorted(p.name for p in study.parent.iterdir())
    got = command("run", study, "--out", tmp_path / "out" / "x", "--quiet")
    assert (got.code, got.out) == (2, ""), got.err
    assert got.err.startswith("mechanisms: ")
    assert got.err.count("\n") == 1, "one paragraph"
    assert [word for word in bad.says if word not in got.err] == [], got.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"], "something was left behind"
    assert sorted(p.name for p in study.parent.iterdir()) == before
    checked = command("check", study)
    assert (checked.code, checked.out) == (2, ""), "check passes what run refuses"
    assert checked.err.removeprefix("load\n") == got.err


def test_an_existing_output_folder_is_bad_input(command, tmp_path: Path, lay_study: Lay):
    study = lay_study(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    got = command("run", study, "--out", tmp_path / "out", "--quiet")
    assert got.code == 2
    assert (
        "out already exists; choose another with --out, or replace it with --overwrite" in got.err
    )
    got = command("run", study, "--out", tmp_path / "out", "--quiet", "--overwrite")
    assert got.code == 2
    assert "holds no earlier result" in got.err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_missing_study_file(command, tmp_path: Path, lay_study: Lay):
    lay_study(tmp_path)
    for name in ("run", "check"):
        got = command(name, tmp_path / "stduy.yaml")
        assert got.code == 2
        assert "does not exist" in got.err
        assert "did you mean 'study.yaml'?" in got.err


def test_a_refusal_in_a_process_of_its_own(tmp_path: Path, lay_study: Lay):
    study = lay_study(tmp_path / "in", design={"target": "resorbed"})
    done = spawn("run", study, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("mechanisms: samples.tsv: design.target is")
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


# --- what is not the user's fault -------------------------------------------------------------


def test_an_unexpected_error_is_exit_1_without_traceback(
    command, tmp_path: Path, lay_study: Lay, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a column")

    study = lay_study(tmp_path / "in")
    monkeypatch.setattr(pipeline, "write_results", broken)
    monkeypatch.delenv("MECHANISMS_TRACEBACK", raising=False)
    got = command("run", study, "--out", tmp_path / "out")
    assert got.code == 1
    assert "mechanisms: unexpected KeyError: 'a column'. This is a fault of mechanisms" in got.err
    assert "Traceback" not in got.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]
    monkeypatch.setenv("MECHANISMS_TRACEBACK", "1")
    with pytest.raises(KeyError):
        command("run", study, "--out", tmp_path / "out")


# --- what is said -----------------------------------------------------------------------------


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A finished folder that `run` only pretends to have made."""
    folder = tmp_path / "done"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "effects.csv").write_text(
        "signature,kind,adjustment,claim\n"
        "a,signature,none,supported\nb,signature,none,supported\nc,signature,none,no evidence\n"
        "a,signature,composition,supported\nbal,balance,none,supported\nd,signature,none,\n",
        "utf-8",
    )

    def pretend(*_: object, say: Callable[[str], None], **__: object) -> Path:
        for step in ("load", "[bold]score[/bold]"):
            say(step)
        return folder

    monkeypatch.setattr(pipeline, "run", pretend)
    monkeypatch.setattr(pipeline, "demo", pretend)
    return folder


@pytest.mark.parametrize("arguments", [("run", "s.yaml"), ("demo",)])
def test_steps_on_stderr_and_claims_on_stdout(command, told: Path, arguments: tuple[str, ...]):
    got = command(*arguments)
    assert got.code == 0
    assert got.err == "load\n[bold]score[/bold]\n", "a name in brackets is no markup"
    assert f"report: {told / 'report.html'}" in got.out
    rows = [line for line in got.out.splitlines() if "a, b" in line]
    assert len(rows) == 1
    assert "supported" in rows[0]
    assert "bal" not in got.out
    quiet = command(*arguments, "--quiet")
    assert quiet == Outcome(0, f"{told}\n", "")


def test_check_says_what_can_be_known(command, tmp_path: Path, lay_study: Lay):
    got = command("check", lay_study(tmp_path / "in"))
    assert got.code == 0, got.err
    said = " ".join(got.out.split())
    for part in (
        "12 samples x 1,000 genes",
        "6 resorbing against 6 non_resorbing (donors)",
        "values: counts",
        "tested: large enough for claims",
        "80 % power",
        "39 of 39 can be scored",
    ):
        assert part in said, part
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


def test_init_writes_a_study_that_check_takes(
    command, tmp_path: Path, lay_study: Lay, small_tables: tuple[pd.DataFrame, pd.DataFrame]
):
    lay_study(tmp_path / "in")
    matrix, sheet = tmp_path / "in" / "counts.tsv", tmp_path / "in" / "samples.tsv"
    got = command("init", matrix, "--samples", sheet, "--dir", tmp_path / "new")
    assert got.code == 0, got.err
    assert "outcome: 'non_resorbing' (6), 'resorbing' (6)" in got.out
    assert "proposal   outcome: resorbing against non_resorbing" in got.out
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["samples.tsv", "study.yaml"]
    assert command("check", tmp_path / "new" / "study.yaml").code == 0
    again = command("init", matrix, "--samples", sheet, "--dir", tmp_path / "new")
    assert again.code == 2
    assert "nothing is overwritten" in again.err
    missing = command("init", tmp_path / "GSE1.txt", "--dir", tmp_path / "other")
    assert missing.code == 2
    assert not (tmp_path / "other").exists()


def test_notes_are_words_not_python(command, tmp_path: Path, lay_study: Lay):
    def warn(*_: object) -> list[tuple[str, str]]:
        from mechanisms.errors import MechanismsWarning

        warnings.warn("taken as logarithms.", MechanismsWarning, stacklevel=2)
        warnings.warn("of a library", FutureWarning, stacklevel=2)
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mechanisms.check.check", warn)
        got = command("check", lay_study(tmp_path / "in"))
    assert got.err == "load\nmechanisms: note: taken as logarithms.\n"


def test_signature_commands(command):
    listed = command("signatures", "list")
    assert listed.code == 0
    assert "macrophage_m1" in listed.out
    assert "balance_macrophage" in listed.out
    wrong = command("signatures", "show", "macrophage_m3")
    assert wrong.code == 2
    assert "macrophage_m" in wrong.err
    hashes = command("signatures", "hash").out.split()
    assert len(hashes[0]) == 64
