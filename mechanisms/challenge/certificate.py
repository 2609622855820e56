"""The certificate of a study: what this matrix and this design say when nothing is regulated.

Three questions, each asked of the user's own data under labels that are not the true ones: how
often is something claimed from nothing, how small a shift is claimed, and what does a change of
cells alone make it say? Claims are those before the two gates, so the rates are upper limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mechanisms.challenge import composition
from mechanisms.challenge.relabel import labellings, relabelled_tests, supported
from mechanisms.compare import Design, choose_test

FROM_NOTHING = 500
OTHER_DRAWS = 100
SHIFTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)  # log2
CLAIMED_IN = 0.8
CELLS_SD = 2.0  # how far cells alone are moved along the panel's leading direction
CERTIFICATE_COLUMNS = (
    "signature",
    "draws",
    "false_claims",
    "smallest_shift",
    "claimed_share",
    "cells_alone",
)
ANY = "any mechanism"


@dataclass(frozen=True)
class Material:
    """What a certificate is made of.

    Attributes
    ----------
    scores
        Units x signatures of the family, without missing values.
    panel
        Units x genes of the composition panel; None where composition does not apply.
    genes_of
        Genes of each signature, which leave the panel.
    shifted
        `shift -> units x signatures`: scores with each signature's own genes moved by so much on
        the log2 scale, down genes the other way.
    moved_cells
        `() -> (scores, panel)` with every unit moved along the panel's leading direction.
    """

    scores: pd.DataFrame
    panel: pd.DataFrame | None
    genes_of: Mapping[str, frozenset[str]]
    shifted: Callable[[float], pd.DataFrame]
    moved_cells: Callable[[], tuple[pd.DataFrame, pd.DataFrame]] | None


def certify(
    material: Material, design: Design, expected: Mapping[str, str], *, seed: int
) -> pd.DataFrame:
    """Return the certificate, `CERTIFICATE_COLUMNS`: `any mechanism`, then one row a signature.

    Parameters
    ----------
    expected
        Direction in which each signature's genes are shifted (`down`, else up).
    seed
        Seed of the labellings.

    Notes
    -----
    `false_claims` and `cells_alone` are shares of labellings; `smallest_shift` is the smallest of
    `SHIFTS` (log2) that is claimed in 80 % of them, NaN where the largest is not, and
    `claimed_share` the share that is claimed there (or at the largest).
    """
    labels = labellings(design, most=FROM_NOTHING, seed=seed)
    if len(labels) == 0:
        return pd.DataFrame(columns=list(CERTIFICATE_COLUMNS))
    names = [str(c) for c in material.scores.columns]
    trial = _Trial(material, design, labels)
    null = trial.run(material.scores.to_numpy().T)
    few = _Trial(material, design, labels[:OTHER_DRAWS])
    visible, largest = _smallest_visible(few, material, expected, names)
    cells = _cells_alone(few, material)
    table = pd.DataFrame(
        {
            "signature": names,
            "draws": len(labels),
            "false_claims": null.mean(axis=1),
            "smallest_shift": visible,
            "claimed_share": largest,
            "cells_alone": np.nan if cells is None else cells.mean(axis=1),
        }
    )
    total = {
        "signature": ANY,
        "draws": len(labels),
        "false_claims": null.any(axis=0).mean(),
        "cells_alone": np.nan if cells is None else cells.any(axis=0).mean(),
    }
    return pd.concat([pd.DataFrame([total]), table], ignore_index=True)[list(CERTIFICATE_COLUMNS)]


class _Trial:
    """Claims of the whole family under given labellings."""

    def __init__(self, material: Material, design: Design, labels: np.ndarray) -> None:
        self.design, self.labels, self.material = design, labels, material
        self.base = design.X[:, :-1]
        paired = design.pair is not None
        sizes = (design.n_target, design.n_reference)
        self.raw_test = choose_test(*sizes, paired=paired, only_groups=design.only_groups)
        self.adjusted_test = choose_test(*sizes, paired=paired, only_groups=False)
        self.k = 0
        if material.panel is not None:
            self.k = composition.n_components(*design.X.shape)

    def components(self, name: str, panel: np.ndarray) -> np.ndarray | None:
        """Return the components of the panel without a signature's genes, or None."""
        if self.material.panel is None or self.k == 0:
            return None
        own = self.material.genes_of[name]
        kept = [i for i, g in enumerate(self.material.panel.columns) if g not in own]
        if len(kept) < composition.FEWEST_GENES:
            return None
        return composition.components(panel[:, kept], self.k)

    def one(
        self, name: str, y: np.ndarray, bases: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return raw difference and p, adjusted difference and p, and group R2 of one score."""
        raw = relabelled_tests(y, self.base, self.labels, self.raw_test)
        if bases is None:
            nothing = np.ones(len(self.labels))
            applies = self.material.panel is not None
            # Where composition should be adjusted for and cannot be, nothing is supported.
            return raw.difference, raw.p_value, -raw.difference * applies, nothing, nothing * 0
        adjusted = relabelled_tests(y, bases, self.labels, self.adjusted_test)
        r2 = 1 - adjusted.spread / np.maximum(raw.spread, 1e-300)
        return raw.difference, raw.p_value, adjusted.difference, adjusted.p_value, r2

    def fixed_bases(self) -> list[np.ndarray | None]:
        """Return each signature's design with components, which no label changes."""
        panel = self.material.panel
        values = np.zeros((len(self.base), 0)) if panel is None else panel.to_numpy()
        pcs = [self.components(str(n), values) for n in self.material.scores.columns]
        return [None if p is None else np.column_stack([self.base, p]) for p in pcs]

    def tests(
        self, outcomes: Sequence[np.ndarray], bases: Sequence[np.ndarray | None]
    ) -> list[np.ndarray]:
        """Return the five arrays of `one`, stacked over signatures: m x b each."""
        names = [str(c) for c in self.material.scores.columns]
        rows = [self.one(n, y, b) for n, y, b in zip(names, outcomes, bases, strict=True)]
        return [np.array(part) for part in zip(*rows, strict=True)]

    def claims(self, tests: Sequence[np.ndarray]) -> np.ndarray:
        """Return m x b: supported or not."""
        raw, p_raw, adjusted, p_adjusted, r2 = tests
        if self.material.panel is None:
            return supported(raw, p_raw, None, None, None)
        return supported(raw, p_raw, adjusted, p_adjusted, r2)

    def run(self, outcomes: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """Return the claims of given outcomes."""
        return self.claims(self.tests(list(outcomes), self.fixed_bases()))


def _smallest_visible(
    trial: _Trial, material: Material, expected: Mapping[str, str], names: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    bases = trial.fixed_bases()
    null = trial.tests(list(material.scores.to_numpy().T), bases)
    smallest, share = np.full(len(names), np.nan), np.zeros(len(names))
    for size in SHIFTS:
        up, down = material.shifted(size), material.shifted(-size)
        for j, name in enumerate(names):
            if not np.isnan(smallest[j]):
                continue
            moved = (down if expected[name] == "down" else up)[name].to_numpy()
            y = np.where(trial.labels, moved, material.scores[name].to_numpy())
            own = trial.one(name, y, bases[j])
            tests = [part.copy() for part in null]
            for part, values in zip(tests, own, strict=True):
                part[j] = values
            share[j] = trial.claims(tests)[j].mean()
            if share[j] >= CLAIMED_IN:
                smallest[j] = size
    return smallest, share


def _cells_alone(trial: _Trial, material: Material) -> np.ndarray | None:
    if material.panel is None or material.moved_cells is None or trial.k == 0:
        return None
    scores, panel = material.moved_cells()
    where = trial.labels[:, :, None]
    mixed = np.where(where, panel.to_numpy(), material.panel.to_numpy())
    outcomes, bases = [], []
    for name in material.scores.columns:
        y = np.where(trial.labels, scores[name].to_numpy(), material.scores[name].to_numpy())
        pcs = [trial.components(str(name), values) for values in mixed]
        outcomes.append(y)
        bases.append(_with_each(trial.base, pcs))
    return trial.claims(trial.tests(outcomes, bases))


def _with_each(base: np.ndarray, pcs: Sequence[np.ndarray | None]) -> np.ndarray | None:
    if any(p is None for p in pcs):
        return None
    return np.array([np.column_stack([base, p]) for p in pcs if p is not None])


def cell_direction(values: np.ndarray, panel: np.ndarray, design: Design) -> np.ndarray:
    """Return how far each gene moves when cells move by `CELLS_SD` within-group SD.

    The slope of every gene on the panel's first component within groups, so that the true
    difference between the groups is not part of it.

    Parameters
    ----------
    values
        Units x genes, log scale.
    panel
        Units x genes of the panel.
    """
    leading = composition.components(panel, 1)[:, 0]
    X = design.X
    left = leading - X @ np.linalg.lstsq(X, leading, rcond=None)[0]
    sd = np.sqrt((left**2).sum() / design.residual_df)
    filled = np.where(np.isnan(values), np.nanmean(values, axis=0), values)
    slopes = left @ filled / (left**2).sum()
    sign = 1.0 if (leading @ panel).sum() >= 0 else -1.0  # more of the panel's cells, not fewer
    return np.asarray(slopes * sd * CELLS_SD * sign)
