"""Comparator sets from the libraries of Enrichr, when the user asks for them by name."""

from __future__ import annotations

from mechanisms.errors import SignatureError
from mechanisms.signatures.files import read_signatures
from mechanisms.signatures.model import Collection


def online_library(name: str) -> Collection:
    """Download one library through gseapy; nothing else in this package uses the network.

    Raises
    ------
    SignatureError
        When it cannot be had: no network, or no library of that name.
    """
    import gseapy

    try:
        sets = gseapy.get_library(name=name, organism="Human")
    except Exception as problem:
        raise SignatureError(
            f"The library {name!r} cannot be downloaded ({type(problem).__name__}: "
            f"{' '.join(str(problem).split())[:200]}). Check the network and the name (such as "
            "MSigDB_Hallmark_2020 or Reactome_2022), or give a local file: --with FILE.gmt."
        ) from None
    if not sets:
        raise SignatureError(f"The library {name!r} came back empty. Try --with FILE.gmt.")
    genes = {str(id): list(dict.fromkeys(members)) for id, members in sets.items()}
    return Collection(name, read_signatures(genes).signatures)
