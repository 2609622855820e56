"""How messages list names and write cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mechanisms.vocabulary import nearest


def some(names: Sequence[object], n: int = 5) -> str:
    """Quote up to `n` names and count the rest."""
    shown = ", ".join(repr(str(x)) for x in names[:n])
    return shown + (f" and {len(names) - n:,} more" if len(names) > n else "")


def counted(n: int, one: str, many: str | None = None) -> str:
    """'1 sample', '1,200 samples'; `many` where adding an s is not enough."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def closest(word: object, allowed: Iterable[object]) -> str:
    """The end of a sentence: the nearest allowed word as a question, or a full stop."""
    return nearest(word, allowed) or "."


def plain(problem: object) -> str:
    """An exception's text in one line, and not too long."""
    text = " ".join(str(problem).split())
    return text if len(text) <= 200 else f"{text[:200]}..."


def label(value: object) -> str:
    """A cell as a user would write it: 3.0 is '3'."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
