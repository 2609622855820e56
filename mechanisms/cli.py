"""The command line: each command calls one function and prints what a person needs to know."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mechanisms.cli_cohorts import cohorts_app, fetch, init
from mechanisms.cli_score import score
from mechanisms.cli_signatures import signatures_app
from mechanisms.errors import MechanismsError, MechanismsWarning

app = typer.Typer(
    name="mechanisms",
    help="Which mechanisms separate lumbar disc herniations that resorb from those that do not, "
    "and how far the data can be trusted to say so.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(signatures_app, name="signatures")
app.add_typer(cohorts_app, name="cohorts")
app.command()(init)
app.command()(fetch)
app.command()(score)

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier result.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the folder and nothing else.")]

Own = Annotated[
    list[str] | None,
    typer.Option(help="Your own signatures (a file), or the id of a shipped one; repeatable."),
]


def _out() -> Console:
    return Console(soft_wrap=True, highlight=False)


def _err() -> Console:
    return Console(stderr=True, soft_wrap=True, highlight=False)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from mechanisms import __version__

        typer.echo(f"mechanisms {__version__}")
        raise typer.Exit


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("results/demo"),
    signatures: Own = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run the embedded, simulated cohort from start to report."""
    from mechanisms import pipeline

    with _Steps(quiet) as steps:
        folder = pipeline.demo(out, add=signatures or [], overwrite=overwrite, say=steps)
    _summary(folder, quiet)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="A study file (YAML).")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; default results/<study>.")
    ] = None,
    signatures: Own = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run a study: load, score, compare, challenge, report."""
    from mechanisms import pipeline

    with _Steps(quiet) as steps:
        folder = pipeline.run(study, out, add=signatures or [], overwrite=overwrite, say=steps)
    _summary(folder, quiet)


@app.command()
def check(
    study: Annotated[Path, typer.Argument(help="A study file (YAML).")],
    plan: Annotated[
        Path | None, typer.Option("--freeze", help="Also write the plan of the study here.")
    ] = None,
) -> None:
    """Say everything that can be known before running."""
    from mechanisms.check import check as check_study
    from mechanisms.freeze import freeze
    from mechanisms.study import read_study

    planned = read_study(study)
    with _Steps(quiet=False) as steps:
        steps("load")
        lines = check_study(planned)
    if plan is not None:
        lines.append(("plan", f"frozen in {freeze(planned, plan)}; name it in the study file"))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    last = ""
    for topic, text in lines:
        table.add_row("" if topic == last else topic, escape(text))
        last = topic
    Console(highlight=False).print(table)


@app.command()
def power(
    n_target: Annotated[int, typer.Argument(help="Donors in the target group, or pairs.")],
    n_reference: Annotated[int, typer.Argument(help="Donors in the reference group, or pairs.")],
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Both groups are the same donors.")
    ] = False,
    family: Annotated[int, typer.Option(help="Mechanisms tested together.")] = 30,
    goal: Annotated[float, typer.Option(help="Power wanted.")] = 0.8,
) -> None:
    """Say how small an effect a design could find."""
    from mechanisms.check import power_lines

    for topic, text in power_lines(n_target, n_reference, pairs=pairs, family=family, goal=goal):
        _out().print(f"{topic:<14} {escape(text)}")


class _Steps:
    """Tells the steps of a run: a spinner on a terminal, plain lines elsewhere, or nothing."""

    def __init__(self, quiet: bool) -> None:
        self.console, self.quiet = _err(), quiet
        self.status = self.console.status("") if self.console.is_terminal and not quiet else None

    def __enter__(self) -> _Steps:
        if self.status:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def __call__(self, step: str) -> None:
        if self.status:
            self.status.update(step)
        elif not self.quiet:
            self.console.print(escape(step))


def _summary(folder: Path, quiet: bool) -> None:
    import pandas as pd

    if quiet:
        typer.echo(str(folder))
        return
    effects = pd.read_csv(folder / "tables" / "effects.csv", keep_default_na=False)
    first = effects[(effects["adjustment"] == "none") & (effects["claim"] != "")]
    claims = first[first["kind"] == "signature"].groupby("claim")["signature"].agg(list)
    table = Table("claim", "mechanisms")
    for claim, names in sorted(claims.items(), key=lambda item: str(item[0])):
        table.add_row(str(claim), ", ".join(names))
    Console(highlight=False).print(table)
    _out().print(f"report: {escape(str(folder / 'report.html'))}")


def main() -> None:
    """Run the command line: 0 done, 1 unexpected, 2 bad input, 3 finished with findings."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", MechanismsWarning)
    warnings.showwarning = _show_warning
    # As after Ctrl-C, what was begun is cleared away (job schedulers end jobs by this signal).
    signal.signal(signal.SIGTERM, lambda *_: _fail("stopped; nothing was written", 1))
    try:
        app()
    except MechanismsError as error:
        _fail(str(error), 2)
    except Exception as error:
        if os.environ.get("MECHANISMS_TRACEBACK"):
            raise
        _fail(
            f"unexpected {type(error).__name__}: {error}. This is a fault of mechanisms: please "
            "report it with the output of the same command under MECHANISMS_TRACEBACK=1",
            1,
        )


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    typer.echo(f"mechanisms: note: {message}", err=True)


def _fail(message: str, code: int) -> None:
    stop = "" if message.endswith((".", "?", ")")) else "."
    typer.echo(f"mechanisms: {message}{stop}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
