"""`init`, `fetch` and `cohorts` as a user types them: each data set that ends in a report."""

from __future__ import annotations

import gzip
import http.server
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd
import pytest
from typer.testing import CliRunner

from mechanisms.check import check
from mechanisms.cli import app
from mechanisms.cohort import platforms, public, write_cohort
from mechanisms.errors import DataError, MechanismsError, StudyError
from mechanisms.pipeline import run
from mechanisms.simulate import simulate_cohort
from mechanisms.study import make_study, read_study


def command(*words: object) -> Any:
    return CliRunner().invoke(app, [str(w) for w in words])


def refused(result: Any) -> str:
    assert isinstance(result.exception, MechanismsError), result.output
    return str(result.exception)


@pytest.fixture(scope="module")
def simulated() -> ad.AnnData:
    return simulate_cohort(5, 5, n_genes=2500)[0]


# --- cohorts ----------------------------------------------------------------------------------


def test_cohorts_are_listed_and_chosen() -> None:
    everything = command("cohorts", "list")
    assert everything.exit_code == 0
    assert f"{len(public.registry())} cohorts" in everything.output
    blood = command("cohorts", "list", "--tissue", "blood", "--assay", "array").output
    assert "GSE124272" in blood
    assert "GSE56081" not in blood
    wrong = refused(command("cohorts", "list", "--tissue", "blod"))
    assert "there are annulus_fibrosus, blood" in wrong
    assert "did you mean 'blood'" in wrong
    none = command("cohorts", "list", "--tissue", "blood", "--species", "rat")
    assert none.exit_code == 0


def test_a_cohort_is_shown_with_its_defects() -> None:
    text = command("cohorts", "show", "gse150408").output
    assert "shares donors, or may, with GSE124272" in text
    assert "defect     one cohort with GSE124272" in text
    assert "https://ftp.ncbi.nlm.nih.gov/geo/series/GSE150nnn/GSE150408/matrix/" in text
    assert "none that can be fetched" in command("cohorts", "show", "bydon2020").output
    assert "did you mean" in refused(command("cohorts", "show", "GSE15040"))


# --- init, check, run -------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["10x", "salmon"])
def test_a_folder_of_samples_ends_in_a_report(
    tmp_path: Path, simulated: ad.AnnData, format: str
) -> None:
    written = write_cohort(simulated, tmp_path, format)
    words = ["init", written.matrix, "--samples", written.samples, "--dir", tmp_path / "s"]
    if written.transcripts:
        words += ["--transcripts", written.transcripts]
    done = command(*words)
    assert done.exit_code == 0, done.output
    assert "proposal   outcome: resorbing against non_resorbing" in done.output
    study = tmp_path / "s" / "study.yaml"
    assert any("tested" in text for _, text in check(read_study(study)))
    if format == "10x":  # a run takes seconds; the formats differ in loading alone
        assert (run(study, tmp_path / "r") / "report.html").is_file()


@pytest.mark.data
def test_airway_ends_in_a_paired_report(data_dir: Path, tmp_path: Path) -> None:
    folder = data_dir / "airway"
    done = command(
        "init",
        folder / "airway_rawcounts.csv",
        "--samples",
        folder / "airway_metadata.csv",
        "--dir",
        tmp_path / "s",
    )
    assert "proposal   dex: treated against control, paired by celltype" in done.output
    study = tmp_path / "s" / "study.yaml"
    assert read_study(study).design.pair == "celltype"
    assert any("4 pairs" in text for _, text in check(read_study(study)))


@pytest.mark.data
def test_the_synovium_finds_its_platform_beside_it(data_dir: Path, tmp_path: Path) -> None:
    name = "GSE55235_series_matrix.txt.gz"
    shutil.copy(data_dir / "GSE55235_synovium" / name, tmp_path / name)
    shutil.copy(
        data_dir.parent / "reference" / "genes" / "GPL96_probe_symbol_entrez.tsv.gz", tmp_path
    )
    done = command("init", tmp_path / name, "--dir", tmp_path / "s", "--excel")
    assert "GPL96_probe_symbol_entrez.tsv.gz: found and taken for the probes" in done.output
    study = read_study(tmp_path / "s" / "study.yaml")
    assert study.data.samples == "samples.xlsx"
    topics = dict(check(study))
    assert topics["shift"].endswith("no global shift")


@pytest.mark.data
def test_one_slide_a_group_is_refused(data_dir: Path, tmp_path: Path) -> None:
    done = command("init", data_dir / "mouse_disc_visium", "--dir", tmp_path)
    assert done.exit_code == 0
    sheet = pd.read_csv(tmp_path / "samples.tsv", sep="\t")
    sheet["outcome"] = ["non_resorbing", "resorbing"]
    sheet["donor_id"] = sheet["sample_id"]
    sheet.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    study = read_study(tmp_path / "study.yaml")
    assert study.data.species == "mouse"
    with pytest.raises(MechanismsError, match=r"resorbing"):
        check(study)


