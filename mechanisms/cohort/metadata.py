"""What a reviewer wants to know of each sample, and what cannot be told apart from the groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mechanisms.cohort.wording import counted, some

UNKNOWN = "unknown"
# Each is given, or said to be unknown; silence is what a reviewer cannot judge.
FIELDS = {
    "donor": r"donor(_id)?|patient(_id)?|subject(_id)?|individual|participant|person|animal(_id)?",
    "pair": r"pair(_id)?|matched(_pair)?",
    "tissue": r"tissue|compartment|source_name_ch1",
    "level": r"level|disc(_level)?|spinal_level|segment",
    "weeks_since_onset": r"(weeks|months|days)_since_onset|onset|(symptom_)?duration(_weeks)?",
    "steroid": r"steroids?|corticosteroids?|epidural(_steroid)?|dexamethasone",
    "nsaid": r"nsaids?|anti_inflammator(y|ies)",
    "age": r"age(_years|_yr)?|age_at_\w+",
    "sex": r"sex|gender",
    "batch": r"batch(_id)?|plate|lane|run|centre|center|site|scan_date|hyb\w*_date",
    "label_basis": r"label_basis|outcome_basis",
}
# Who a sample is from, and how its group is known, cannot be confounders.
_IDENTITY = ("donor", "pair", "label_basis")
_DIFFERS = 0.5  # SD between the groups' means, or Cramer's V: worth an adjustment
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Audit:
    """Field -> its column (or the study's word); the fields said to be unknown; the others."""

    given: dict[str, str]
    unknown: list[str]
    absent: list[str]

    def lines(self) -> list[str]:
        """Sentences for `check` and the report."""
        said = []
        if self.given:
            said.append("given: " + ", ".join(self._named(f, c) for f, c in self.given.items()))
        if self.unknown:
            said.append(f"said to be unknown: {', '.join(self.unknown)}")
        if self.absent:
            said.append(
                f"neither given nor said to be unknown: {', '.join(self.absent)}; a reviewer will "
                f"ask: give each a column of the sample sheet, or write unknown in it"
            )
        return said

    @staticmethod
    def _named(field: str, column: str) -> str:
        return field if field == column else f"{field} ({column})"


def audit(obs: pd.DataFrame, study: Mapping[str, str | None]) -> Audit:
    """Look for each field in the study's own words (`study`), then among the sheet's columns."""
    given: dict[str, str] = {}
    unknown, absent = [], []
    for field in FIELDS:
        word = study.get(field)
        if word == UNKNOWN:
            unknown.append(field)
            continue
        column = word or column_of(field, obs.columns)
        if column is None:
            if field != "pair":  # most designs have none, and nothing is lost by its absence
                absent.append(field)
        elif column in obs and is_unknown(obs[column]):
            unknown.append(field)
        else:
            given[field] = column
    return Audit(given, unknown, absent)


def column_of(field: str, columns: Sequence[object] | pd.Index) -> str | None:
    """Return the sheet's column for a field, by its name; the field's own name wins."""
    pattern = re.compile(FIELDS[field], re.I)
    names = [str(c) for c in columns]
    if field in names:
        return field
    return next((n for n in names if pattern.fullmatch(re.sub(r"\W+", "_", n).strip("_"))), None)


def is_unknown(cells: pd.Series) -> bool:
    """Whether a column says unknown throughout, or nothing."""
    words = cells.dropna().astype(str).str.strip().str.lower()
    return bool((words == UNKNOWN).all())


def confounding(
    obs: pd.DataFrame, group: pd.Series, target: str, reference: str, columns: Mapping[str, str]
) -> list[str]:
    """Say which fields go with the groups.

    Parameters
    ----------
    group : the group of each row of `obs`; others than target and reference are left out.
    columns : field -> column.

    Returns
    -------
    One sentence for each field that differs between the groups, the inseparable ones first.
    """
    found: list[tuple[int, str]] = []
    kept = group.isin([target, reference]).to_numpy()
    obs, group = obs[kept], group[kept]
    for field, column in columns.items():
        if field in _IDENTITY or column not in obs or column == group.name:
            continue
        cells = obs[column]
        known = cells.notna() & (cells.astype(str).str.lower() != UNKNOWN)
        cells, groups = cells[known], group[known]
        sizes = groups.value_counts()
        values = len(set(cells))
        if min(sizes.get(target, 0), sizes.get(reference, 0)) < _FEWEST or values < 2:
            continue
        numeric = pd.api.types.is_numeric_dtype(cells) and (values > 5 or field == "age")
        judge = _numbers if numeric else _categories
        if (said := judge(field, cells, groups, target, reference)) is not None:
            found.append(said)
    return [text for _, text in sorted(found)]


def _numbers(
    field: str, cells: pd.Series, group: pd.Series, target: str, reference: str
) -> tuple[int, str] | None:
    a = cells[group == target].to_numpy(dtype=float)
    b = cells[group == reference].to_numpy(dtype=float)
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    difference = abs(a.mean() - b.mean())
    means = f"mean {a.mean():.3g} in {target}, {b.mean():.3g} in {reference}"
    if a.min() > b.max() or b.min() > a.max():
        return 0, (
            f"{field} and the groups cannot be told apart: {means}, and the ranges do not "
            f"overlap. No adjustment separates them: every difference may be one of {field}"
        )
    if difference > _DIFFERS * spread:
        return 1, (
            f"{field} differs between the groups ({means}): a difference may be one of {field}; "
            f"{_adjust(field, len(cells))}"
        )
    return None


def _categories(
    field: str, cells: pd.Series, group: pd.Series, target: str, reference: str
) -> tuple[int, str] | None:
    table = pd.crosstab(cells.astype(str), group)[[target, reference]]
    shown = "; ".join(
        f"{value}: {row[target]} {target}, {row[reference]} {reference}"
        for value, row in table.head(6).iterrows()
    )
    if (table == 0).any(axis=1).all():
        if table.to_numpy().max() == 1:  # every sample has a value of its own: nothing to see
            return None
        return 0, (
            f"{field} and the groups cannot be told apart: each {field} occurs in one group only "
            f"({shown}). No adjustment separates them: every difference may be one of {field}"
        )
    n = table.to_numpy().sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    v = float(np.sqrt(((table.to_numpy() - expected) ** 2 / expected).sum() / n))
    if v > _DIFFERS:
        return 1, (
            f"{field} differs between the groups ({shown}): a difference may be one of {field}; "
            f"{_adjust(field, int(n))}"
        )
    return None


def _adjust(field: str, n: int) -> str:
    place = "design.batch" if field == "batch" else "design.covariates"
    if n < 10:
        return f"with {counted(n, 'sample')} it can be described but hardly adjusted for"
    return f"put its column into {place}, or say why not"


def repeated_donors(obs: pd.DataFrame, donor: str, group: pd.Series) -> str | None:
    """Say when donors gave several samples: donors are counted, not samples."""
    if donor not in obs:
        return None
    counts = obs[donor].dropna().astype(str).value_counts()
    several = counts[counts > 1]
    if several.empty:
        return None
    both = [d for d in several.index if len(set(group[obs[donor].astype(str) == d])) > 1]
    text = (
        f"{counted(len(several), 'donor')} gave several samples "
        f"({some(sorted(several.index), 3)}): donors are counted, not samples"
    )
    if both:
        text += f"; {len(both)} of them are in both groups: name the column as design.pair"
    return text
