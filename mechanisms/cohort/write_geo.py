"""A cohort in GEO's forms: series matrix, SOFT family, and supplementary files in a tar."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from mechanisms.cohort.written import Written, packed, put, put_sheet


def _geo_names(counts: pd.DataFrame) -> list[str]:
    return [f"GSM{9_000_001 + i}" for i in range(counts.shape[1])]


def _characteristics(obs: pd.DataFrame) -> dict[str, list[str]]:
    return {str(c).replace("_", " "): [f"{v}" for v in obs[c]] for c in obs}


def series_matrix(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    """An array of one probe a gene; the platform's table lies beside it."""
    ids = _geo_names(counts)
    lines = ['!Series_title\t"Simulated"', '!Series_geo_accession\t"GSE900001"', ""]
    lines += ["!Sample_title\t" + _quoted(counts.columns), "!Sample_geo_accession\t" + _quoted(ids)]
    lines.append("!Sample_organism_ch1\t" + _quoted(["Homo sapiens"] * len(ids)))
    for key, cells in _characteristics(obs).items():
        lines.append("!Sample_characteristics_ch1\t" + _quoted([f"{key}: {c}" for c in cells]))
    lines.append("!Sample_platform_id\t" + _quoted(["GPL900"] * len(ids)))
    table = counts.set_axis(ids, axis=1).set_axis(_probes(counts), axis=0)
    text = "\n".join(lines) + "\n!series_matrix_table_begin\n"
    text += table.to_csv(sep="\t", index_label="ID_REF") + "!series_matrix_table_end\n"
    path = folder / "GSE900001_series_matrix.txt.gz"
    path.write_bytes(packed(text))
    platform = put(folder / "GPL900.txt", "#ID = probe\n" + _platform(counts))
    return Written(path, None, platform=platform)


def soft(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    """A family: series, platform and samples in one file."""
    parts = ["^DATABASE = Simulated", "^SERIES = GSE900001", "!Series_title = Simulated"]
    parts += ["^PLATFORM = GPL900", "#ID = probe", "!platform_table_begin"]
    parts += [_platform(counts) + "!platform_table_end"]
    characteristics = _characteristics(obs)
    for i, (sample, values) in enumerate(zip(_geo_names(counts), counts, strict=True)):
        parts += [f"^SAMPLE = {sample}", f"!Sample_title = {values}"]
        parts += ["!Sample_organism_ch1 = Homo sapiens", "!Sample_platform_id = GPL900"]
        parts += [f"!Sample_characteristics_ch1 = {k}: {c[i]}" for k, c in characteristics.items()]
        table = pd.Series(counts[values].to_numpy(), index=_probes(counts), name="VALUE")
        rows = table.to_csv(sep="\t", index_label="ID_REF")
        parts += ["#VALUE = intensity", "!sample_table_begin", rows + "!sample_table_end"]
    path = folder / "GSE900001_family.soft.gz"
    path.write_bytes(packed("\n".join(parts) + "\n"))
    return Written(path, None)


def geo_supplement(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    """GSE..._RAW.tar with one packed table a sample."""
    path = folder / "GSE900001_RAW.tar"
    with tarfile.open(path, "w") as archive:
        for accession, sample in zip(_geo_names(counts), counts, strict=True):
            data = packed(counts[[sample]].rename(columns={sample: "count"}).to_csv(sep="\t"))
            info = tarfile.TarInfo(f"{accession}_{sample}.txt.gz")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    sheet = obs.set_axis(_geo_names(counts), axis=0)
    return Written(path, put_sheet(sheet, folder))


def _platform(counts: pd.DataFrame) -> str:
    table = pd.DataFrame({"ID": _probes(counts), "Gene Symbol": counts.index})
    return table.to_csv(sep="\t", index=False)


def _probes(counts: pd.DataFrame) -> list[str]:
    return [f"{200_000 + i}_at" for i in range(len(counts))]


def _quoted(cells: Iterable[str]) -> str:
    return "\t".join(f'"{c}"' for c in cells)
