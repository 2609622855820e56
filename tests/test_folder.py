"""The output folder: where it exists it is complete, and nothing of anybody's is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mechanisms import pipeline
from mechanisms.errors import StudyError
from mechanisms.folder import RunLog, new_folder
from mechanisms.study import read_study

OURS = '{"name": "mechanisms"}'


def fill(folder: Path, text: str = "new") -> None:
    (folder / "manifest.json").write_text(OURS, "utf-8")
    (folder / "report.html").write_text(text, "utf-8")


def write(out: Path, *, overwrite: bool = False, then: Callable[[], object] | None = None) -> None:
    """Fill a new folder, and do something before it is finished."""
    with new_folder(out, overwrite=overwrite) as folder:
        fill(folder.path)
        if then:
            then()


def stumble() -> None:
    raise RuntimeError("in the middle")


def everything(folder: Path) -> list[str]:
    """Names below a folder, hidden ones too."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_the_folder_appears_when_the_work_is_done(tmp_path: Path):
    out = tmp_path / "a" / "b"
    with new_folder(out, overwrite=False) as folder:
        assert folder.final == out
        assert not out.exists()
        assert folder.path.parent == out.parent, "a rename must not cross file systems"
        assert folder.path.name.startswith(".b.unfinished-")
        fill(folder.path)
    assert everything(tmp_path) == ["a", "a/b", "a/b/manifest.json", "a/b/report.html"]


def test_others_may_read_the_result_as_usual(tmp_path: Path):
    before = os.umask(0o022)
    try:
        with new_folder(tmp_path / "out", overwrite=False):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


def test_an_error_leaves_nothing_behind_not_even_a_parent(tmp_path: Path):
    with pytest.raises(RuntimeError, match="in the middle"):
        write(tmp_path / "a" / "b", then=stumble)
    assert everything(tmp_path) == []


def test_a_parent_that_was_there_or_holds_something_stays(tmp_path: Path):
    (tmp_path / "a").mkdir()

    def meanwhile() -> None:
        (tmp_path / "a" / "b" / "of_somebody_else").touch()
        stumble()

    with pytest.raises(RuntimeError, match="in the middle"):
        write(tmp_path / "a" / "b" / "c", then=meanwhile)
    assert everything(tmp_path) == ["a", "a/b", "a/b/of_somebody_else"]


