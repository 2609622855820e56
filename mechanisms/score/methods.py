"""The scoring methods, in one explicit list."""

from __future__ import annotations

from mechanisms.errors import SignatureError
from mechanisms.score.method import Method
from mechanisms.score.singscore import SINGSCORE
from mechanisms.score.ssgsea import SSGSEA
from mechanisms.score.zscore import ZSCORE
from mechanisms.vocabulary import nearest

METHODS = {m.name: m for m in (SINGSCORE, SSGSEA, ZSCORE)}
DEFAULT = SINGSCORE.name


def method(name: str) -> Method:
    """Return a method by name (`auto`: singscore).

    Raises
    ------
    SignatureError
        For an unknown name; the message lists the methods.
    """
    wanted = DEFAULT if name == "auto" else name
    if wanted not in METHODS:
        raise SignatureError(
            f"scoring method {name!r} is not known; allowed are auto, {', '.join(METHODS)}"
            f"{nearest(name, METHODS)}"
        )
    return METHODS[wanted]
