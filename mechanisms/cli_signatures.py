"""`mechanisms signatures ...`: read, check, compare and extend the signatures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mechanisms.signatures import Collection

signatures_app = typer.Typer(
    help="Read, check, compare and extend the signatures.", no_args_is_help=True
)

Which = Annotated[
    str, typer.Option("--signatures", help="core, extended, all, an id, a file or a folder.")
]
Pairs = Annotated[
    bool, typer.Option("--pairs", help="Join ID_UP and ID_DN of a GMT file to one signature.")
]
Mode = Annotated[str, typer.Option(help="full, strict or disjoint.")]
Out = Annotated[Path | None, typer.Option("--out", help="File to write; default: the screen.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Matrix = Annotated[Path, typer.Argument(help="Any matrix that a study can name.")]
Samples = Annotated[Path | None, typer.Option(help="A sample sheet, if samples are chosen by it.")]
Platform = Annotated[Path | None, typer.Option(help="The platform's probe table, for arrays.")]
Species = Annotated[str, typer.Option(help="human, mouse or rat; auto: as the identifiers look.")]


@signatures_app.command("list")
def list_signatures(
    which: Annotated[
        str | None,
        typer.Option("--signatures", help="core (default), extended, all, a file or a folder."),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The README's table, of all signatures.")
    ] = False,
) -> None:
    """List signatures: id, mechanism, role, genes, expected direction with its grade."""
    from mechanisms.signatures import listing

    if markdown:
        typer.echo(listing.markdown(_read(which or "all")), nl=False)
    else:
        typer.echo(listing.listed(_read(which or "core")), nl=False)


@signatures_app.command("show")
def show_signature(
    signature: Annotated[str, typer.Argument(help="An id, such as macrophage_m1.")],
    which: Which = "all",
) -> None:
    """Show one signature or balance whole: genes with notes, evidence, variants."""
    from mechanisms.signatures import listing

    typer.echo(listing.shown(_read(which), signature), nl=False)


@signatures_app.command("lint")
def lint_signatures(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files or folders; default: the shipped collection.")
    ] = None,
    as_json: Json = False,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and stop.")] = False,
) -> None:
    """Check gene-set files: file, line, gene and remedy of every fault; exit 3 on errors."""
    from mechanisms import genes
    from mechanisms.signatures.lint import lint
    from mechanisms.signatures.lint_rules import RULES
    from mechanisms.signatures.listing import aligned

    if rules:
        rows = [(r.id, r.level, r.what, r.remedy) for r in RULES]
        typer.echo(aligned(("rule", "level", "what is wanted", "remedy"), rows), nl=False)
        return
    found = lint(paths or (), spell=genes.spelling, in_rodent=genes.rodent_spelling)
    if as_json:
        typer.echo(json.dumps(found.content(), indent=1, ensure_ascii=False))
    else:
        for finding in found.findings:
            typer.echo(str(finding))
        typer.echo(found.summary)
    if found.errors:
        raise typer.Exit(3)


@signatures_app.command("coverage")
def coverage_of_matrix(
    matrix: Matrix,
    samples: Samples = None,
    which: Which = "core",
    species: Species = "auto",
    platform: Platform = None,
    mode: Mode = "full",
) -> None:
    """Say how many genes of each direction a matrix holds, and why the others are not found."""
    from mechanisms.score.coverage import coverage_table, locate
    from mechanisms.signatures import described_changes, for_species, variant
    from mechanisms.signatures.listing import aligned

    ids, space, spoken = _identifiers(matrix, samples, platform, species)
    written = _read(which)
    collection = variant(for_species(written, spoken), mode)
    located = locate(collection, ids, space=space, species=spoken)
    table = coverage_table(located, collection)
    typer.echo(f"{len(ids):,} {spoken} genes by {space}\n")
    rows = [
        (t.signature, t.direction, t.n_found, t.n_genes, f"{t.fraction:.0%}", t.required, t.reason)
        for t in table.itertuples()
    ]
    header = ("signature", "direction", "found", "genes", "share", "needed", "not measurable")
    typer.echo(aligned(header, rows))
    lost = located[located["position"] < 0]
    if len(lost):
        homes = lost.groupby("gene")["signature"].agg(lambda s: ", ".join(dict.fromkeys(s)))
        why = lost.drop_duplicates("gene").set_index("gene")["detail"]
        missing = [(g, why[g] or "not among the genes of the data", homes[g]) for g in homes.index]
        typer.echo(aligned(("not found", "because", "signatures"), missing))
    for change in described_changes(written, species=spoken, mode=mode):
        typer.echo(change)


@signatures_app.command("overlap")
def overlap_of_signatures(
    which: Which = "core",
    others: Annotated[
        list[str] | None,
        typer.Option("--with", help="Best match of each signature in this GMT; repeatable."),
    ] = None,
    online: Annotated[
        str | None, typer.Option(help="The same with a library of Enrichr, downloaded now.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Write a picture: .svg, .png, .pdf.")] = None,
    matrix: Annotated[
        Path | None, typer.Option(help="Effective number of independent genes on these data.")
    ] = None,
    samples: Samples = None,
    platform: Platform = None,
    species: Species = "auto",
) -> None:
    """Show which signatures share genes, what each has for itself, and what it resembles."""
    from mechanisms.signatures import listing

    collection = _read(which)
    if picture is not None:
        from mechanisms.signatures.picture import save_overlap

        save_overlap(collection, picture)
        typer.echo(f"wrote {picture}")
    comparators = [_read(other) for other in others or []]
    if online is not None:
        from mechanisms.signatures.online import online_library

        comparators.append(online_library(online))
    for other in comparators:
        typer.echo(listing.matches(collection, other))
    if matrix is not None:
        typer.echo(_independent(collection, matrix, samples, platform, species), nl=False)
    if not comparators and matrix is None:
        typer.echo(listing.overlaps(collection), nl=False)


@signatures_app.command("export")
def export_signatures(
    form: Annotated[str, typer.Option("--format", help="gmt, json, long or dict.")] = "gmt",
    which: Which = "core",
    pairs: Pairs = False,
    mode: Mode = "full",
    out: Out = None,
) -> None:
    """Write signatures for other tools: GMT, JSON, decoupler's long table, gseapy's dict."""
    from mechanisms.signatures import variant
    from mechanisms.signatures.export import exported

    text = exported(variant(_read(which, pairs), mode), form, out)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8", newline="\n")
        typer.echo(f"wrote {out}")


@signatures_app.command("hash")
def hash_signatures(which: Which = "core", mode: Mode = "full", pairs: Pairs = False) -> None:
    """Print the content hash of the collection and of each signature."""
    from mechanisms.signatures import variant

    collection = variant(_read(which, pairs), mode)
    typer.echo(f"{collection.hash}  {collection.name}")
    for s in collection:
        typer.echo(f"{s.hash}  {s.id}")


@signatures_app.command("diff")
def diff_signatures(
    old: Annotated[str, typer.Argument(help="core, extended, all, a file or a folder.")],
    new: Annotated[str, typer.Argument(help="The same, newer.")],
    as_json: Json = False,
) -> None:
    """Say in words what changed between two versions."""
    from mechanisms.signatures.diff import diff

    one, two = _read(old), _read(new)
    changes = diff(one, two)
    if as_json:
        content = {"old": one.hash, "new": two.hash, "changes": [c._asdict() for c in changes]}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    for change in changes:
        typer.echo(change.text)
    same = "the hash is the same" if one.hash == two.hash else "the hash differs"
    typer.echo(f"{len(changes)} changes; {same}" if changes else f"no changes; {same}")


@signatures_app.command("add")
def add_signature(
    signature: Annotated[str, typer.Argument(help="The new id, such as matrix_my_enzymes.")],
    mechanism: Annotated[str, typer.Option(help="Its mechanism, such as matrix.")],
    out: Out = None,
) -> None:
    """Write the commented form of a new signature."""
    from mechanisms.errors import SignatureError
    from mechanisms.signatures.skeleton import skeleton

    shipped = _read("all")
    taken = [*shipped.ids, *(b.id for b in shipped.balances)]
    text = skeleton(signature, mechanism, taken=taken, mechanisms=[s.mechanism for s in shipped])
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise SignatureError(
            f"{out} exists and is not overwritten. Choose another file, or print the form (leave "
            "--out away) and paste its entry below 'signatures:'."
        )
    if out.suffix not in (".yaml", ".yml"):
        raise SignatureError(f"{out}: the form is YAML. Choose a name that ends in .yaml.")
    out.write_text(text.replace("FILE", str(out)), encoding="utf-8", newline="\n")
    typer.echo(f"wrote {out}; fill it in, then: mechanisms signatures lint {out}")


def _read(which: str, pairs: bool = False) -> Collection:
    from mechanisms.signatures import read_signatures

    return read_signatures(which, pairs=pairs)


def _identifiers(
    matrix: Path, samples: Path | None, platform: Path | None, species: str
) -> tuple[list[str], str, str]:
    """The genes of a matrix, the space of their identifiers, and the species."""
    from mechanisms.cohort.files import open_source
    from mechanisms.cohort.identifiers import name_rows
    from mechanisms.cohort.reading import read_cohort
    from mechanisms.vocabulary import SPECIES

    raw = read_cohort(matrix, samples).raw
    table = open_source(platform, "platform table", "--platform") if platform else None
    rows = name_rows(raw, "auto", table)
    spoken = rows.species if species == "auto" and rows.species in SPECIES else species
    ids = [str(i) for i in dict.fromkeys(rows.ids) if i]
    return ids, rows.space, "human" if spoken == "auto" else spoken


def _independent(
    collection: Collection,
    matrix: Path,
    samples: Path | None,
    platform: Path | None,
    species: str,
) -> str:
    """The effective number of independent genes of each signature on a matrix, as a table."""
    import numpy as np

    from mechanisms.cohort import load
    from mechanisms.score.coverage import locate
    from mechanisms.score.run import identifier_space
    from mechanisms.signatures import effective_number, for_species
    from mechanisms.signatures.listing import aligned

    if species == "auto":
        species = _identifiers(matrix, samples, platform, species)[2]
    data = load(matrix, samples, platform=platform, species=species)
    space, spoken = identifier_space(data, species)
    located = locate(
        for_species(collection, spoken), list(data.var_names), space=space, species=spoken
    )
    found = located[located["position"] >= 0]
    rows = []
    for id in collection.ids:
        places = np.unique(found.loc[found["signature"] == id, "position"])
        n = effective_number(np.asarray(data.X)[:, places]) if len(places) else float("nan")
        rows.append((id, len(collection[id].genes), len(places), f"{n:.1f}"))
    limit = f"at most {data.n_obs - 1}, samples minus one"
    note = f"independent genes: {limit}; (sum of eigenvalues)^2 / sum of squares, Bretherton 1999\n"
    return aligned(("signature", "genes", "found", "independent"), rows) + note
