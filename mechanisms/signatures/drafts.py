"""Gene-set files as they are written: every value with its line, however wrong it is.

`read_signatures` refuses a file at its first fault. The linter looks at drafts, so that it finds
all of them and says where each one stands.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from mechanisms.errors import SignatureError
from mechanisms.signatures.document import HEADER
from mechanisms.signatures.entries import FILE_KEYS
from mechanisms.signatures.files import TOP_KEYS, compose, load_tree
from mechanisms.signatures.gmt import read_gmt, split_lines
from mechanisms.signatures.long import read_long
from mechanisms.signatures.model import DIRECTIONS
from mechanisms.vocabulary import nearest


class Written(NamedTuple):
    """A gene as it stands in a file: any value, its direction, its line."""

    value: Any
    direction: str
    line: int


class Problem(NamedTuple):
    """A fault of the file's form: rule, line, signature, message."""

    rule: str
    line: int
    signature: str
    message: str


@dataclass
class Draft:
    """One entry as written. `raw` holds its keys, `lines` the line of each."""

    file: str
    line: int
    id: str
    raw: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)
    genes: list[Written] = field(default_factory=list)
    # GMT and long tables have no place for evidence.
    complete: bool = True

    def at(self, key: str) -> int:
        return self.lines.get(key, self.line)


@dataclass
class Document:
    """One file: its entries, and what is wrong with its form."""

    file: str
    text: str = ""
    signatures: list[Draft] = field(default_factory=list)
    balances: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    bom: bool = False

    @property
    def first_windows_line(self) -> int:
        """The number of the first line that ends with a carriage return, or 0."""
        place = self.text.find("\r")
        return self.text.count("\n", 0, place) + 1 if place >= 0 else 0


def read_document(content: bytes, name: str, file: str) -> Document:
    """Read a file by the ending of its name; whatever cannot be read becomes a problem."""
    document = Document(file, bom=content.startswith(b"\xef\xbb\xbf"))
    try:
        document.text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        said = f"byte {problem.start} is no UTF-8 text: save the file as UTF-8"
        document.problems.append(Problem("unreadable", line, "", said))
        return document
    stem = name.removesuffix(".gz")
    reader: Callable[[Document], None] = _yaml
    for ending, other in ((".gmt", _gmt), (".tsv", _long), (".csv", _long), (".json", _json)):
        if stem.endswith(ending):
            reader = other
    reader(document)
    return document


# --- YAML and JSON ----------------------------------------------------------------------------


def _yaml(document: Document) -> None:
    try:
        tree = load_tree(document.text)
        node = compose(document.text)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        said = f"this is no YAML ({problem.problem}): check indentation, brackets and quotes"
        document.problems.append(Problem("unreadable", line, "", said))
    except yaml.YAMLError as problem:
        said = f"this is no YAML ({' '.join(str(problem).split())})"
        line = document.text[: getattr(problem, "position", 0)].count("\n") + 1
        document.problems.append(Problem("unreadable", line, "", said))
    else:
        _entries(document, tree, node)


def _json(document: Document) -> None:
    try:
        tree = json.loads(document.text)
        node = compose(document.text)
    except json.JSONDecodeError as problem:
        said = f"this is no JSON ({problem.msg}): check brackets, commas and quotes"
        document.problems.append(Problem("unreadable", problem.lineno, "", said))
        return
    except yaml.YAMLError:
        node = None
    if isinstance(tree, dict) and "signatures" not in tree:
        lines = {key.value: key.start_mark.line + 1 for key, _ in getattr(node, "value", [])}
        values = {key.value: value for key, value in getattr(node, "value", [])}
        for id, genes in tree.items():
            draft = Draft(document.file, lines.get(id, 1), id, {"id": id, "genes": genes})
            draft.genes = list(_written(genes, values.get(id)))
            draft.complete = False
            document.signatures.append(draft)
        return
    _entries(document, tree, node, HEADER)


def _entries(document: Document, tree: Any, node: Any, header: tuple[str, ...] = ()) -> None:
    if isinstance(tree, list):
        tree, parts = {"signatures": tree}, {"signatures": node}
    else:
        pairs = getattr(node, "value", []) if isinstance(node, yaml.MappingNode) else []
        parts = {key.value: value for key, value in pairs}
        lines = {key.value: key.start_mark.line + 1 for key, _ in pairs}
        for key in (k for k in tree or {} if k not in TOP_KEYS and k not in header):
            said = f"unknown key {key!r} at the top{nearest(key, TOP_KEYS)}: correct or delete it"
            document.problems.append(Problem("schema", lines.get(key, 1), "", said))
    if not isinstance(tree, dict) or not (tree.get("signatures") or tree.get("balances")):
        said = "the file has no signatures: begin with 'signatures:' and '- id: my_set'"
        document.problems.append(Problem("schema", 1, "", said))
        return
    defaults = {key: tree[key] for key in FILE_KEYS if key in tree}
    for kind, home in (("signatures", document.signatures), ("balances", document.balances)):
        own = defaults if kind == "signatures" else {}
        home.extend(_drafts(document, kind, tree.get(kind) or [], parts.get(kind), own))


