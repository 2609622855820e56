"""`mechanisms init`, `mechanisms fetch` and `mechanisms cohorts ...`: where a study comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mechanisms.cohort import Proposal
    from mechanisms.cohort.download import Progress
    from mechanisms.cohort.public import Cohort

cohorts_app = typer.Typer(
    help="Public disc cohorts: what each is, its defects, what it can answer.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Option("--dir", help="Where to write the study and its sheet.")]
Cache = Annotated[
    Path | None, typer.Option(help="Folder of downloads; default MECHANISMS_CACHE, or the user's.")
]
Excel = Annotated[bool, typer.Option("--excel", help="Write the sample sheet as .xlsx.")]
_STATUS = {"verified": "verified", "from literature": "literature", "unverified": "unverified"}


def init(
    matrix: Annotated[
        str,
        typer.Argument(help="A matrix, a folder of samples, or the accession of a GEO series."),
    ],
    samples: Annotated[Path | None, typer.Option(help="A sample sheet, if there is one.")] = None,
    platform: Annotated[
        str | None,
        typer.Option(help="For arrays: the probe-to-gene table, or GPL... to download it."),
    ] = None,
    transcripts: Annotated[
        Path | None, typer.Option(help="Transcript-to-gene table, for Salmon and kallisto.")
    ] = None,
    format: Annotated[
        str, typer.Option(help="The matrix's format, where its content does not show it.")
    ] = "auto",
    only: Annotated[
        list[str] | None,
        typer.Option(help="COLUMN=VALUE: take these samples, such as platform_id=GPL96."),
    ] = None,
    species: Annotated[
        str | None, typer.Option(help="human, mouse or rat; default: as the genes are named.")
    ] = None,
    folder: Folder = Path("."),
    excel: Excel = False,
    cache: Cache = None,
) -> None:
    """List the groups found in the data; write a commented study file and a sample sheet."""
    from mechanisms.cohort import propose

    if not Path(matrix).exists() and re.fullmatch(r"GSE\d+", matrix, re.I):
        fetch(matrix, folder, cache, excel)
        return
    table = _platform(platform, cache)
    typer.echo("load", err=True)
    proposal = propose(
        matrix,
        samples,
        table,
        format=format,
        transcripts=transcripts,
        subset=_chosen(only or []),
        species=species,
    )
    _write(proposal, folder, excel)


def fetch(
    accession: Annotated[str, typer.Argument(help="A registered cohort, or any GEO series.")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where to write; default: the accession.")
    ] = None,
    cache: Cache = None,
    excel: Excel = False,
) -> None:
    """Download a public cohort, compare it with what is known of it, and write its study."""
    from mechanisms.cohort.fetch import fetch as fetch_cohort
    from mechanisms.cohort.fetch import propose_fetched

    with _bars() as progress:
        arrived = fetch_cohort(accession, cache=cache, progress=progress)
    typer.echo("load", err=True)
    proposal = propose_fetched(arrived)
    _write(proposal, folder or Path(str(arrived.cohort.id)), excel)
    typer.echo(f"files      {arrived.folder}")


@cohorts_app.command("list")
def list_cohorts(
    tissue: Annotated[str | None, typer.Option(help="Only this tissue.")] = None,
    species: Annotated[str | None, typer.Option(help="Only this species.")] = None,
    assay: Annotated[
        str | None, typer.Option(help="Only array, bulk_rnaseq, single_cell or spatial.")
    ] = None,
) -> None:
    """List the registered cohorts: one line each."""
    from mechanisms.cohort.public import registry
    from mechanisms.cohort.wording import closest
    from mechanisms.errors import DataError

    found = list(registry().values())
    for word, field in ((tissue, "tissue"), (species, "species"), (assay, "assay")):
        if word is None:
            continue
        known = sorted({str(getattr(c, field)) for c in registry().values()})
        if word not in known:
            raise DataError(
                f"--{field} {word}: no cohort has it; there are {', '.join(known)}"
                f"{closest(word, known)}"
            )
        found = [c for c in found if getattr(c, field) == word]
    if not found:
        typer.echo("no cohort has all of these", err=True)
        return
    wide = max(len(c.id) for c in found)
    for c in found:
        n = f"{c.samples}" if c.samples else "?"
        typer.echo(
            f"{c.id:<{wide}}  {c.species:<5}  {c.tissue:<16}  {c.assay:<11}  n={n:<4}"
            f" {_STATUS[c.status]:<10}  {c.title}"
        )
    typer.echo(f"{len(found)} cohorts; n: samples; mechanisms cohorts show ID tells what is known")


@cohorts_app.command("show")
def show_cohort(
    cohort: Annotated[str, typer.Argument(help="An accession or an id of the list.")],
) -> None:
    """Say everything that is known of a cohort."""
    from mechanisms.cohort.public import cohort_of

    for topic, text in _facts(cohort_of(cohort)):
        typer.echo(f"{topic:<10} {text}")


def _facts(c: Cohort) -> Iterator[tuple[str, str]]:
    from mechanisms.cohort.public import address, family

    yield "cohort", f"{c.id}: {c.title}"
    yield "status", f"{c.status}; known from {c.source}"
    yield "samples", f"{c.samples or 'number unknown'}; {c.species}, {c.tissue.replace('_', ' ')}"
    yield "assay", f"{c.assay.replace('_', ' ')}; {c.platform}; values: {c.scale}"
    yield "design", c.design
    if c.groups is not None:
        counts = ", ".join(f"{value} ({n})" for value, n in c.groups.counts.items())
        yield "groups", f"read from {c.groups.column}: {counts}"
        yield "groups", f"proposed: {c.groups.target} against {c.groups.reference}"
    for other in family(c):
        yield "family", f"shares donors, or may, with {other}: never pool them as two cohorts"
    for defect in c.defects:
        yield "defect", defect
    yield "can", c.can
    yield "cannot", c.cannot
    for file in c.files:
        known = "hash known" if file.sha256 else "hash not known"
        yield "file", f"{address(str(c.accession), file)} ({known})"
    if c.accession is None or not c.files:
        yield "file", "none that can be fetched"


def _platform(name: str | None, cache: Path | None) -> Path | None:
    from mechanisms.cohort.platforms import fetch_platform, is_platform

    if name is None or Path(name).exists() or not is_platform(name):
        return None if name is None else Path(name)
    with _bars() as progress:
        return fetch_platform(name, cache=cache, progress=progress)


def _chosen(only: list[str]) -> dict[str, list[str]] | None:
    from mechanisms.errors import StudyError

    chosen: dict[str, list[str]] = {}
    for pair in only:
        column, equals, value = pair.partition("=")
        if not (column and equals and value):
            raise StudyError(f"--only {pair}: write COLUMN=VALUE, as in --only platform_id=GPL96")
        chosen.setdefault(column, []).append(value)
    return chosen or None


def _write(proposal: Proposal, folder: Path, excel: bool) -> None:
    from mechanisms.check import init_lines
    from mechanisms.cohort import write_study

    written = write_study(proposal, folder, excel=excel)
    for topic, text in init_lines(proposal):
        typer.echo(f"{topic:<10} {text}")
    for path in written:
        typer.echo(f"wrote      {path}")
    typer.echo(f"Read them, correct what was guessed, then: mechanisms check {written[0]}")


@contextmanager
def _bars() -> Iterator[Progress]:
    """A bar for each file on a terminal; elsewhere one line when it begins."""
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    if not console.is_terminal:
        begun: set[str] = set()

        def line(name: str, done: int, total: int | None) -> None:
            if name not in begun:
                size = f" ({total / 1e6:.1f} MB)" if total else ""
                console.print(f"download {name}{size}", markup=False)
            begun.add(name)

        yield line
        return
    from rich.progress import BarColumn, DownloadColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    with Bars(
        "{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=console
    ) as bars:
        tasks = {}

        def move(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield move
