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
from mechanisms.signatures.document import FORMAT, HEADER, parse_json
from mechanisms.signatures.entries import FILE_KEYS, balance_from, signature_from
from mechanisms.signatures.gmt import read_gmt
from mechanisms.signatures.long import read_long
from mechanisms.signatures.model import Balance, Collection, Signature
from mechanisms.vocabulary import nearest

SHIPPED = {
    "core": ("core",),
    "extended": ("extended",),
    "all": ("core", "extended"),
}
YAML, GMT, JSON, LONG = (".yaml", ".yml"), (".gmt",), (".json",), (".tsv", ".csv")
# A folder may hold other tables and documents: those count as signatures only when named.
IN_FOLDER = (*YAML, *GMT, ".gmt.gz")
SUFFIXES = (*IN_FOLDER, *JSON, *LONG)
TOP_KEYS = ("signatures", "balances", *FILE_KEYS)
Source = str | Path | Mapping[str, Any] | Collection
Members = tuple[list[Signature], list[Balance]]


def read_signatures(
    source: Source = "core", add: Source | Sequence[Source] = (), *, pairs: bool = False
) -> Collection:
    """Read a collection, and add the user's own signatures to it.

    Parameters
    ----------
    source
        ``"core"``, ``"extended"`` or ``"all"`` of the shipped signatures, or the id of one; a
        YAML, GMT or JSON file, a long table (``source, target, weight``), or a folder of YAML and
        GMT files; a dict ``{id: genes}`` or ``{id: {"up": [...], "down": [...]}}``; a Collection.
    add
        One or more further sources; their balances may name signatures of `source`.
    pairs
        Join ``<id>_UP`` and ``<id>_DN`` of GMT files; they stay two sets otherwise, because a
        direction is not guessed from a name.

    Returns
    -------
    Collection

    Raises
    ------
    SignatureError
        On anything that cannot be read as it stands; the message names file, id, gene, remedy.
    """
    more = [add] if isinstance(add, str | Path | Mapping | Collection) else list(add)
    parts = [(*_members(s, pairs), _name(s)) for s in (source, *more)]
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
        tree = load_tree(text)
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
    return _from_tree(tree, where)


def load_tree(text: str) -> Any:
    """The content of YAML text by the safe loader; a key written twice is an error."""
    return yaml.load(text, Loader=_Loader)


def compose(text: str) -> yaml.Node | None:
    """The nodes of YAML text, which know their lines."""
    return yaml.compose(text, Loader=_Loader)


def read_json(content: bytes, where: str) -> Members:
    """Signatures and balances of a JSON document of ours, or of a dict of id to genes."""
    tree = parse_json(_decoded(content, where), where)
    if isinstance(tree, dict) and "signatures" not in tree:
        return [signature_from({"id": i, "genes": g}, where) for i, g in tree.items()], []
    if isinstance(tree, dict) and tree.get("format", FORMAT) != FORMAT:
        raise SignatureError(
            f"{where}: the format is {tree['format']!r}, and this version reads {FORMAT!r}. "
            "Export the collection again with this version."
        )
    return _from_tree(tree, where, HEADER)


def _from_tree(tree: Any, where: str, header: Sequence[str] = ()) -> Members:
    if isinstance(tree, list):
        tree = {"signatures": tree}
    if not isinstance(tree, dict) or not (tree.get("signatures") or tree.get("balances")):
        raise SignatureError(
            f"{where}: the file has no signatures. Begin with 'signatures:' and one entry "
            "'- id: my_set' with its 'genes: [...]' for each."
        )
    for key in tree:
        if key not in TOP_KEYS and key not in header:
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


def _members(source: Source, pairs: bool) -> Members:
    if isinstance(source, Collection):
        return list(source.signatures), list(source.balances)
    if isinstance(source, str) and source in SHIPPED:
        chosen = shipped().select(tiers=SHIPPED[source])
        return list(chosen.signatures), list(chosen.balances)
    if isinstance(source, str) and source in shipped():
        return [shipped()[source]], []
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
    return _from_path(Path(source).expanduser(), str(source), pairs)


def _from_path(path: Path, given: str, pairs: bool) -> Members:
    if path.is_dir():
        whole = _joined(given, [_from_path(f, str(f), pairs) for f in files_of(path)])
        return list(whole.signatures), list(whole.balances)
    content, where = file_content(path, given), str(path)
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind in YAML:
        return read_yaml(content, where)
    if kind in JSON:
        return read_json(content, where)
    text = _decoded(content, where)
    return (read_gmt(text, where, pairs=pairs) if kind in GMT else read_long(text, where)), []


def files_of(folder: Path) -> list[Path]:
    """The gene-set files of a folder, sorted by name."""
    named = sorted(f for f in folder.iterdir() if f.name.endswith(IN_FOLDER))
    if not named:
        raise SignatureError(
            f"{folder}: the folder holds no gene-set file. Expected names that end in "
            f"{', '.join(IN_FOLDER)}."
        )
    return named


def file_content(path: Path, given: str) -> bytes:
    """The bytes of a gene-set file, unpacked; `given` is how the user named it."""
    if not path.name.endswith(SUFFIXES):
        known = (*SHIPPED, *shipped().ids)
        raise SignatureError(
            f"{given!r} is no collection, no shipped signature and no gene-set file"
            f"{nearest(given, known) or '.'} Collections: {', '.join(SHIPPED)}; signatures: see "
            f"`mechanisms signatures list`; files end in {', '.join(SUFFIXES)}."
        )
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except FileNotFoundError:
        beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        raise SignatureError(
            f"{path}: there is no such gene-set file{nearest(path.name, beside) or '.'} Paths in a "
            f"study file are relative to it; the shipped collections are {', '.join(SHIPPED)}."
        ) from None
    except (OSError, EOFError) as problem:
        raise SignatureError(
            f"{path}: the gene-set file cannot be read ({problem}). Check its rights, or unpack it."
        ) from None


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
