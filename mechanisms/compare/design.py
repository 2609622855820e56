"""The design matrix of a contrast, what confounds it, and what it may claim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mechanisms.compare.contrast import Contrast
from mechanisms.compare.evidence import evidence_level
from mechanisms.compare.units import Units
from mechanisms.errors import DesignError


@dataclass(frozen=True)
class Design:
    """A contrast on its units, ready to be tested.

    Attributes
    ----------
    X
        n x p design; the last column is the group (1: target).
    names
        Names of the columns.
    target
        True for units of the target group, shape (n,).
    pair
        Pair codes, shape (n,), or None.
    donors
        `known`, `declared` or `unknown`.
    """

    contrast: Contrast
    units: pd.Index
    X: np.ndarray
    names: tuple[str, ...]
    target: np.ndarray
    pair: np.ndarray | None
    donors: str

    @property
    def column(self) -> int:
        """Position of the group in X."""
        return self.X.shape[1] - 1

    @property
    def n_target(self) -> int:
        """Units of the target group."""
        return int(self.target.sum())

    @property
    def n_reference(self) -> int:
        """Units of the reference group."""
        return int((~self.target).sum())

    @property
    def n_pairs(self) -> int | None:
        """Number of pairs, or None."""
        return None if self.pair is None else len(np.unique(self.pair))

    @property
    def only_groups(self) -> bool:
        """True where nothing but the group (and the pairs) is in the design."""
        pairs = 0 if self.n_pairs is None else self.n_pairs - 1
        return self.X.shape[1] == 2 + pairs

    @property
    def blocks(self) -> np.ndarray:
        """Codes of the batches, within which labels may be exchanged, shape (n,)."""
        own = [f"{self.contrast.batch}=" in n for n in self.names]
        return np.unique(self.X[:, own], axis=0, return_inverse=True)[1].ravel()

    @property
    def residual_df(self) -> int:
        """Units minus parameters."""
        return self.X.shape[0] - self.X.shape[1]

    def level(self) -> tuple[str, str]:
        """Return the evidence level and its reason."""
        n_min = min(self.n_target, self.n_reference)
        return evidence_level(n_min, self.n_pairs, self.donors, self.residual_df)

    def subset(self, keep: np.ndarray) -> Design:
        """Return the design of some of the units; a pair that lost a member goes as a whole."""
        if self.pair is not None:
            sizes = pd.Series(self.pair[keep]).value_counts()
            keep = keep & np.isin(self.pair, sizes.index[sizes == 2])
        X = self.X[keep]
        # Where a level's last unit went, its column, or another of its kind, says nothing new.
        alive = np.append(_independent(X[:, :-1]), True)
        pair = None if self.pair is None else self.pair[keep]
        names = tuple(n for n, a in zip(self.names, alive, strict=True) if a)
        return Design(
            self.contrast,
            self.units[keep],
            X[:, alive],
            names,
            self.target[keep],
            pair,
            self.donors,
        )

    def with_covariates(self, extra: np.ndarray, names: tuple[str, ...]) -> Design:
        """Return the design with more columns before the group."""
        X = np.column_stack([self.X[:, :-1], extra, self.X[:, -1:]])
        return Design(
            self.contrast,
            self.units,
            X,
            (*self.names[:-1], *names, self.names[-1]),
            self.target,
            self.pair,
            self.donors,
        )

    def estimable(self) -> bool:
        """True where the design has full rank and something is left to estimate the error."""
        return self.residual_df > 0 and np.linalg.matrix_rank(self.X) == self.X.shape[1]


def build_design(units: Units, contrast: Contrast) -> Design:
    """Build the design matrix and refuse what cannot be told apart.

    Raises
    ------
    DesignError
        The group equals a covariate or the batch, columns are collinear, or there are too few
        units for the parameters.
    """
    frame = units.frame
    target = (frame["group"] == contrast.target).to_numpy()
    paired = frame["pair"].notna().any()
    blocks: list[tuple[str, np.ndarray, list[str]]] = []
    if paired:
        blocks.append(("pair", *_dummies(frame["pair"])))
    for name in dict.fromkeys(contrast.covariates):
        blocks.append((name, *_columns(frame[name])))
    if contrast.batch and contrast.batch not in contrast.covariates:
        blocks.append((contrast.batch, *_dummies(frame[contrast.batch])))
    _refuse_confounding(blocks, target, contrast)
    parts = [np.ones((len(frame), 1)), *(b[1] for b in blocks), target[:, None].astype(float)]
    names = ("intercept", *(n for b in blocks for n in b[2]), "group")
    pair = np.unique(frame["pair"].astype(str), return_inverse=True)[1] if paired else None
    design = Design(
        contrast, frame.index, np.column_stack(parts), names, target, pair, units.donors
    )
    if design.residual_df < 1:
        raise DesignError(
            f"{len(frame)} units cannot carry a design of {len(names)} parameters "
            f"({', '.join(names)}): no degree of freedom is left for the error. Use fewer "
            "covariates"
        )
    return design


def _columns(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.to_numpy(dtype=float)
        spread = numbers.std()
        centred = numbers - numbers.mean()
        # One unit of spread: the condition of the design does not depend on days or years.
        return (centred / spread if spread > 0 else centred)[:, None], [str(values.name)]
    return _dummies(values)


def _dummies(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    words = values.astype(str)
    levels = sorted(words.unique())
    columns = [(words == level).to_numpy(dtype=float) for level in levels[1:]]
    stacked = np.column_stack(columns) if columns else np.zeros((len(words), 0))
    return stacked, [f"{values.name}={level}" for level in levels[1:]]


def _refuse_confounding(
    blocks: list[tuple[str, np.ndarray, list[str]]], target: np.ndarray, contrast: Contrast
) -> None:
    groups = f"{contrast.target} and {contrast.reference}"
    one = np.ones((len(target), 1))
    so_far = one
    for name, columns, _ in blocks:
        constant = columns.shape[1] == 0 or bool((columns == columns[:1]).all())
        if constant:
            raise DesignError(
                f"column {name!r} has one value in all {len(target)} units of {groups}, so it "
                "cannot be adjusted for; leave it out of the design"
            )
        if columns.shape[1] == len(target) - 1:
            raise DesignError(
                f"column {name!r} is read as names and has another one in each of the "
                f"{len(target)} units, so nothing is left to compare. Is it an id? Leave it out; "
                "is it a number? Take words and units out of its cells"
            )
        if _spans(np.column_stack([one, columns]), target):
            raise DesignError(
                f"column {name!r} and the group tell {groups} apart in the same way, so their "
                "effects cannot be separated. No analysis can repair this: leave the column out "
                "and say so, or find samples that break the confounding"
            )
        wider = np.column_stack([so_far, columns])
        paired = name != "pair" and blocks[0][0] == "pair"
        if paired and _spans(np.column_stack([one, blocks[0][1]]), columns):
            raise DesignError(
                f"column {name!r} is the same in both units of every pair, so the pairs already "
                "account for it; leave it out of the design"
            )
        if np.linalg.matrix_rank(wider) < wider.shape[1]:
            raise DesignError(
                f"column {name!r} repeats what the other columns of the design "
                f"({', '.join(b[0] for b in blocks if b[0] != name)}) already say; leave one of "
                "them out"
            )
        so_far = wider
    if blocks and _spans(so_far, target):
        raise DesignError(
            f"the columns {', '.join(b[0] for b in blocks)} together tell {groups} apart, so the "
            "group's effect cannot be separated from theirs; leave some of them out"
        )


def _independent(columns: np.ndarray) -> np.ndarray:
    """Return which columns are no combination of those before them; the first always stays."""
    kept = np.zeros(columns.shape[1], dtype=bool)
    kept[0] = True
    for j in range(1, len(kept)):
        before = columns[:, kept]
        rest = columns[:, j] - before @ np.linalg.lstsq(before, columns[:, j], rcond=None)[0]
        kept[j] = np.linalg.norm(rest) > 1e-9 * np.linalg.norm(columns[:, j])
    return kept


def _spans(columns: np.ndarray, more: np.ndarray) -> bool:
    joined = np.column_stack([columns, more])
    return bool(np.linalg.matrix_rank(joined) == np.linalg.matrix_rank(columns))