def _drafts(
    document: Document, kind: str, entries: Any, node: Any, defaults: dict[str, Any]
) -> Iterator[Draft]:
    line = node.start_mark.line + 1 if node is not None else 1
    if not isinstance(entries, list):
        said = f"'{kind}' is a list of entries: put '- ' before each"
        document.problems.append(Problem("schema", line, "", said))
        return
    nodes = getattr(node, "value", [])
    for number, entry in enumerate(entries):
        place = nodes[number] if number < len(nodes) else None
        here = place.start_mark.line + 1 if place is not None else line
        id = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(id, str) or not id or id != id.strip() or not id.isprintable():
            said = f"entry {number + 1} of {kind} needs an 'id' of printable text, such as my_set"
            document.problems.append(Problem("schema", here, "", said))
            continue
        pairs = getattr(place, "value", [])
        draft = Draft(document.file, here, id, {**defaults, **entry})
        draft.lines = {key.value: key.start_mark.line + 1 for key, _ in pairs}
        parts = {key.value: value for key, value in pairs}
        draft.genes = list(_written(entry.get("genes"), parts.get("genes")))
        yield draft


def _written(genes: Any, node: Any) -> Iterator[Written]:
    """Every gene with the line of its node; a list is all up."""
    if isinstance(genes, dict):
        pairs = getattr(node, "value", [])
        parts = {key.value: value for key, value in pairs if hasattr(key, "value")}
        for direction in DIRECTIONS:
            yield from _items(genes.get(direction), direction, parts.get(direction))
    else:
        yield from _items(genes, "up", node)


def _items(values: Any, direction: str, node: Any) -> Iterator[Written]:
    if not isinstance(values, list | tuple):
        return
    nodes = getattr(node, "value", [])
    line = node.start_mark.line + 1 if node is not None else 1
    for i, value in enumerate(values):
        yield Written(value, direction, nodes[i].start_mark.line + 1 if i < len(nodes) else line)


# --- GMT and long tables ----------------------------------------------------------------------


def _gmt(document: Document) -> None:
    try:
        lines = list(split_lines(document.text, "x"))
        if not lines:
            read_gmt(document.text, "x")
    except SignatureError as problem:
        document.problems.append(_refusal(problem))
        return
    drafts: dict[str, Draft] = {}
    for line in lines:
        id, direction = line.marked.get("id", line.id), line.marked.get("direction", "up")
        if not id or not id.isprintable():
            said = "the first cell is the id of the set, and it is empty or cannot be printed"
            document.problems.append(Problem("schema", line.number, "", said))
            continue
        again = line.marked and id in drafts
        draft = drafts[id] if again else Draft(document.file, line.number, id, {"id": id})
        draft.complete = False
        draft.raw |= {"title": line.title} | {
            key: value for key, value in line.marked.items() if key not in ("id", "direction")
        }
        draft.genes += [Written(gene, direction, line.number) for gene in line.genes]
        drafts[id] = draft
        if not again:
            document.signatures.append(draft)
    for draft in document.signatures:
        draft.raw["genes"] = {
            d: [g.value for g in draft.genes if g.direction == d] for d in DIRECTIONS
        }


def _long(document: Document) -> None:
    head = document.text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(document.text), delimiter="\t" if "\t" in head else ",")
    rows.fieldnames = [c.strip() for c in rows.fieldnames or []]
    try:
        read_long(document.text, "x")
    except SignatureError as problem:
        found = _refusal(problem)
        # Faults of genes are told by the rules for genes; only those of the table end it.
        if "signature '" not in found.message:
            document.problems.append(found)
            return
    drafts: dict[str, Draft] = {}
    for number, row in enumerate(rows, start=2):
        id = (row["source"] or "").strip()
        if id not in drafts:
            facts = {k: row[k] for k in ("expected", "grade", "role", "tier") if row.get(k)}
            drafts[id] = Draft(document.file, number, id, {"id": id, **facts}, complete=False)
        direction = "down" if (row["weight"] or "").strip().startswith("-") else "up"
        drafts[id].genes.append(Written((row["target"] or "").strip(), direction, number))
    for draft in drafts.values():
        draft.raw["genes"] = {
            d: [g.value for g in draft.genes if g.direction == d] for d in DIRECTIONS
        }
    document.signatures = list(drafts.values())


def _refusal(problem: SignatureError) -> Problem:
    """A refusal of a reader, taken apart: ``x, line 3: message``."""
    match = re.match(r"x(?:, line (\d+))?(?:, |: )(.*)", str(problem), re.DOTALL)
    line, said = (match[1], match[2]) if match else (None, str(problem))
    return Problem("unreadable", int(line or 1), "", said)
