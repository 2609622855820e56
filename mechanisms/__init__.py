"""Which biological mechanisms separate lumbar disc herniations that resorb from those that do not.

AnnData in, tidy frames out::

    import mechanisms as mech

    adata, truth = mech.simulate_cohort()
    cohort = mech.load(adata, tissue="herniation")
    scores = mech.score(cohort, "core")
    effects = mech.compare(cohort, "outcome", donor="donor_id")
"""

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

try:
    __version__ = version("ldh-mechanisms")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"

# Heavy rooms are imported when they are asked for, so that the command line starts at once.
_WHERE = {
    "read_study": "mechanisms.study",
    "load": "mechanisms.cohort",
    "read_signatures": "mechanisms.signatures",
    "coverage": "mechanisms.score",
    "score": "mechanisms.score",
    "compare": "mechanisms.api",
    "simulate_cohort": "mechanisms.simulate",
    "write_report": "mechanisms.report",
    "run": "mechanisms.pipeline",
}
__all__ = ["__version__", *_WHERE]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'mechanisms' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """This package, in which two rooms share a name with the verb that users call.

    Importing `mechanisms.score` sets the attribute `score` of the package to that room, and would
    hide the function. The room is made callable instead: `mech.score(adata)` always scores.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _WHERE and isinstance(value, ModuleType):
            verb = _Verb(name)
            value.__class__ = type("Room", (ModuleType,), {"__call__": staticmethod(verb)})
        super().__setattr__(name, value)


class _Verb:
    """Calls a function of the package by name, importing it at the first call."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(_WHERE[self.name]), self.name)(*args, **kwargs)


sys.modules[__name__].__class__ = _Package
