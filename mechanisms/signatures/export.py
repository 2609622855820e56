"""Signatures for other tools, by the name of the format."""

from __future__ import annotations

import json
from pathlib import Path

from mechanisms.errors import SignatureError
from mechanisms.signatures.document import to_dict, to_json
from mechanisms.signatures.gmt import to_gmt
from mechanisms.signatures.long import long_text
from mechanisms.signatures.model import Collection
from mechanisms.vocabulary import nearest

FORMATS = ("gmt", "json", "long", "dict")


def exported(collection: Collection, form: str, out: Path | None = None) -> str:
    """The text of a collection in one of `FORMATS`; a long table for a ``.csv`` has commas.

    GMT, the dict and the long table have no place for balances; JSON holds everything.

    Raises
    ------
    SignatureError
        On another format.
    """
    if form == "gmt":
        return to_gmt(collection)
    if form == "json":
        return to_json(collection)
    if form == "long":
        return long_text(collection, "," if out and out.suffix == ".csv" else "\t")
    if form == "dict":
        return json.dumps(to_dict(collection), indent=1, ensure_ascii=False) + "\n"
    raise SignatureError(
        f"{form!r} is no format of signatures{nearest(form, FORMATS) or '.'} Allowed: "
        f"{', '.join(FORMATS)}."
    )
