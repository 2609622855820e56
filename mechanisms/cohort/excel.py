"""Gene names that a spreadsheet has changed into dates or numbers, and what they were.

Ziemann et al. 2016, Genome Biology 17:177; the HGNC has since renamed most of these genes (Bruford
et al. 2020, Nature Genetics 52:754).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan",
            "feb fev",
            "mar mrz mär maa",
            "apr avr abr",
            "may mai mei",
            "jun",
            "jul",
            "aug ago",
            "sep sept set",
            "oct okt",
            "nov",
            "dec dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
_WORD = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_FIRST = re.compile(rf"(\d{{1,2}})[-./ ]+({_WORD})\.?([-./ ]\d{{2,4}})?", re.I)
_MONTH_FIRST = re.compile(rf"({_WORD})\.?[-/ ](\d{{1,2}})", re.I)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})([ T]00:00:00(\.0+)?)?")
_SLASHES = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})")
_SERIAL = re.compile(r"[34]\d{4}")
_POWER = re.compile(r"\d\.\d+E\+\d{2}", re.I)

_GENES = {
    3: {n: f"MARCHF{n}" for n in range(1, 12)},
    9: {n: f"SEPTIN{n}" for n in (*range(1, 13), 14)},
    10: {4: "POU5F1 (OCT4)"},
    12: {1: "DELEC1", 2: "BHLHE41 (DEC2)"},
}


def damaged(names: Sequence[str]) -> dict[str, str]:
    """Return changed name -> the gene that it was ('' where that is not known).

    Numbers are taken for dates or powers only among names that are mostly words.
    """
    words = sum(1 for n in names if not n.replace(".", "").isdigit())
    found = {}
    for name in names:
        if (was := _date(name)) is not None:
            found[name] = was
        elif words > 0.9 * len(names):
            if _POWER.fullmatch(name):
                found[name] = "a RIKEN clone such as 2310009E13Rik"
            elif _SERIAL.fullmatch(name):
                found[name] = _from_serial(int(name))
    return found


def describe(found: dict[str, str], known: Iterable[str], name: str) -> str:
    """Say which names were changed, what they were and which of these the signatures need."""
    shown = [f"{k!r}" + (f" (was {v})" if v else "") for k, v in list(found.items())[:6]]
    more = f" and {len(found) - 6} more" if len(found) > 6 else ""
    needed = sorted({v.split(" ")[0] for v in found.values()} & set(known))
    return (
        f"{name}: {len(found)} gene names look like dates or numbers of Excel: {', '.join(shown)}"
        f"{more}. Excel has changed the symbols; they are not guessed back, so these genes are not "
        f"found"
        + (f" (signatures need {', '.join(needed)})" if needed else "")
        + ". Export the table again without opening it in Excel."
    )


def _date(name: str) -> str | None:
    if m := _DAY_FIRST.fullmatch(name):
        return _gene(_MONTHS[m[2].lower()], int(m[1]))
    if m := _MONTH_FIRST.fullmatch(name):
        return _gene(_MONTHS[m[1].lower()], int(m[2]))
    if m := _ISO.fullmatch(name):
        return _gene(int(m[2]), int(m[3]))
    if m := _SLASHES.fullmatch(name):
        first, second = int(m[1]), int(m[2])
        both = {_gene(second, first), _gene(first, second)} - {""}
        return both.pop() if len(both) == 1 else ""
    return None


def _from_serial(days: int) -> str:
    import datetime

    day = datetime.date(1899, 12, 30) + datetime.timedelta(days=days)
    return _gene(day.month, day.day)


def _gene(month: int, day: int) -> str:
    gene = _GENES.get(month, {}).get(day, "")
    return f"{gene} or MTARC{day}" if month == 3 and day in (1, 2) else gene