def test_a_place_that_is_taken_is_refused(tmp_path: Path):
    for taken in ("folder", "file", "link", "broken"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        (tmp_path / "file").touch()
        if taken == "link":
            (tmp_path / taken).symlink_to(tmp_path / "folder")
        if taken == "broken":
            (tmp_path / taken).symlink_to(tmp_path / "nowhere")
        with pytest.raises(StudyError, match=rf"{taken} already exists; choose another with --out"):
            write(tmp_path / taken)
    assert everything(tmp_path) == ["broken", "file", "folder", "link"]


def test_overwrite_replaces_a_result_of_ours(tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    (out / "left_over").touch()
    with new_folder(out, overwrite=True) as folder:
        fill(folder.path)
        assert (out / "report.html").read_text() == "old"
    assert (out / "report.html").read_text() == "new"
    assert everything(tmp_path) == ["out", "out/manifest.json", "out/report.html"]


def test_overwrite_takes_an_empty_folder(tmp_path: Path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.parametrize(
    "manifest", [None, "", "{}", "[]", '{"name": "other"}', "not json", "\xff\xfe"]
)
def test_overwrite_replaces_nothing_else(tmp_path: Path, manifest: str | None):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").touch()
    if manifest is not None:
        (out / "manifest.json").write_text(manifest, "latin-1")
    before = everything(tmp_path)
    with pytest.raises(StudyError, match=r"holds no earlier result .* choose another folder with"):
        write(out, overwrite=True)
    assert everything(tmp_path) == before


def test_overwrite_does_not_follow_a_link_or_replace_a_file(tmp_path: Path):
    (tmp_path / "real").mkdir()
    fill(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    for taken in ("link", "file"):
        with pytest.raises(StudyError, match="holds no earlier result"):
            write(tmp_path / taken, overwrite=True)


def test_an_error_leaves_the_old_result_as_it_was(tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    with pytest.raises(RuntimeError, match="in the middle"):
        write(out, overwrite=True, then=stumble)
    assert (out / "report.html").read_text() == "old"
    assert everything(tmp_path) == ["out", "out/manifest.json", "out/report.html"]


def test_a_failing_rename_brings_the_old_result_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    rename = Path.rename

    def no_room(self: Path, target: Path) -> Path:
        if "unfinished" in self.name:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", no_room)
    with pytest.raises(OSError, match="No space"):
        write(out, overwrite=True)
    assert (out / "report.html").read_text() == "old"
    assert everything(tmp_path) == ["out", "out/manifest.json", "out/report.html"]


def test_a_result_that_appears_meanwhile_is_not_lost(tmp_path: Path):
    out = tmp_path / "out"

    def meanwhile() -> None:
        out.mkdir()
        fill(out, "of another run")

    with pytest.raises(StudyError, match="already exists"):
        write(out, then=meanwhile)
    assert (out / "report.html").read_text() == "of another run"
    assert everything(tmp_path) == ["out", "out/manifest.json", "out/report.html"]


def test_a_place_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match=r"cannot be written to .*: .*Choose another folder"):
        write(tmp_path / "file" / "out")


def test_the_working_folder_is_never_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for here in (".", "", "sub/.."):
        with pytest.raises(StudyError, match="already exists"):
            write(Path(here))


# --- a run ------------------------------------------------------------------------------------


def test_a_run_never_replaces_what_it_reads(tmp_path: Path, lay_study: Callable[..., Path]):
    study = lay_study(tmp_path / "out")
    fill(tmp_path / "out")
    before = everything(tmp_path)
    for out in (tmp_path / "out", tmp_path):
        with pytest.raises(StudyError, match=r"holds what the study reads .* with --out"):
            pipeline.run(study, out, overwrite=True)
    elsewhere = lay_study(tmp_path / "study", data={"matrix": "../out/counts.tsv"})
    with pytest.raises(StudyError, match=r"holds what the study reads \(counts.tsv\)"):
        pipeline.run(elsewhere, tmp_path / "out", overwrite=True)
    assert [n for n in everything(tmp_path) if n.startswith("out")] == before


def test_the_folder_is_refused_before_the_data_are_read(
    tmp_path: Path, lay_study: Callable[..., Path]
):
    study = read_study(lay_study(tmp_path / "study", data={"matrix": "absent.tsv"}))
    (tmp_path / "out").mkdir()
    with pytest.raises(StudyError, match="already exists"):
        pipeline.run(study, tmp_path / "out")


@pytest.mark.parametrize(
    ("stop", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 1)], ids=["kill", "term"]
)
def test_a_run_that_is_stopped_leaves_no_result(
    tmp_path: Path, lay_study: Callable[..., Path], stop: signal.Signals, code: int
):
    study, out = lay_study(tmp_path / "study"), tmp_path / "results" / "small"
    command = [sys.executable, "-m", "mechanisms", "run", str(study), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        steps = []
        for line in process.stderr or ():
            steps.append(line.strip())
            if line.startswith(b"report"):
                break
        process.send_signal(stop)
        _, rest = process.communicate()
    assert steps[-1] == b"report", b"".join(steps)
    assert process.returncode == code
    assert not out.exists()
    if stop == signal.SIGTERM:
        assert rest.endswith(b"mechanisms: stopped; nothing was written.\n")
        assert not out.parent.exists()
        return
    (left,) = out.parent.iterdir()  # kill -9 leaves no chance to clear away
    assert left.name.startswith(".small.unfinished-")


# --- the log ----------------------------------------------------------------------------------


def test_the_log_holds_what_the_manifest_must_not(tmp_path: Path):
    said: list[str] = []
    log = RunLog(tmp_path / "run.log", said.append)
    log("load")
    log("score")
    log.finish()
    lines = (tmp_path / "run.log").read_text("utf-8").splitlines()
    assert said == ["load", "score"]
    assert [line.split()[0] for line in lines[:4]] == ["host", "python", "working", "command"]
    assert [line.split()[1] for line in lines[4:]] == ["load", "score", "done"]
