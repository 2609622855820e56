"""Tables, workbook and manifest: numbers, bytes, and text that no spreadsheet runs."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from mechanisms.errors import DataError
from mechanisms.report import write_report
from mechanisms.report.columns import explanations
from mechanisms.report.findings import check_findings
from mechanisms.report.provenance import without_folders, write_manifest
from mechanisms.report.tables import (
    cell_text,
    harmless,
    report_tables,
    rounded,
    sha256,
    write_csv,
    write_tables,
)
from mechanisms.report.workbook import write_workbook


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1 / 3, "0.333333333"),
        (123456789.987, "123456790"),
        (-2.5e-12 / 3, "-8.33333333e-13"),
        (1.0, "1"),
        (float("nan"), ""),
        (None, ""),
        (pd.NA, ""),
        (True, "true"),
        (np.int64(7), "7"),
        (float("inf"), "inf"),
        (["MMP1", "MMP3"], "MMP1 MMP3"),
    ],
)
def test_a_cell_holds_nine_significant_digits(value: object, text: str) -> None:
    assert cell_text(value) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@sum(a1)", "'@sum(a1)"),
        ("-cmd|x", "'-cmd|x"),
        ("+49 30", "'+49 30"),
        ("\tx", "'\tx"),
        ("-1.5", "-1.5"),  # a number, though it came as text
        ("+2e3", "+2e3"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_made_harmless(text: str, safe: str) -> None:
    assert harmless(text) == safe


def test_the_csv_is_the_rounded_frame_byte_for_byte(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"unit": ["=A", 'B "x", y'], "n": [3, 4], "score": [2 / 3, np.nan], "ok": [True, False]}
    )
    path = write_csv(frame, tmp_path / "t.csv")
    assert path.read_bytes() == (
        b'unit,n,score,ok\n\'=A,3,0.666666667,true\n"B ""x"", y",4,,false\n'
    )
    back = pd.read_csv(path)["score"].to_numpy()
    np.testing.assert_array_equal(back, rounded(frame)["score"].to_numpy())


def test_rounding_leaves_the_frame_it_was_given(findings) -> None:
    made = findings()
    before = made.effects.copy(deep=True)
    report_tables(made)
    pd.testing.assert_frame_equal(made.effects, before)


def test_noise_below_the_ninth_digit_gives_the_same_bytes(findings, tmp_path: Path) -> None:
    made = findings()
    moved = made.scores.copy()
    numbers = moved.select_dtypes("number").columns
    moved[numbers] = rounded(moved)[numbers] * (1 + 1e-13)
    first = write_tables(report_tables(made), tmp_path / "a")
    second = write_tables(report_tables(replace(made, scores=moved)), tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_every_column_of_every_table_is_explained(findings) -> None:
    tables = report_tables(findings(simulated=True))
    unexplained = explanations(tables).query("meaning == ''")
    assert unexplained.empty, unexplained


def test_the_workbook_holds_the_tables_and_explains_them_first(findings, tmp_path: Path) -> None:
    tables = report_tables(findings(simulated=True))
    path = write_workbook(tables, tmp_path / "results.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["columns", *tables]
    sheet = book["effects"]
    assert [c.value for c in sheet[1]] == list(tables["effects"].columns)
    column = list(tables["effects"].columns).index("estimate")
    values = [row[column] for row in sheet.iter_rows(min_row=2, values_only=True)]
    expected = [None if pd.isna(x) else x for x in tables["effects"]["estimate"]]
    assert values == expected
    assert book["columns"].max_row == 1 + len(tables) + sum(len(t.columns) for t in tables.values())


def test_the_workbook_has_no_formula_and_no_forbidden_character(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=head": ["=1+1", "a\x00b\x0bc", "x" * 40_000], "n": [-1, 2, 3]})
    book = openpyxl.load_workbook(write_workbook({"scores": frame}, tmp_path / "t.xlsx"))
    cells = [c for row in book["scores"].iter_rows() for c in row]
    assert all(c.data_type != "f" for c in cells)
    assert [c.value for c in cells][:2] == ["'=head", "n"]
    assert book["scores"]["A3"].value == "abc"
    assert book["scores"]["B2"].value == -1


def test_the_workbook_has_no_clock(findings, tmp_path: Path) -> None:
    path = write_workbook(report_tables(findings()), tmp_path / "t.xlsx")
    with zipfile.ZipFile(path) as archive:
        assert {m.date_time for m in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"1980-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_two_runs_give_the_same_bytes(findings, reports, tmp_path: Path) -> None:
    first = reports["demo"]
    write_report(tmp_path, findings(simulated=True))
    files = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*.*"))
    kinds = {p.suffix for p in files}
    assert kinds == {".csv", ".xlsx", ".svg", ".pdf", ".png", ".html", ".json"}
    different = [str(f) for f in files if (tmp_path / f).read_bytes() != (first / f).read_bytes()]
    assert different == []


def test_the_manifest_hashes_what_stands_there_and_names_no_place(findings, tmp_path: Path) -> None:
    (tmp_path / "scored.h5ad").write_bytes(b"scores")
    (tmp_path / "run.log").write_text("12:00 on some host")
    made = findings()
    write_csv(made.scores, tmp_path / "scores.csv")
    text = write_manifest(tmp_path, made).read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["outputs"] == {
        "scored.h5ad": sha256(tmp_path / "scored.h5ad"),
        "scores.csv": sha256(tmp_path / "scores.csv"),
    }
    assert manifest["name"] == "mechanisms"
    assert manifest["study"]["data"]["matrix"] == "counts.tsv"
    assert manifest["signatures"]["each"]["matrix_mmp"] == made.signatures["matrix_mmp"].hash
    assert manifest["packages"]["numpy"] == np.__version__
    assert str(tmp_path) not in text
    assert list(manifest) == sorted(manifest)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("/a/b/counts.tsv", "counts.tsv"),
        ("C:\\data\\counts.tsv", "counts.tsv"),
        ("data/counts.tsv", "data/counts.tsv"),
        ({"x": ["/a/b", 3]}, {"x": ["b", 3]}),
        (Path("/a/b.tsv"), "b.tsv"),
        ("/", "/"),
    ],
)
def test_absolute_paths_are_cut_to_their_name(value: object, kept: object) -> None:
    assert without_folders(value) == kept


def test_missing_columns_and_facts_are_refused(findings) -> None:
    made = findings()
    with pytest.raises(DataError, match="frame 'effects' lacks the column 'claim'"):
        check_findings(replace(made, effects=made.effects.drop(columns="claim")))
    design = {k: x for k, x in made.design.items() if k != "p_floor"}
    with pytest.raises(DataError, match="design lacks 'p_floor'"):
        check_findings(replace(made, design=design))
