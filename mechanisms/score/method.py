"""What a scoring method is: a pure function on arrays, and the facts about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mechanisms.score.membership import Block, Members

RANKS, VALUES, MOMENTS = "ranks", "values", "moments"
ANY_SCALE, LOG_SCALE, COUNTS = "any", "log", "counts"


@dataclass(frozen=True, slots=True)
class Method:
    """Facts about one scoring method.

    Attributes
    ----------
    score
        `(block, members, **parameters) -> n x d` scores of d sets. `members` (u x d) holds 1 for
        a gene that counts upwards and -1 for one that counts downwards.
    needs
        What the block must hold: `ranks`, `values`, `moments` (mean and SD of all genes).
    independent
        Does a sample's score depend on that sample alone?
    alone
        Does a set's score depend on that set alone?
    shared_scale
        Do two signatures' scores share one scale, so that a balance may subtract them?
    reference
        Where the method was published.
    joint
        True: a signature of two directions is one set of signed genes. False: its score is the
        score of its up genes minus that of its down genes, each counted upwards.
    scale
        Values it can take: `any`, `log` or `counts`.
    before
        A transform of the whole matrix across samples that precedes the ranking.
    parameters
        What a user may set, with defaults.
    """

    name: str
    title: str
    score: Callable[..., np.ndarray]
    needs: tuple[str, ...]
    independent: bool
    shared_scale: bool
    reference: str
    alone: bool = True
    joint: bool = False
    scale: str = ANY_SCALE
    before: Callable[[Any, int], np.ndarray] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, block: Block, members: Members) -> np.ndarray:
        """Score sets with the method's parameters."""
        return self.score(block, members, **self.parameters)
