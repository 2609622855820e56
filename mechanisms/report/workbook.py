"""``results.xlsx``: one sheet a table, a first sheet that explains the columns, stable bytes."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mechanisms.report.columns import TABLES, explanations
from mechanisms.report.tables import cell_text
from mechanisms.report.values import printable

_EXCEL_ROWS = 1_048_575  # below the header
_EXCEL_TEXT = 32_000
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path) -> Path:
    """Write the tables as an Excel workbook whose bytes depend on the tables alone."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    book.properties.creator = "mechanisms"
    about = pd.DataFrame({"sheet": list(tables), "column": "", "meaning": ""})
    about["meaning"] = [TABLES.get(name, "") for name in tables]
    _sheet(book, "columns", pd.concat([about, explanations(tables)], ignore_index=True))
    for name, frame in tables.items():
        _sheet(book, name[:31], frame)
    buffer = io.BytesIO()
    book.save(buffer)
    _freeze(buffer, path)
    return path


def _sheet(book: Any, name: str, frame: pd.DataFrame) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    sheet.freeze_panes = "B2"
    for i, column in enumerate(frame.columns, start=1):
        longest = max((len(cell_text(v)) for v in frame[column].head(200)), default=0)
        width = min(60, max(10, len(str(column)), longest)) + 2
        sheet.column_dimensions[get_column_letter(i)].width = width
    head = []
    for column in frame.columns:
        cell = WriteOnlyCell(sheet, value=_cell(str(column)))
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    columns = [[_cell(v) for v in frame[c].head(_EXCEL_ROWS).tolist()] for c in frame.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)


def _cell(value: Any) -> Any:
    """Numbers stay numbers; text is printable, short enough, and no formula."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if math.isnan(value):
            return None
        return float(value) if math.isfinite(value) else str(value)
    return printable(cell_text(value))[:_EXCEL_TEXT] or None


def _freeze(buffer: io.BytesIO, path: Path) -> None:
    """Rewrite the archive without the clock: openpyxl stamps each member and the properties."""
    stamp = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms)")
    with (
        zipfile.ZipFile(buffer) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name == "docProps/core.xml":
                data = stamp.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", data)
            member = zipfile.ZipInfo(name, date_time=_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            target.writestr(member, data)
