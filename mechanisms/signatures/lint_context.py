"""What the rules of the linter look at, and what they yield."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from mechanisms.signatures.drafts import Document, Draft
from mechanisms.signatures.model import Signature


class Spelled(Protocol):
    """What a table of genes says of a name; see `mechanisms.genes.spelling`."""

    @property
    def kind(self) -> str: ...
    @property
    def symbols(self) -> tuple[str, ...]: ...


class Hit(NamedTuple):
    """Something that a rule found."""

    file: str
    line: int
    signature: str
    gene: str
    message: str


@dataclass
class Context:
    """What the rules look at: the documents, and what is known of genes and other signatures."""

    documents: list[Document]
    spell: Callable[[str], Spelled]
    in_rodent: Callable[[str, str], bool]
    others: list[Signature] = field(default_factory=list)

    @property
    def drafts(self) -> list[Draft]:
        return [draft for document in self.documents for draft in document.signatures]

    @property
    def balances(self) -> list[Draft]:
        return [draft for document in self.documents for draft in document.balances]

    def approved(self, gene: Any) -> str:
        """The approved symbol that a gene as written stands for, else the gene itself."""
        found = self.spell(str(gene))
        return found.symbols[0] if found.kind not in ("unknown", "ambiguous", "id") else str(gene)


def hit(draft: Draft, line: int, message: str, gene: object = "") -> Hit:
    return Hit(draft.file, line, draft.id, str(gene), message)
