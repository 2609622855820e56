"""The report: tables, workbook, figures, page and manifest of one study."""

from mechanisms.report.findings import Findings
from mechanisms.report.write import write_report

__all__ = ["Findings", "write_report"]
