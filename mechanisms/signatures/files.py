"""Signatures from the shipped files, from users' YAML or GMT, and from a dict."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from mechanisms.errors import SignatureError
from mechanisms.signatures.entries import FILE_KEYS, balance_from, signature_from
from mechanisms.signatures.model import Balance, Collection, Signature
from mechanisms.vocabulary import nearest

SHIPPED = {
    "core": ("core",),
    "extended": ("extended",),
    "all": ("core", "extended"),
}
SUFFIXES = (".yaml", ".yml", ".gmt", ".gmt.gz")
TOP_KEYS = ("signatures", "balances", *FILE_KEYS)
Source = str | Path | Mapping[str, Any] | Collection
Members = tuple[list[Signature], list[Balance]]


def read_signatures(source: Source = "core", add: Source | Sequence[Source] = ()) -> Collection:
    """Read a collection, and add the user's own signatures to it.

    Parameters
    ----------
    source
        ``"core"``, ``"extended"`` or ``"all"`` of the shipped signatures; a YAML file, a GMT
        file or a folder of them; a dict ``{id: genes}`` or ``{id: {"up": [...], "down": [...]}}``;
        or a Collection.
    add
        One or more further sources; their balances may name signatures of `source`.

    Returns
    -------
    Collection

    Raises
    ------
    SignatureError
        On anything that cannot be read as it stands; the message names file, id, gene, remedy.
    """
    more = [add] if isinstance(add, str | Path | Mapping | Collection) else list(add)
    parts = [(*_members(s), _name(s)) for s in (source, *more)]
    origin: dict[str, str] = {}
    for signatures, balances, name in parts:
        members: list[Signature | Balance] = [*signatures, *balances]
        for member in members:
            if member.id in origin:
                homes = " and again in ".join(dict.fromkeys((origin[member.id], name)))
                raise SignatureError(
                    f"The id {member.id!r} occurs twice, in {homes}; every signature and balance "
                    "needs an id of its own. Rename or delete one of them."
                )
            origin[member.id] = name
    return Collection(
        "+".join(name for _, _, name in parts),
        tuple(s for signatures, _, _ in parts for s in signatures),
        tuple(b for _, balances, _ in parts for b in balances),
    )


@cache
def shipped() -> Collection:
    """Every shipped signature, read and validated once for each process."""
    folder = files("mechanisms.gene_sets")
    named = sorted(f for f in (e.name for e in folder.iterdir()) if f.endswith(".yaml"))
    return _joined("all", [read_yaml(folder.joinpath(n).read_bytes(), n) for n in named])


def read_yaml(content: bytes, where: str) -> Members:
    """Signatures and balances of one YAML file; `where` is its name in messages."""
    text = _decoded(content, where)
    try:
        tree = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise SignatureError(
            f"{where}{line}: this is no YAML that can be read ({problem.problem}). Check "
            "indentation, brackets and quotes there; tags such as !!python/object are refused."
        ) from None
    except yaml.YAMLError as problem:
        raise SignatureError(
            f"{where}: this is no YAML that can be read ({' '.join(str(problem).split())}). "
            "Retype the line it names by hand."
        ) from None
    if isinstance(tree, list):
        tree = {"signatures": tree}
    if not isinstance(tree, dict) or not (tree.get("signatures") or tree.get("balances")):
        raise SignatureError(
            f"{where}: the file has no signatures. Begin with 'signatures:' and one entry "
            "'- id: my_set' with its 'genes: [...]' for each."
        )
    for key in tree:
        if key not in TOP_KEYS:
            raise SignatureError(
                f"{where}: unknown key {key!r} at the top{nearest(key, TOP_KEYS) or '.'} Known "
                f"keys: {', '.join(TOP_KEYS)}. Correct or delete it."
            )
    defaults = {key: tree[key] for key in FILE_KEYS if key in tree}
    return (
        [signature_from(e, w) for e, w in _entries(tree, "signatures", defaults, where)],
        [
            balance_from(e, w)
            for e, w in _entries(
                tree, "balances", {k: v for k, v in defaults.items() if k == "mechanism"}, where
            )
        ],
    )


def read_gmt(content: bytes, where: str) -> Members:
    """Signatures of one GMT file: id, description, genes; all genes are up.

    A direction is never read out of a name. Blank lines and empty cells are skipped.
    """
    signatures = []
    for number, line in enumerate(_decoded(content, where).splitlines(), start=1):
        if not line.strip():
            continue
        here = f"{where}, line {number}"
        cells = [cell.strip(" \r") for cell in line.split("\t")]
        if len(cells) < 3:
            raise SignatureError(
                f"{here}: a GMT line is an id, a description and genes, separated by tabs, and "
                f"this one has {len(cells)} cells. Save the file as tab-separated text."
            )
        genes = [cell for cell in cells[2:] if cell]
        entry = {"id": cells[0], "genes": genes}
        if cells[1]:
            entry["title"] = cells[1]
        signatures.append(signature_from(entry, here))
    if not signatures:
        raise SignatureError(f"{where}: the file is empty. A GMT file has one gene set a line.")
    return signatures, []


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, in C where it is there, that refuses a key written twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is written twice", key.start_mark
                    )
                if isinstance(key, yaml.ScalarNode):
                    seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _entries(
    tree: dict[str, Any], kind: str, defaults: dict[str, Any], where: str
) -> Iterable[tuple[object, str]]:
    entries = tree.get(kind) or []
    if not isinstance(entries, list):
        raise SignatureError(
            f"{where}: '{kind}' is a list of entries that begin with '- id: name', not a "
            f"{type(entries).__name__}. Put '- ' before each entry."
        )
    for number, entry in enumerate(entries, start=1):
        unnamed = not (isinstance(entry, dict) and entry.get("id"))
        here = f"{where}, entry {number} of {kind}" if unnamed else where
        yield ({**defaults, **entry} if isinstance(entry, dict) else entry), here


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise SignatureError(
            f"{where}: byte {problem.start} is no UTF-8 text. Save the file as UTF-8 (in Excel: "
            "'Text, UTF-8'), and retype symbols that were copied from a PDF."
        ) from None


def _members(source: Source) -> Members:
    if isinstance(source, Collection):
        return list(source.signatures), list(source.balances)
    if isinstance(source, str) and source in SHIPPED:
        chosen = shipped().select(tiers=SHIPPED[source])
        return list(chosen.signatures), list(chosen.balances)
    if isinstance(source, Mapping):
        if not source:
            raise SignatureError(
                "The dict of signatures is empty. Give at least one {id: [genes]}."
            )
        here = "signatures given as a dict"
        return [signature_from({"id": i, "genes": g}, here) for i, g in source.items()], []
    if not isinstance(source, str | Path):
        raise SignatureError(
            f"Signatures cannot be read from {type(source).__name__}. Give "
            f"{', '.join(map(repr, SHIPPED))}, a path, a dict of id to genes, or a Collection."
        )
    return _from_path(Path(source).expanduser(), str(source))


def _from_path(path: Path, given: str) -> Members:
    if path.is_dir():
        named = sorted(f for f in path.iterdir() if f.name.endswith(SUFFIXES))
        if not named:
            raise SignatureError(
                f"{path}: the folder holds no gene-set file. Expected names that end in "
                f"{', '.join(SUFFIXES)}."
            )
        whole = _joined(given, [_from_path(file, str(file)) for file in named])
        return list(whole.signatures), list(whole.balances)
    if not path.name.endswith(SUFFIXES):
        raise SignatureError(
            f"{given!r} is no collection and no gene-set file{nearest(given, SHIPPED) or '.'} "
            f"Collections: {', '.join(SHIPPED)}; files end in {', '.join(SUFFIXES)}."
        )
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except FileNotFoundError:
        raise SignatureError(
            f"{path}: there is no such gene-set file. Paths in a study file are relative to it; "
            f"the shipped collections are {', '.join(SHIPPED)}."
        ) from None
    except (OSError, EOFError) as problem:
        raise SignatureError(
            f"{path}: the gene-set file cannot be read ({problem}). Check its rights, or unpack it."
        ) from None
    read = read_yaml if path.suffix in (".yaml", ".yml") else read_gmt
    return read(content, str(path))


def _joined(name: str, parts: list[Members]) -> Collection:
    return Collection(
        name,
        tuple(s for part, _ in parts for s in part),
        tuple(b for _, part in parts for b in part),
    )


def _name(source: Source) -> str:
    if isinstance(source, Collection):
        return source.name
    return "user" if isinstance(source, Mapping) else Path(source).name
