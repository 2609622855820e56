"""Bad input: one table of what is wrong, and the message that a user reads."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mechanisms.cohort import load
from mechanisms.errors import DataError
from mechanisms.genes import known_genes

GENES = sorted(known_genes())[:40]
SAMPLES = [f"S{i}" for i in range(1, 7)]
VALUES = np.random.default_rng(7).poisson(200, (40, 6))
ROWS = [["gene", *SAMPLES], *([g, *map(str, v)] for g, v in zip(GENES, VALUES, strict=True))]
SHEET = "sample\tgroup\tage\n" + "".join(f"S{i}\t{'ab'[i % 2]}\t{30 + i}\n" for i in range(1, 7))


def table(changes: dict[tuple[int, int], str] | None = None, sep: str = "\t") -> str:
    rows = [list(r) for r in ROWS]
    for (i, j), cell in (changes or {}).items():
        rows[i][j] = cell
    return "\n".join(sep.join(r) for r in rows) + "\n"


def column(j: int, cell: str) -> dict[tuple[int, int], str]:
    return {(i, j): cell for i in range(1, 41)}


def ids(form: str) -> str:
    return table({(i, 0): form.format(i) for i in range(1, 41)})


GZ = gzip.compress(table().encode())
CUT = "\n".join(table().splitlines()[:5]) + "\n"

# name -> (content of the matrix, expected message)
MATRICES: dict[str, tuple[str | bytes, str]] = {
    "no bytes": ("", r"matrix\.tsv: the matrix is empty \(0 bytes\)"),
    "blank": ("\n \n", "holds no text"),
    "comments only": ("# a\n# b\n", "every line is a comment"),
    "header only": (table().split("\n")[0] + "\n", "header but no rows below it"),
    "header without end": (table().split("\n")[0], "header but no rows below it"),
    "one column": ("gene\nTNF\nIL6\n", "no delimiter splits .* Allowed are tab, comma"),
    "truncated gzip": (GZ[:-20], "gzip file of the matrix is truncated or damaged"),
    "damaged gzip": (GZ[:60] + b"xxxx" + GZ[64:], "gzip file .* truncated or damaged"),
    "gzip of nothing": (gzip.compress(b""), "empty once unpacked"),
    "truncated bz2": (b"BZh91AY&SY" + b"\x00" * 20, "bz2 file .* truncated or damaged"),
    "truncated xz": (b"\xfd7zXZ\x00" + b"\x00" * 20, "xz file .* truncated or damaged"),
    "zip": (b"PK\x03\x04" + b"\x00" * 99, "zip archive is truncated"),
    "tar": (b"a" * 257 + b"ustar" + b"\x00" * 99, "tar archive is truncated or damaged"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + b"\x00" * 99, r"old Excel file \(.xls\)"),
    "broken Excel": (b"PK\x03\x04 xl/workbook" + b"\x00" * 99, "Excel file cannot be read"),
    "web page": ("<!DOCTYPE html><html>404</html>", "web page, not a table"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "not a text table"),
    "broken UTF-16": (b"\xff\xfe" + b"a\x00b\x00\x00\xd8", "begins as UTF-16 but is broken"),
    "broken HDF5": (b"\x89HDF\r\n\x1a\n" + b"\x00" * 99, "HDF5 store is truncated or damaged"),
    "packed HDF5": (
        gzip.compress(b"\x89HDF\r\n\x1a\n" + b"\x00" * 9),
        "HDF5 store is truncated or damaged",
    ),
    "SOFT": ("^DATABASE = GeoMiame\n!x = y\n", "describes nothing but no samples"),
    "short row": (
        CUT + "AACS\t1\t2\n" + table().split("\n", 6)[6],
        r"line 6 \(row 'AACS'\) has 3 columns where the header has 7",
    ),
    "long row": (table({(4, 6): "5\t6"}), r"line 5 \(row '\w+'\) has 8 columns"),
    "cut in the last row": (table()[:-30], r"line 41 .* The file may be cut"),
    "open quotation mark": (table({(4, 0): '"X'}), "quotation mark .* row 'X' and does not close"),
    "word": (
        table({(3, 2): "abc"}),
        rf"gene '{GENES[2]}' in sample 'S2' is 'abc', .* not a number",
    ),
    "below detection": (table({(3, 2): "<5"}), "in sample 'S2' is '<5'"),
    "true": (table({(3, 2): "TRUE"}), "in sample 'S2' is 'TRUE'"),
    "all true": (table(column(2, "True")), "holds numbers|is 'True'|known|samples"),
    "decimal comma": (table({(3, 2): "1,5"}), "'1,5': a decimal comma"),
    "decimal commas": (
        table({(i, j): "1,5" for i in range(1, 41) for j in range(1, 7)}, ";"),
        "gene 'A2M' in sample 'S1' is '1,5': a decimal comma",
    ),
    "infinite": (table({(3, 2): "inf"}), rf"gene '{GENES[2]}' in sample 'S2' is infinite"),
    "minus infinite": (table({(3, 2): "-Inf"}), "in sample 'S2' is infinite"),
    "negative count": (
        table({(3, 2): "-7"}),
        rf"gene '{GENES[2]}' in sample 'S2' is -7, .* counts cannot be negative",
    ),
    "negative intensity": (
        table({(3, 2): "-7.5", **column(1, "100.5")}),
        "in sample 'S2' is -7.5, .* on a linear scale cannot be negative",
    ),
    "sample without values": (table(column(3, "NA")), "1 sample has no value at all: 'S3'"),
    "no values": (
        table({(i, j): "NA" for i in range(1, 41) for j in range(1, 7)}),
        "6 samples have no value at all",
    ),
    "sample twice": (table({(0, 2): "S1"}), "sample ids occur more than once in the matrix: 'S1'"),
    "Affymetrix": (ids("{}_at"), r"rows are probes \('1_at'.*Set data.genes.platform"),
    "Illumina": (ids("ILMN_17{}"), "rows are probes"),
    "Agilent": (ids("A_23_P{}"), "rows are probes"),
    "UniProt": (ids("P{:05d}"), "not known as genes; .* UniProt .* data.genes.column"),
    "transcripts": (ids("ENST{:011d}"), "rows are transcripts .* data.genes.transcripts"),
    "no row names": (table(column(0, "")), "not known as genes"),
}


@pytest.mark.parametrize("name", MATRICES)
def test_matrix_is_refused(tmp_path: Path, name: str) -> None:
    content, message = MATRICES[name]
    path = tmp_path / "matrix.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "samples.tsv").write_text(SHEET)
    with pytest.raises(DataError, match=f"(?s){message}") as refusal:
        load(path, tmp_path / "samples.tsv")
    one_paragraph_without_folders(str(refusal.value), tmp_path)


def one_paragraph_without_folders(message: str, folder: Path) -> None:
    assert "\n" not in message
    assert str(folder) not in message
    assert message.endswith((".", "?"))
    assert len(message) < 900


# name -> (content of the sheet, options, expected message)
SHEETS: dict[str, tuple[str, dict[str, Any], str]] = {
    "sample twice": (
        SHEET + "S1\ta\t3\n",
        {},
        r"samples\.tsv: sample ids occur more than once in column 'sample': 'S1'",
    ),
    "no id": (SHEET + "\ta\t3\n", {}, r"sample of row 7 has no id \(column 'sample'\)"),
    "not in the matrix": (
        SHEET + "S7\ta\t3\n",
        {},
        r"1 of 7 samples of the sheet .* are not in matrix.tsv: 'S7' \(nearest: 'S\d'\)",
    ),
    "case": (SHEET.replace("S", "s"), {}, "would match after ignoring upper and lower case"),
    "spaces": (SHEET.replace("S", "S "), {}, "would match after removing spaces"),
    "R's X": (SHEET.replace("S", "XS"), {}, "would match after removing a leading X"),
    "more than five": (SHEET.replace("S", "patient"), {}, "6 of 6 samples .* and 1 more"),
    "other column": (
        "n\tid\n" + "".join(f"{i}\tS{i}\n" for i in range(1, 7)),
        {},
        "The column 'id' does match: set data.sample_id: id",
    ),
    "column twice": (SHEET.replace("age", "group"), {}, "column names occur .* 'group'"),
    "decimal comma": (
        "sample\tage\n" + "".join(f"S{i}\t3{i},5\n" for i in range(1, 7)),
        {},
        r"column 'age' have a decimal comma \(such as '31,5', sample 'S1'\)",
    ),
    "unknown id column": (SHEET, {"sample_id": "sampel"}, "no column .*; did you mean 'sample'"),
    "unknown subset column": (SHEET, {"subset": {"grop": ["a"]}}, "'grop', .* mean 'group'"),
    "unknown subset value": (
        SHEET,
        {"subset": {"group": ["c"]}},
        "group = 'c', which does not occur. Its values are 'a', 'b'",
    ),
    "empty subset": (
        SHEET,
        {"subset": {"group": ["b"], "age": ["32"]}},
        "no sample remains after data.subset",
    ),
    "slash": (SHEET.replace("age", "age/sex"), {}, "called 'age/sex' .* Rename it, without '/'"),
    "unnamed column": (SHEET.replace("age", ""), {}, "a column of the sample sheet is called ''"),
    "header only": ("sample\tgroup\n", {}, "header but no rows"),
    "unknown gene column": (SHEET, {"gene_column": "genes"}, "'genes', .* did you mean 'gene'"),
    "unknown scale": (SHEET, {"scale": "count"}, "data.scale is 'count'; .* mean 'counts'"),
    "unknown collapse": (SHEET, {"collapse": "mean"}, "data.genes.collapse is 'mean'; allowed"),
    "unknown species": (SHEET, {"species": "humans"}, "data.species is 'humans'; .* 'human'"),
    "misspelt tissue": (SHEET, {"tissue": "herniaton"}, "data.tissue .* mean 'herniation'"),
    "sum of logarithms": (
        SHEET,
        {"collapse": "sum", "scale": "log"},
        "are logarithms, which must not be added",
    ),
}


@pytest.mark.parametrize("name", SHEETS)
def test_sheet_or_option_is_refused(tmp_path: Path, name: str) -> None:
    content, options, message = SHEETS[name]
    (tmp_path / "matrix.tsv").write_text(table())
    (tmp_path / "samples.tsv").write_text(content)
    with pytest.raises(DataError, match=message) as refusal:
        load(tmp_path / "matrix.tsv", tmp_path / "samples.tsv", **options)
    one_paragraph_without_folders(str(refusal.value), tmp_path)


@pytest.mark.parametrize(
    ("in_matrix", "in_sheet", "words"),
    [
        ("A-{}", "A.{}", "replacing '-' by '.'"),
        ("A.{}", "A_{}", "ignoring case, spaces, '-', '.' and '_'"),
        ("A_{}", "A-{}", "replacing '_' by '-'"),
        ("a {}", "a.{}", "writing spaces as '.'"),
    ],
)
def test_repair_of_ids_is_proposed(
    tmp_path: Path, in_matrix: str, in_sheet: str, words: str
) -> None:
    (tmp_path / "m.tsv").write_text(table({(0, i): in_matrix.format(i) for i in range(1, 7)}))
    sheet = pd.DataFrame({"id": [in_sheet.format(i) for i in range(1, 7)], "x": range(6)})
    with pytest.raises(DataError, match=re.escape(f"They would match after {words}")):
        load(tmp_path / "m.tsv", sheet)


PATHS: dict[str, tuple[Callable[[Path], tuple[Path, Path]], str]] = {
    "matrix": (lambda d: (d / "matrx.tsv", d / "samples.tsv"), "did you mean 'matrix.tsv'"),
    "sheet": (lambda d: (d / "matrix.tsv", d / "sample.tsv"), "did you mean 'samples.tsv'"),
    "folder": (lambda d: (d / "x" / "m.tsv", d / "samples.tsv"), "neither was its folder 'x'"),
    "an empty folder": (
        lambda d: ((d / "e").mkdir() or d / "e", d / "samples.tsv"),
        "e: data.matrix names a folder .* it holds no file that could be data",
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_path_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "matrix.tsv").write_text(table())
    (tmp_path / "samples.tsv").write_text(SHEET)
    paths, message = PATHS[name]
    with pytest.raises(DataError, match=message) as refusal:
        load(*paths(tmp_path))
    one_paragraph_without_folders(str(refusal.value), tmp_path)


def test_swapped_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "matrix.tsv").write_text(table())
    (tmp_path / "samples.tsv").write_text(SHEET)
    with pytest.raises(DataError, match=r"ids of the sheet are genes: .* are swapped"):
        load(tmp_path / "samples.tsv", tmp_path / "matrix.tsv")


def test_subset_needs_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "matrix.tsv").write_text(table())
    with pytest.raises(DataError, match="need a sample sheet"):
        load(tmp_path / "matrix.tsv", subset={"group": ["a"]})


def test_a_bad_cell_outside_the_chosen_samples_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "matrix.tsv").write_text(table({(3, 2): "abc"}))
    sheet = pd.DataFrame({"sample": ["S1", "S3"]})
    adata = load(tmp_path / "matrix.tsv", sheet)
    assert list(adata.obs_names) == ["S1", "S3"]
    notices = " ".join(adata.uns["mechanisms"]["notices"])
    assert "4 samples of the matrix not in the sample sheet, left out: 'S2', 'S4'" in notices


def test_another_type_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"data\.matrix is a list; allowed are a path, a data frame"
    ):
        load([1, 2])  # type: ignore[arg-type]