def test_a_study_of_cells_is_refused(tmp_path: Path, simulated: ad.AnnData) -> None:
    cells = simulated.copy()
    cells.obs_names = [f"AAACCCAAGATT{x}{y}-1_{x}{y}" for x in "ACGTX" for y in "AC"]
    written = write_cohort(cells, tmp_path, "h5ad")
    content = {
        "study": "cells",
        "data": {"matrix": written.matrix.name},
        "design": {
            "variable": "outcome",
            "target": "resorbing",
            "reference": "non_resorbing",
            "label_basis": "mri_followup",
            "donor": "donor_id",
        },
    }
    with pytest.raises(DataError, match=r"samples are cells .* aggregate to donors first"):
        check(make_study(content, tmp_path))


def test_options_of_init(tmp_path: Path, simulated: ad.AnnData) -> None:
    written = write_cohort(simulated, tmp_path, "star")
    words = ["init", written.matrix, "--samples", written.samples, "--format", "star_reverse"]
    assert command(*words, "--dir", tmp_path / "s").exit_code == 0
    assert read_study(tmp_path / "s" / "study.yaml").data.format == "star_reverse"
    some = command(*words, "--only", "sex=female", "--dir", tmp_path / "f")
    assert some.exit_code == 0
    wrong = command(*words, "--only", "sex", "--dir", tmp_path / "g")
    assert isinstance(wrong.exception, StudyError)
    assert "write COLUMN=VALUE" in str(wrong.exception)


# --- fetch, from a server on this machine -----------------------------------------------------


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """GEO's folders below tmp_path/geo, served on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    place = tmp_path / "geo"
    place.mkdir()
    handler = partial(Quiet, directory=str(place))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setattr(public, "SERVER", f"{base}/series")
        monkeypatch.setattr(platforms, "SERVER", f"{base}/platforms")
        monkeypatch.setattr(platforms, "FULL_TABLE", f"{base}/full-{{}}.txt")
        yield place
        server.shutdown()
        thread.join()


def put_series(place: Path, simulated: ad.AnnData, name: str = "GSE900001") -> Path:
    folder = place / "series" / public.stub(name) / name / "matrix"
    written = write_cohort(simulated, place / "made", "series_matrix")
    folder.mkdir(parents=True)
    text = gzip.decompress(written.matrix.read_bytes()).decode().replace("GSE900001", name)
    (folder / f"{name}_series_matrix.txt.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def test_fetch_of_any_series_ends_in_a_study(
    tmp_path: Path, geo: Path, simulated: ad.AnnData
) -> None:
    put_series(geo, simulated)
    words = ["--dir", tmp_path / "s", "--cache", tmp_path / "cache"]
    done = command("fetch", "GSE900001", *words)
    assert done.exit_code == 0, done.output
    assert "download GSE900001_series_matrix.txt.gz" in done.output
    assert "its hash was not known: recorded" in done.output
    assert "proposal   outcome: resorbing against non_resorbing" in done.output
    assert "--platform GPL900" in done.output
    shutil.copy(geo / "made" / "GPL900.txt", tmp_path / "cache" / "GSE900001" / "GPL900.txt")
    again = command("init", "GSE900001", "--dir", tmp_path / "t", "--cache", tmp_path / "cache")
    assert "found in the cache" in again.output
    assert read_study(tmp_path / "t" / "study.yaml").data.genes.platform is not None


def test_a_series_of_two_platforms_has_two_files(
    tmp_path: Path, geo: Path, simulated: ad.AnnData
) -> None:
    folder = put_series(geo, simulated)
    only = folder / "GSE900001_series_matrix.txt.gz"
    shutil.copy(only, folder / "GSE900001-GPL900_series_matrix.txt.gz")
    only.rename(folder / "GSE900001-GPL901_series_matrix.txt.gz")
    done = command("fetch", "GSE900001", "--dir", tmp_path / "s", "--cache", tmp_path / "cache")
    assert "several platforms, one file each" in done.output
    assert len(list((tmp_path / "cache" / "GSE900001").glob("*.gz"))) == 2


def test_what_is_not_there(tmp_path: Path, geo: Path) -> None:
    words = ["--dir", tmp_path / "s", "--cache", tmp_path / "cache"]
    assert "answers 404" in refused(command("fetch", "GSE900009", *words))
    assert "no such cohort" in refused(command("fetch", "disc", *words))
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("kind", ["annot", "full"])
def test_a_platform_is_downloaded_by_its_accession(
    tmp_path: Path, geo: Path, simulated: ad.AnnData, kind: str
) -> None:
    written = write_cohort(simulated, tmp_path, "series_matrix")
    table = str(written.platform)
    if kind == "annot":
        folder = geo / "platforms" / "GPLnnn" / "GPL900" / "annot"
        folder.mkdir(parents=True)
        (folder / "GPL900.annot.gz").write_bytes(gzip.compress(Path(table).read_bytes()))
    else:
        shutil.copy(table, geo / "full-GPL900.txt")
    Path(table).unlink()
    words = ["--dir", tmp_path / "s", "--cache", tmp_path / "cache", "--platform", "GPL900"]
    done = command("init", written.matrix, *words)
    assert done.exit_code == 0, done.output
    platform = read_study(tmp_path / "s" / "study.yaml").data.genes.platform
    assert platform is not None
    assert "cache/GPL900/GPL900" in platform
