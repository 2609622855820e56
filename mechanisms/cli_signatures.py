"""`mechanisms signatures ...`: read, check and extend the signatures from the command line."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

signatures_app = typer.Typer(help="Read the signatures.", no_args_is_help=True)

Which = Annotated[
    str, typer.Option("--signatures", help="core, extended, all, a file or a folder.")
]


@signatures_app.command("list")
def list_signatures(which: Which = "core") -> None:
    """List signatures: id, mechanism, role, genes, expected direction with its grade."""
    from mechanisms.signatures import read_signatures

    collection = read_signatures(which)
    table = Table("signature", "mechanism", "role", "up", "down", "expected", "grade", "title")
    for s in collection:
        table.add_row(
            s.id,
            s.mechanism,
            s.role,
            str(len(s.up)),
            str(len(s.down)),
            s.expected,
            s.grade,
            escape(s.title),
        )
    Console(soft_wrap=True, highlight=False).print(table)
    balances = Table("balance", "plus", "minus")
    for b in collection.balances:
        balances.add_row(b.id, ", ".join(b.plus), ", ".join(b.minus))
    Console(soft_wrap=True, highlight=False).print(balances)


@signatures_app.command("show")
def show_signature(
    signature: Annotated[str, typer.Argument(help="An id, such as macrophage_m1.")],
    which: Which = "all",
) -> None:
    """Show one signature whole."""
    from mechanisms.signatures import read_signatures

    s = read_signatures(which)[signature]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    facts = {
        "id": s.id,
        "title": s.title,
        "mechanism": f"{s.mechanism} ({s.role}, {s.tier})",
        "up": " ".join(s.up),
        "down": " ".join(s.down),
        "high means": s.high_means,
        "expected": f"{s.expected}, grade {s.grade}",
        "RNA cannot show": s.rna_cannot_show,
        "assay": s.assay,
        "evidence": s.evidence,
        "citations": "; ".join(s.citations),
        "cautions": s.cautions,
        "hash": s.hash,
    }
    for name, value in facts.items():
        if value:
            table.add_row(name, escape(str(value)))
    Console(highlight=False).print(table)


@signatures_app.command("hash")
def hash_signatures(which: Which = "core") -> None:
    """Print the content hash of the collection and of each signature."""
    from mechanisms.signatures import read_signatures

    collection = read_signatures(which)
    typer.echo(f"{collection.hash}  {collection.name}")
    for s in collection:
        typer.echo(f"{s.hash}  {s.id}")
