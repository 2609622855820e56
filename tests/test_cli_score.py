"""`mechanisms score`: what it prints and writes, and that kill -9 loses nothing."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse
from typer.testing import CliRunner

from mechanisms.cli import app

GENES = [f"g{i:03d}" for i in range(80)]
SETS = "one\tfirst\t" + "\t".join(GENES[:12]) + "\ntwo\tsecond\t" + "\t".join(GENES[20:40]) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`cells.h5ad` of 3,000 cells x 80 genes, and two sets of genes."""
    values = np.random.default_rng(5).poisson(0.5, (3000, 80)).astype(np.float32)
    adata = AnnData(
        sparse.csr_matrix(values),
        obs=pd.DataFrame(index=[f"c{i}" for i in range(3000)]),
        var=pd.DataFrame(index=GENES),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_h5ad(tmp_path / "cells.h5ad")
    (tmp_path / "sets.gmt").write_text(SETS, encoding="utf-8")
    return tmp_path


def command(folder: Path, out: str, *more: str) -> list[str]:
    source, sets = str(folder / "cells.h5ad"), str(folder / "sets.gmt")
    return ["score", source, "--out", str(folder / out), "--signatures", sets, *more]


def test_score_prints_the_store_it_wrote(folder: Path) -> None:
    more = ("--method", "ucell", "--method", "singscore", "--workers", "1")
    done = CliRunner().invoke(app, command(folder, "s.h5ad", *more))
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(folder / "s.h5ad")
    result = anndata.read_h5ad(folder / "s.h5ad")
    assert result.shape == (3000, 2)
    assert "singscore" in result.layers
    assert np.isfinite(result.X).all()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--workers", "0"], "--workers 0 cannot be had"),
        (["--method", "uccell"], "'uccell' is not known; allowed are auto.*did you mean 'ucell'"),
        (["--method", "gsva"], "gsva looks at all cells at once"),
    ],
)
def test_score_refuses(folder: Path, more: list[str], said: str) -> None:
    from mechanisms.errors import MechanismsError

    done = CliRunner().invoke(app, command(folder, "s.h5ad", *more))
    assert isinstance(done.exception, MechanismsError)
    with pytest.raises(MechanismsError, match=said):
        raise done.exception
    assert not list(folder.glob("s.h5ad*"))


def test_a_run_killed_three_times_ends_with_the_same_bytes(folder: Path) -> None:
    def started(out: str) -> subprocess.Popen[bytes]:
        arguments = command(folder, out, "--rows", "10", "--quiet")
        return subprocess.Popen([sys.executable, "-m", "mechanisms", *arguments])

    (folder / "whole").mkdir()
    assert started("whole/s.h5ad").wait(60) == 0
    partial = folder / "s.h5ad.partial"
    for least in (1, 100, 200):
        run = started("s.h5ad")
        ends = time.monotonic() + 60
        while len(list(partial.glob("*.npy"))) < least and time.monotonic() < ends:
            time.sleep(0.002)
        run.kill()
        assert run.wait(60) == -9
        assert not (folder / "s.h5ad").exists()
        assert least <= len(list(partial.glob("*.npy"))) < 300
    assert started("s.h5ad").wait(60) == 0
    assert (folder / "s.h5ad").read_bytes() == (folder / "whole" / "s.h5ad").read_bytes()
    assert not partial.exists()
