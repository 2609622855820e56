"""Lint gene-set files: every fault with its file, line, gene and remedy."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from mechanisms.errors import SignatureError
from mechanisms.signatures.drafts import Document, read_document
from mechanisms.signatures.files import file_content, files_of, shipped
from mechanisms.signatures.lint_context import Context, Spelled
from mechanisms.signatures.lint_rules import RULES
from mechanisms.signatures.model import Signature


class Finding(NamedTuple):
    """One fault: where it stands, which rule it breaks, and what to do."""

    file: str
    line: int
    level: str
    rule: str
    signature: str
    gene: str
    message: str

    def __str__(self) -> str:
        about = ", ".join(part for part in (self.signature, self.gene) if part)
        place = f" [{about}]" if about else ""
        return f"{self.file}:{self.line}: {self.level} {self.rule}{place}: {self.message}"


@dataclass(frozen=True)
class Linted:
    """Everything that was found, and how much was looked at."""

    findings: tuple[Finding, ...]
    files: int
    signatures: int
    balances: int

    @property
    def errors(self) -> int:
        return sum(f.level == "error" for f in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors

    @property
    def summary(self) -> str:
        """One line for a reader."""
        seen = (
            f"{_counted(self.files, 'file')}, {_counted(self.signatures, 'signature')}, "
            f"{_counted(self.balances, 'balance')}"
        )
        found = f"{_counted(self.errors, 'error')}, {_counted(self.warnings, 'warning')}"
        return f"{found if self.findings else 'no findings'} in {seen}"

    def content(self) -> dict[str, Any]:
        """The same for machines."""
        counts = {k: v for k, v in asdict(self).items() if k != "findings"}
        counts |= {"errors": self.errors, "warnings": self.warnings}
        return counts | {"findings": [f._asdict() for f in self.findings]}


def lint(
    paths: Sequence[str | Path] = (),
    *,
    spell: Callable[[str], Spelled],
    in_rodent: Callable[[str, str], bool],
) -> Linted:
    """Lint files and folders, or the shipped collection.

    Parameters
    ----------
    paths
        Gene-set files or folders of them; none means the shipped collection. Users' sets are also
        compared with the shipped ones.
    spell, in_rodent
        What the tables of genes know: `mechanisms.genes.spelling` and `rodent_spelling`.

    Raises
    ------
    SignatureError
        When a path is not there or cannot be read at all.
    """
    documents = [read_document(*part) for path in paths for part in _contents(Path(path))]
    if not paths:
        documents = [read_document(*part) for part in _shipped_contents()]
    context = Context(documents, spell, in_rodent, _others(documents) if paths else [])
    found = [
        Finding(hit.file, hit.line, rule.level, rule.id, hit.signature, hit.gene, hit.message)
        for rule in RULES
        for hit in rule.check(context)
    ]
    order = {document.file: i for i, document in enumerate(documents)}
    found.sort(key=lambda f: (order[f.file], f.line))
    return Linted(tuple(found), len(documents), len(context.drafts), len(context.balances))


def _contents(path: Path) -> list[tuple[bytes, str, str]]:
    path = path.expanduser()
    if path.is_dir():
        return [part for file in files_of(path) for part in _contents(file)]
    try:
        return [(file_content(path, str(path)), path.name, str(path))]
    except gzip.BadGzipFile as problem:
        raise SignatureError(f"{path}: the archive cannot be unpacked ({problem}).") from None


def _shipped_contents() -> list[tuple[bytes, str, str]]:
    folder = files("mechanisms.gene_sets")
    named = sorted(e.name for e in folder.iterdir() if e.name.endswith(".yaml"))
    return [(folder.joinpath(n).read_bytes(), n, f"gene_sets/{n}") for n in named]


def _others(documents: list[Document]) -> list[Signature]:
    """The shipped signatures to compare with, without those of which a version is linted.

    A version of a shipped file has its name, or at least half of its ids are shipped ones.
    """
    whole = shipped()
    versions: set[str] = set()
    for document in documents:
        ids = {draft.id for draft in document.signatures}
        known = {id for id in ids if id in whole}
        stem = Path(document.file).stem
        named = {id for id in known if whole[id].mechanism == stem}
        versions |= ids if len(known) >= max(2, len(ids) / 2) else named
    return [s for s in whole if s.id not in versions]


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
