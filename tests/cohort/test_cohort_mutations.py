"""Random damage to valid files: the readers answer with the project's own errors, or load."""

from __future__ import annotations

import gzip
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mechanisms.cohort import load, write_cohort
from mechanisms.errors import MechanismsError
from mechanisms.genes import known_genes

GENES = sorted(known_genes())[:12]
TEXTS = ("table", "transposed", "featurecounts", "series_matrix", "soft", "htseq", "star", "salmon")
# What damages real files: other delimiters, quotation marks, cuts, repeats, other encodings.
PIECES = st.sampled_from(
    b'\t~,~;~"~\n~\r\n~#~!~^~NA~nan~-1~1e999~inf~\x00~\xff~\xef\xbb\xbf~0x10~1,5~ ~_at~=1+1~|'
    b"~!sample_table_end~table_begin~1-Mar~\xc3\xa9~99999999999999999999999~TRUE~S1~".split(b"~")
)


@cache
def valid(format: str) -> tuple[str, bytes, bool]:
    """One small valid file of a format: its name, its text, whether it was packed."""
    rng = np.random.default_rng(3)
    obs = pd.DataFrame({"group": list("abab"), "age": [41, 52, 63, 44]}, ["S1", "S2", "S3", "S4"])
    cohort = ad.AnnData(
        rng.poisson(200, (4, 12)).astype(float), obs=obs, var=pd.DataFrame(index=GENES)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = write_cohort(cohort, folder, format).matrix
        if path.is_dir():
            path = sorted(p for p in path.rglob("*") if p.suffix in (".txt", ".tab", ".sf"))[0]
        data = path.read_bytes()
        packed = data.startswith(b"\x1f\x8b")
        return path.name, gzip.decompress(data) if packed else data, packed


@st.composite
def damaged(draw: Any) -> tuple[str, bytes]:
    format = draw(st.sampled_from(TEXTS))
    name, data, packed = valid(format)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.sampled_from([0, 0, 1, 3, 40])))
        kind = draw(st.sampled_from(["replace", "cut", "repeat", "swap", "insert"]))
        if kind == "cut":
            data = data[:at] if draw(st.booleans()) else data[at:]
        elif kind == "repeat":
            data = data[:to] + data[at:]
        elif kind == "swap":
            old, new = draw(PIECES), draw(PIECES)
            data = data.replace(old, new, draw(st.sampled_from([1, 3, -1]))) if old else data
        else:
            data = data[:at] + draw(PIECES) + data[to if kind == "replace" else at :]
        data = data[:200_000]
    return name, gzip.compress(data, mtime=0) if packed else data


def reads_or_refuses(case: tuple[str, bytes]) -> None:
    name, data = case
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / name
        path.write_bytes(data)
        said = ""
        try:
            adata = load(path)
        except MechanismsError as refusal:
            said = str(refusal)
        if said:
            assert "\n" not in said
            assert folder not in said
            return
        assert np.isfinite(adata.X[~np.isnan(adata.X)]).all()
        assert adata.n_obs > 0
        assert adata.n_vars > 0
        assert len(set(adata.var_names)) == adata.n_vars
        assert len(set(adata.obs_names)) == adata.n_obs


UNHURRIED = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


@settings(max_examples=250, derandomize=True, **UNHURRIED)  # type: ignore[arg-type]
@given(damaged())
def test_damaged_text_is_read_or_refused(case: tuple[str, bytes]) -> None:
    reads_or_refuses(case)


@pytest.mark.slow
@settings(max_examples=10_000, **UNHURRIED)  # type: ignore[arg-type]
@given(damaged())
def test_much_damaged_text_is_read_or_refused(case: tuple[str, bytes]) -> None:
    reads_or_refuses(case)
