"""``report.html``: one self-contained page under a policy that lets nothing in or out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from mechanisms import vocabulary as v
from mechanisms.report import overview, values, verdict, view
from mechanisms.report.findings import Findings
from mechanisms.report.inline_svg import inline_svg
from mechanisms.report.provenance import output_hashes, provenance
from mechanisms.report.style import FORMATS, Drawing, claim_slug


def read_asset(name: str) -> str:
    """Return a text that ships beside this module, with LF line ends (they are hashed)."""
    text = resources.files("mechanisms.report").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def policy(script: str, style: str) -> str:
    """Return the Content-Security-Policy: this script, this style, images from within."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _printable(value: Any) -> Any:
    """Return text without the characters that HTML forbids; markup is our own and passes."""
    plain = isinstance(value, str) and not hasattr(value, "__html__")
    return values.printable(value) if plain else value


def _breakable(text: Any) -> Any:
    """Return a name that may break behind its underscores."""
    from markupsafe import Markup, escape

    return Markup("_<wbr>").join(escape(part) for part in _printable(str(text)).split("_"))


def write_page(
    folder: Path,
    findings: Findings,
    tables: Mapping[str, pd.DataFrame],
    drawings: Sequence[Drawing],
) -> Path:
    """Render the page into ``folder``; its tables and figures must already stand there."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(read_asset),
        finalize=_printable,
    )
    environment.filters |= {"breakable": _breakable, "sentence": values.sentence}
    script, style = read_asset("page.js"), read_asset("page.css")
    html = environment.get_template("page.html.j2").render(
        csp=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        figures=[_figure(d, folder) for d in drawings],
        files=output_hashes(folder),
        **_context(findings, tables),
    )
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8", newline="\n")
    return path


def _figure(drawing: Drawing, folder: Path) -> dict[str, Any]:
    from markupsafe import Markup

    source = (folder / "figures" / f"{drawing.name}.svg").read_text(encoding="utf-8")
    svg = inline_svg(source, f"figure-{drawing.name}", drawing.title, drawing.alt)
    return {
        "name": drawing.name,
        "title": drawing.title,
        "caption": drawing.caption,
        "svg": Markup(svg),
        "files": [(kind.upper(), f"figures/{drawing.name}.{kind}") for kind in FORMATS],
    }


def _context(findings: Findings, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    rows = view.mechanism_rows(findings, tables)
    methods, sensitivity = view.sensitivity_rows(findings, tables)
    return {
        "title": findings.title,
        "design": findings.design,
        "simulated": findings.simulated,
        "target": values.plain(findings.design["target"]),
        "reference": values.plain(findings.design["reference"]),
        "verdict": overview.verdict_of(findings, rows),
        "counts": overview.claim_counts(rows),
        "facts": overview.facts(findings),
        "rows": overview.by_claim(rows),
        "sections": view.mechanism_sections(findings, rows, tables),
        "balances": view.balance_rows(findings, tables),
        "composition": view.composition_rows(findings, tables),
        "trust": view.trust_rows(findings, tables),
        "methods": methods,
        "sensitivity": sensitivity,
        "coverage": view.coverage_rows(tables),
        "notices": tables["notices"].to_dict("records"),
        "truth": view.truth_rows(findings, rows),
        "claims": [(c, claim_slug(c), meaning) for c, meaning in v.CLAIMS.items()],
        "grades": verdict.GRADE_MEANS,
        "plot": {"width": view.PLOT_WIDTH, "height": view.PLOT_HEIGHT},
        "provenance": provenance(findings),
        "inputs": findings.inputs,
    }
