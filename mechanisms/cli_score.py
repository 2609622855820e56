"""`mechanisms score`: signatures in an atlas that need not fit into memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def score(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="An .h5ad file or .zarr folder.")],
    out: Annotated[Path, typer.Option(help="The store to write: .h5ad or .zarr.")],
    signatures: Annotated[
        str, typer.Option(help="core, extended, all, an id, a file or a folder.")
    ] = "core",
    method: Annotated[
        list[str] | None, typer.Option(help="ucell (default) or another; repeatable.")
    ] = None,
    species: Annotated[
        str, typer.Option(help="human, mouse or rat; auto: as the identifiers look.")
    ] = "auto",
    workers: Annotated[int, typer.Option(help="Threads.")] = 1,
    dask_scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A running dask scheduler.")
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Cells in a piece; default: about 64 MB.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier result.")] = (
        False
    ),
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the path and nothing else.")] = (
        False
    ),
) -> None:
    """Score every cell of a store, piece by piece; a killed run goes on where it stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from mechanisms.score.atlas import score_store

    console = Console(stderr=True)
    with Progress(
        "cells",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    ) as bar:
        task = bar.add_task("cells", total=None)
        written = score_store(
            source,
            out,
            signatures,
            methods=method or ["auto"],
            species=None if species == "auto" else species,
            workers=workers,
            scheduler=dask_scheduler,
            rows=rows,
            overwrite=overwrite,
            told=lambda done, all_: bar.update(task, completed=done, total=all_),
        )
    typer.echo(str(written))
