"""``manifest.json``: what went in, what came out, and by which versions; no clock, no place."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from mechanisms.report.findings import Findings
from mechanisms.report.tables import sha256

DISTRIBUTION = "ldh-mechanisms"
PACKAGES = (
    "anndata",
    "gseapy",
    "h5py",
    "jinja2",
    "matplotlib",
    "numba",
    "numpy",
    "openpyxl",
    "pandas",
    "pydantic",
    "pyyaml",
    "scanpy",
    "scipy",
    "seaborn",
    "statsmodels",
)
# The log holds the clock and the place; the manifest cannot hold its own hash.
NOT_HASHED = ("run.log", "manifest.json")


def version_of(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def provenance(findings: Findings) -> dict[str, Any]:
    """Return the manifest without its outputs: a plain value, the same on every run."""
    collection = findings.signatures
    return {
        "name": "mechanisms",
        "version": version_of(DISTRIBUTION),
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in PACKAGES},
        "study": without_folders(findings.study),
        "inputs": without_folders(findings.inputs),
        "signatures": {
            "collection": collection.name,
            "hash": collection.hash,
            "each": {s.id: s.hash for s in collection},
        },
        "seed": int(findings.seed),
    }


def output_hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below ``folder``, by its relative path."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in NOT_HASHED)
    return {p.relative_to(folder).as_posix(): sha256(p) for p in paths}


def write_manifest(folder: Path, findings: Findings) -> Path:
    """Write the manifest over everything that stands in ``folder``; call it last."""
    manifest = provenance(findings) | {"outputs": output_hashes(folder)}
    path = folder / "manifest.json"
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def without_folders(value: Any) -> Any:
    """Return the value with absolute paths cut to their file name: they name a machine."""
    if isinstance(value, dict):
        return {str(k): without_folders(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_folders(v) for v in value]
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str):
        for flavour in (PurePosixPath(value), PureWindowsPath(value)):
            if flavour.is_absolute() and flavour.name:
                return flavour.name
    return value
