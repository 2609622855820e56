"""What is compared: the contrast in the words of a study, and the samples' groups in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mechanisms.errors import DesignError
from mechanisms.vocabulary import RESORBING, nearest

EACH_SAMPLE = "each_sample"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Contrast:
    """What is compared: the words of the study file's `design`.

    Attributes
    ----------
    variable
        Column of the sample sheet.
    target, reference
        Two of its values; every sign is target minus reference.
    groups
        Renames values of the variable before they are compared.
    donor
        A column, `each_sample` (declared independent) or `unknown`.
    pair
        A column that links one target and one reference unit, or None.
    covariates
        Columns to adjust for; numbers stay numbers, everything else is categorical.
    batch
        A column, entered as a block, or None.
    """

    variable: str
    target: str
    reference: str
    groups: Mapping[str, str] = field(default_factory=dict)
    donor: str = UNKNOWN
    pair: str | None = None
    covariates: tuple[str, ...] = ()
    batch: str | None = None

    def __post_init__(self) -> None:
        # A sheet's 1 and 1.0 are the word '1', so the labels given are too.
        for role in ("target", "reference"):
            object.__setattr__(self, role, as_word(getattr(self, role)))
        words = {as_word(old): as_word(new) for old, new in self.groups.items()}
        object.__setattr__(self, "groups", words)

    def expected(self, direction: str) -> str:
        """Return the direction expected of target minus reference.

        Signatures expect something of herniations that resorb, so a contrast of anything else
        expects nothing of them.
        """
        if self.target == RESORBING:
            return direction
        if self.reference == RESORBING:
            return {"up": "down", "down": "up"}.get(direction, "none")
        return "none"

    @property
    def name(self) -> str:
        """The contrast in words."""
        return f"{self.target} vs {self.reference}"


def select_groups(obs: pd.DataFrame, contrast: Contrast) -> tuple[pd.Series, list[str]]:
    """Return the group of each sample in the contrast, and notices on those left out.

    Raises
    ------
    DesignError
        Unknown column, a value that does not occur, or fewer than two samples in a group.
    """
    column = column_of(obs, contrast.variable, "design.variable")
    if obs.index.has_duplicates:
        twice = obs.index[obs.index.duplicated()][0]
        raise DesignError(
            f"sample {twice!r} stands {int((obs.index == twice).sum())} times in the sample sheet; "
            "every sample needs a name of its own. Rename or delete the copies"
        )
    values = column.astype(object).map(lambda v: v if pd.isna(v) else as_word(v))
    for old in contrast.groups:
        if old not in set(values.dropna()):
            raise DesignError(
                f"design.groups renames {old!r}, which does not occur in column "
                f"{contrast.variable!r}; it has {_counts(values)}"
                f"{nearest(old, values.dropna()) or '.'} Correct or delete that line"
            )
    renamed = values.map(lambda v: contrast.groups.get(v, v) if isinstance(v, str) else v)
    if contrast.target == contrast.reference:
        raise DesignError(
            f"design.target and design.reference are both {contrast.target!r}; name two values of "
            f"column {contrast.variable!r}: {_counts(renamed)}"
        )
    for role in ("target", "reference"):
        wanted = getattr(contrast, role)
        n = int((renamed == wanted).sum())
        if n == 0:
            raise DesignError(
                f"design.{role} is {wanted!r}, which does not occur in column "
                f"{contrast.variable!r}; it has {_counts(renamed)}"
                f"{nearest(wanted, renamed.dropna()) or '.'} Correct it, or map a value under "
                "design.groups"
            )
        if n < 2:
            only = renamed.index[renamed == wanted][0]
            raise DesignError(
                f"group {wanted!r} (column {contrast.variable!r}) has 1 sample ({only}); a "
                "comparison needs at least 2 in each group. Add samples, or choose another contrast"
            )
    kept = renamed[renamed.isin([contrast.target, contrast.reference])]
    notices = []
    others = renamed[~renamed.index.isin(kept.index)]
    if len(others):
        notices.append(
            f"{len(others)} of {len(renamed)} samples are in neither group and were left out: "
            f"{_counts(others)}"
        )
    return kept.astype(str), notices


def column_of(obs: pd.DataFrame, name: str, key: str) -> pd.Series:
    if name not in obs.columns:
        raise DesignError(
            f"{key or 'design.covariates'} names column {name!r}, which the sample sheet does not "
            f"have; it has {', '.join(map(str, obs.columns))}{nearest(name, obs.columns)}"
        )
    return obs[name]


def as_word(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _counts(values: pd.Series) -> str:
    counts = values.fillna("(missing)").value_counts()
    parts = [f"{v!r} ({n})" for v, n in sorted(counts.items(), key=lambda item: str(item[0]))]
    more = f" and {len(parts) - 8} more" if len(parts) > 8 else ""
    return ", ".join(parts[:8]) + more


def complete_column(kept: pd.DataFrame, name: str, key: str) -> pd.Series:
    column = column_of(kept, name, key)
    lacking = column.index[column.isna() | column.isin([np.inf, -np.inf])]
    if len(lacking):
        raise DesignError(
            f"column {name!r} ({key or 'design.covariates'}) has no value for {len(lacking)} "
            f"samples: {', '.join(map(str, lacking[:5]))}; fill it in, leave those samples out by "
            "data.subset, or leave the column out of the design"
        )
    # Categories that no sample has would become groups of nothing.
    return column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
