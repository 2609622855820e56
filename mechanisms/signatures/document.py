"""JSON: the whole of a collection, and a plain dict of id to genes."""

from __future__ import annotations

import json
from typing import Any

from mechanisms.errors import SignatureError
from mechanisms.signatures.entries import CHOICES, EDITS, LISTS, OTHERS, TEXTS
from mechanisms.signatures.gmt import one_sided
from mechanisms.signatures.model import Balance, Collection, Signature

FORMAT = "mechanisms-signatures/1"
HEADER = ("format", "collection", "hash")


def to_json(collection: Collection) -> str:
    """Everything that the files say, in one document that `read_signatures` takes back."""
    content = {
        "format": FORMAT,
        "collection": collection.name,
        "hash": collection.hash,
        "signatures": [entry_of(s) for s in collection],
        "balances": [_balance_entry(b) for b in collection.balances],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def to_dict(collection: Collection) -> dict[str, list[str]]:
    """``{name: genes}`` as gseapy takes it, with the names of `to_gmt`."""
    return {name: list(genes) for s in collection for name, _, genes in one_sided(s)}


def entry_of(signature: Signature) -> dict[str, Any]:
    """The entry of a gene-set file that reads as this signature."""
    entry: dict[str, Any] = {"id": signature.id}
    for key in (*TEXTS, *CHOICES, *LISTS):
        if value := getattr(signature, key):
            entry[key] = list(value) if isinstance(value, tuple) else value
    entry["genes"] = {"up": list(signature.up), "down": list(signature.down)}
    for key in OTHERS:
        value = _rodent_entry(signature) if key == "rodent" else getattr(signature, key)
        if value:
            entry[key] = list(value) if isinstance(value, tuple) else value
    return entry


def parse_json(text: str, where: str) -> Any:
    """The content of a JSON file: a document of ours, or ``{id: genes}``.

    Raises
    ------
    SignatureError
        When it is no JSON, or a key is written twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as problem:
        raise SignatureError(
            f"{where}, line {problem.lineno}: this is no JSON that can be read ({problem.msg}). "
            "Check brackets, commas and quotes there."
        ) from None
    except KeyError as problem:
        raise SignatureError(
            f"{where}: the key {problem.args[0]!r} is written twice. Rename or delete one."
        ) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(key)
        found[key] = value
    return found


def _rodent_entry(signature: Signature) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for key in EDITS:
        lists = {s: list(getattr(e, key)) for s, e in signature.rodent.items() if getattr(e, key)}
        if lists:
            entry[key] = lists
    return entry | {"reason": signature.rodent_reason} if entry else {}


def _balance_entry(balance: Balance) -> dict[str, Any]:
    texts = {key: getattr(balance, key) for key in ("title", "mechanism", "tier", "reading")}
    return {
        "id": balance.id,
        **{key: value for key, value in texts.items() if value},
        "plus": list(balance.plus),
        "minus": list(balance.minus),
    }
