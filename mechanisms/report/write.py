"""The results folder of one study: tables, workbook, figures, page, and last the manifest."""

from __future__ import annotations

from pathlib import Path

from mechanisms.report.findings import Findings, check_findings
from mechanisms.report.tables import report_tables, write_tables


def write_report(folder: Path, findings: Findings) -> list[Path]:
    """Write everything but ``scored.h5ad`` and ``run.log`` into ``folder``; return the files.

    The manifest hashes all files that stand in the folder by then (``run.log`` excepted), so this
    comes last. Raises DataError when a frame or a fact of the design is missing.
    """
    from mechanisms.report.figures import draw_all
    from mechanisms.report.page import write_page
    from mechanisms.report.provenance import write_manifest
    from mechanisms.report.style import house_style, save
    from mechanisms.report.workbook import write_workbook

    check_findings(findings)
    folder = Path(folder)
    tables = report_tables(findings)
    paths = write_tables(tables, folder / "tables")
    # Twenty thousand genes would make the workbook slow to open: they have a table of their own.
    sheets = {name: frame for name, frame in tables.items() if name != "genes"}
    paths.append(write_workbook(sheets, folder / "results.xlsx"))
    with house_style():
        drawings = draw_all(findings, tables)
        for drawing in drawings:
            paths += save(drawing, folder / "figures")
    paths.append(write_page(folder, findings, tables, drawings))
    paths.append(write_manifest(folder, findings))
    return paths
