"""What a written cohort consists of, and how its files are put down."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, as `load` and a study file take it."""

    matrix: Path
    samples: Path | None
    platform: Path | None = None
    transcripts: Path | None = None


def put_sheet(obs: pd.DataFrame, folder: Path) -> Path:
    path = folder / "samples.tsv"
    obs.to_csv(path, sep="\t", index_label="sample_id", na_rep="NA")
    return path


def packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
