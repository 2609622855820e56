"""The scoring methods, in one explicit list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mechanisms.errors import SignatureError
from mechanisms.score.aucell import AUCELL
from mechanisms.score.gsva import GSVA, GSVA_MAX, GSVA_POISSON, GSVA_POISSON_MAX
from mechanisms.score.mean import MEAN
from mechanisms.score.method import Method
from mechanisms.score.singscore import SINGSCORE, SINGSCORE_UNKNOWN
from mechanisms.score.ssgsea import SSGSEA, SSGSEA_NORMALISED
from mechanisms.score.ucell import UCELL
from mechanisms.score.ulm import ULM
from mechanisms.score.zscore import ZSCORE
from mechanisms.vocabulary import nearest

METHODS = {
    m.name: m
    for m in (
        SINGSCORE,
        SSGSEA,
        ZSCORE,
        UCELL,
        AUCELL,
        MEAN,
        ULM,
        GSVA,
        SINGSCORE_UNKNOWN,
        SSGSEA_NORMALISED,
        GSVA_MAX,
        GSVA_POISSON,
        GSVA_POISSON_MAX,
    )
}
DEFAULT = SINGSCORE.name
DEFAULT_FOR_CELLS = UCELL.name


def method(name: str, parameters: Mapping[str, Any] | None = None) -> Method:
    """Return a method by name (`auto`: singscore), with parameters of its own if given.

    Raises
    ------
    SignatureError
        For an unknown name or parameter; the message lists what is known.
    """
    wanted = DEFAULT if name == "auto" else name
    if wanted not in METHODS:
        raise SignatureError(
            f"scoring method {name!r} is not known; allowed are auto, {', '.join(METHODS)}"
            f"{nearest(name, METHODS)}"
        )
    found = METHODS[wanted]
    for parameter in parameters or {}:
        if parameter not in found.parameters:
            known = ", ".join(found.parameters) or "none"
            raise SignatureError(
                f"scoring method {wanted!r} has no parameter {parameter!r}; it has: {known}"
                f"{nearest(parameter, found.parameters)}"
            )
    return replace(found, parameters={**found.parameters, **parameters}) if parameters else found
