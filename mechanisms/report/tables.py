"""Tables: numbers at nine significant digits, written the same way every time.

Everything else in the report (figures, workbook, page) is made from the *rounded* frames, so
that what a reader sees is what the files hold.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mechanisms.report.findings import Findings

DIGITS = 9
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose floating-point columns hold nine significant digits."""
    out = frame.copy()
    for column in out.columns:
        if pd.api.types.is_float_dtype(out[column].dtype):
            values = out[column].to_numpy(dtype=float, na_value=np.nan)
            out[column] = [_round(v) for v in values]
    return out.reset_index(drop=True)


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else value


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; numbers stay as they are."""
    if not text.startswith(_STARTS_A_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text


def cell_text(value: Any) -> str:
    """Return one value as it stands in a CSV file; missing is empty."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{value:.{DIGITS}g}"
    if isinstance(value, (list, tuple)):
        return harmless(" ".join(str(v) for v in value))
    return harmless(str(value))


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """Write a tidy frame as UTF-8 CSV with LF line ends and nine significant digits."""
    columns = [[cell_text(v) for v in frame[c].tolist()] for c in frame.columns]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([harmless(str(c)) for c in frame.columns])
        writer.writerows(zip(*columns, strict=True))
    return path


def report_tables(findings: Findings) -> dict[str, pd.DataFrame]:
    """Return the rounded frames by the name of their file, in the order of the workbook."""
    frames: dict[str, pd.DataFrame | None] = {
        "effects": findings.effects,
        "scores": findings.scores,
        "scores_sensitivity": findings.sensitivity,
        "sides": findings.sides,
        "coverage": findings.coverage,
        "composition": findings.composition,
        "robustness": findings.robustness,
        "certificate": findings.certificate,
        "specification": findings.specification,
        "genes": findings.genes,
        "notices": findings.notices,
        "truth": findings.truth,
    }
    return {name: rounded(frame) for name, frame in frames.items() if frame is not None}


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write every table as ``NAME.csv`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    return [write_csv(frame, folder / f"{name}.csv") for name, frame in tables.items()]


def sha256(path: Path) -> str:
    """Return the sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def present(values: Iterable[Any]) -> list[Any]:
    """Return the values that are not missing."""
    return [v for v in values if not pd.isna(v)]
