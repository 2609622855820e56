"""The probe table of an array's platform: beside the matrix, in the cache, or from GEO."""

from __future__ import annotations

import re
from pathlib import Path

from mechanisms.cohort.download import Progress, cache_folder, download, silent
from mechanisms.errors import DataError

_ACCESSION = re.compile(r"GPL\d+")
SERVER = "https://ftp.ncbi.nlm.nih.gov/geo/platforms"
# GEO keeps short annotations of about a thousand platforms; the full table of any other is here.
FULL_TABLE = "https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc={}&targ=self&form=text&view=full"


def is_platform(name: str) -> bool:
    """Whether a word is the accession of a platform."""
    return _ACCESSION.fullmatch(name.upper()) is not None


def find_platform(accession: str, beside: Path, cache: Path | str | None = None) -> Path | None:
    """Look for a platform's table by its name, beside the matrix and in the cache."""
    pattern = re.compile(
        rf"{accession}(?!\d)[^/]*\.(annot|txt|tsv|csv|soft|xlsx)(\.(gz|bz2|xz))?", re.I
    )
    beside = beside if beside.is_dir() else beside.parent
    for folder in (beside, cache_folder(cache) / accession):
        if not folder.is_dir():
            continue
        hits = sorted(p for p in folder.iterdir() if p.is_file() and pattern.fullmatch(p.name))
        if hits:
            return hits[0]
    return None


def fetch_platform(
    accession: str,
    *,
    cache: Path | str | None = None,
    progress: Progress = silent,
    wait: float = 1.0,
) -> Path:
    """Download a platform's annotation, or its full table where GEO has no annotation of it.

    Raises
    ------
    DataError
        GEO has neither, or cannot be reached.
    """
    accession = accession.upper()
    folder = cache_folder(cache) / accession
    stub = re.sub(r"\d{1,3}$", "nnn", accession)
    short = f"{SERVER}/{stub}/{accession}/annot/{accession}.annot.gz"
    try:
        return download(short, folder, f"{accession}.annot.gz", progress=progress, wait=wait).path
    except DataError as problem:
        if "answers 404" not in str(problem):
            raise
    full = FULL_TABLE.format(accession)
    return download(full, folder, f"{accession}.txt", progress=progress, wait=wait).path
