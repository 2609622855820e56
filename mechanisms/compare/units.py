"""From samples to the units that are tested: one value for each donor and group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mechanisms.compare.contrast import (
    EACH_SAMPLE,
    UNKNOWN,
    Contrast,
    as_word,
    complete_column,
    select_groups,
)
from mechanisms.errors import DesignError
from mechanisms.vocabulary import nearest

OWN_COLUMNS = ("donor", "group", "pair", "n_samples")


@dataclass(frozen=True)
class Units:
    """The tested units.

    Attributes
    ----------
    frame
        Index: unit names, sorted; columns donor, group, pair (None where unpaired), n_samples and
        one column for each covariate and the batch.
    samples
        For each unit its samples' names, sorted.
    donors
        `known`, `declared` or `unknown`.
    notices
        What was decided on the way.
    """

    frame: pd.DataFrame
    samples: tuple[tuple[str, ...], ...]
    donors: str
    notices: tuple[str, ...]

    def average(self, values: pd.DataFrame) -> pd.DataFrame:
        """Average rows of samples into rows of units; missing where any of its samples is."""
        samples = pd.Index([s for group in self.samples for s in group])
        rows = values.index.map(str).get_indexer(samples)
        if (rows < 0).any():
            raise DesignError(
                f"{int((rows < 0).sum())} of {len(rows)} compared samples have no row of scores, "
                f"such as {samples[rows < 0][0]!r}; score all samples of the sheet, or leave them "
                "out of it"
            )
        data = values.to_numpy(dtype=float)[rows]
        starts = np.cumsum([0] + [len(s) for s in self.samples[:-1]])
        sums = np.add.reduceat(data, starts, axis=0) if len(data) else data
        sizes = np.array([len(s) for s in self.samples], dtype=float)[:, None]
        return pd.DataFrame(sums / sizes, index=self.frame.index, columns=values.columns)


def build_units(obs: pd.DataFrame, contrast: Contrast) -> Units:
    """Gather samples into donors, check pairs, and carry covariates along.

    Raises
    ------
    DesignError
        A column that does not exist or lacks values, one known donor in a group, a pair without
        its partner, or a covariate that differs between samples of one donor.
    """
    groups, notices = select_groups(obs, contrast)
    kept = obs.loc[groups.index]
    donor, status = _donors(kept, contrast)
    table = pd.DataFrame({"donor": donor, "group": groups}, index=kept.index)
    table["pair"] = _pairs(kept, table, contrast, notices)
    for name in _carried(contrast):
        _refuse_own_name(name, "design.batch" if name == contrast.batch else "design.covariates")
        values = complete_column(kept, name, "design.batch" if name == contrast.batch else "")
        # Batches are names, whatever they look like: 1 and 2 have no middle.
        table[name] = values.map(as_word) if name == contrast.batch else values
    _refuse_one_donor(table, contrast, status)
    frame, samples = _gather(table, contrast, notices)
    frame = frame.loc[_whole_pairs(frame, contrast)]
    return Units(frame, tuple(samples[u] for u in frame.index), status, tuple(notices))


def _carried(contrast: Contrast) -> list[str]:
    names = list(dict.fromkeys(contrast.covariates))
    return names + ([contrast.batch] if contrast.batch and contrast.batch not in names else [])


def _refuse_own_name(name: str, key: str) -> None:
    if name in OWN_COLUMNS:
        raise DesignError(
            f"{key} names column {name!r}, and the table of units has a column of that name for "
            f"itself ({', '.join(OWN_COLUMNS)}); rename the column in the sample sheet"
        )


def _donors(kept: pd.DataFrame, contrast: Contrast) -> tuple[pd.Series, str]:
    if contrast.donor in (EACH_SAMPLE, UNKNOWN):
        names = pd.Series(kept.index.astype(str), index=kept.index)
        return names, "declared" if contrast.donor == EACH_SAMPLE else "unknown"
    if contrast.donor not in kept.columns:
        raise DesignError(
            f"design.donor names column {contrast.donor!r}, which the sample sheet does not have; "
            f"it has {', '.join(map(str, kept.columns))}"
            f"{nearest(contrast.donor, kept.columns) or '.'} Where every sample is another donor "
            "write 'each_sample'; where it is not known, 'unknown'"
        )
    return complete_column(kept, contrast.donor, "design.donor").map(as_word), "known"


def _pairs(
    kept: pd.DataFrame, table: pd.DataFrame, contrast: Contrast, notices: list[str]
) -> pd.Series:
    if contrast.pair is not None:
        return complete_column(kept, contrast.pair, "design.pair").map(as_word)
    none = pd.Series([None] * len(table), index=table.index, dtype=object)
    by_donor = table.groupby("donor")["group"].nunique()
    both = by_donor.index[by_donor == 2]
    if len(both) == 0:
        return none
    if len(both) == len(by_donor):
        notices.append(
            f"every donor has samples in both groups, so the comparison is paired by donor "
            f"({len(both)} pairs)"
        )
        return table["donor"].astype(object)
    raise DesignError(
        f"{len(both)} of {len(by_donor)} donors have samples in both groups (for example "
        f"{', '.join(map(str, sorted(both)[:3]))}), the others in one only, so units are neither "
        f"independent nor paired. Keep the donors with both by data.subset and set design.pair: "
        f"{contrast.donor}, or keep one group of each donor"
    )


def _refuse_one_donor(table: pd.DataFrame, contrast: Contrast, status: str) -> None:
    if status != "known":
        return
    for group, part in table.groupby("group"):
        if len(part["donor"].unique()) == 1:
            raise DesignError(
                f"all {len(part)} samples of group {group!r} come from one donor "
                f"({part['donor'].iloc[0]}, column {contrast.donor!r}): samples of one donor do "
                "not show how donors differ. At least 2 donors in each group are needed"
            )


def _gather(
    table: pd.DataFrame, contrast: Contrast, notices: list[str]
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    grouped = table.groupby(["donor", "group"], sort=True)
    single = len(grouped) == len(table)
    several = set(_donors_of_several_pairs(table))
    if several:
        notices.append(
            f"{len(several)} donors have samples of several pairs in one group (for example "
            f"{', '.join(map(str, sorted(several)[:3]))}); they were averaged and paired by donor"
        )
    notices += _averaged_numbers(table, contrast)
    rows, samples = {}, {}
    for (donor, group), part in grouped:
        name = str(part.index[0]) if single else f"{donor}:{group}"
        row: dict[str, object] = {"donor": donor, "group": group}
        row["pair"] = donor if donor in several else part["pair"].iloc[0]
        row["n_samples"] = len(part)
        for column in _carried(contrast):
            row[column] = _one_value(part[column], donor, group, column)
        rows[name] = row
        samples[name] = tuple(sorted(map(str, part.index)))
    if not single:
        notices.append(
            f"{len(table)} samples were averaged into {len(grouped)} units, one for each donor and "
            "group"
        )
    frame = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    for column in _carried(contrast):
        frame[column] = frame[column].infer_objects()
    frame.index.name = "unit"
    return frame, samples


def _donors_of_several_pairs(table: pd.DataFrame) -> pd.Index:
    pairs = table.groupby(["donor", "group"])["pair"].nunique()
    return pairs.index[pairs > 1].get_level_values("donor").unique()


def _averaged_numbers(table: pd.DataFrame, contrast: Contrast) -> list[str]:
    notices = []
    for name in _carried(contrast):
        if not _is_number(table[name]):
            continue
        values = table.groupby(["donor", "group"])[name].nunique()
        if n := int((values > 1).sum()):
            notices.append(
                f"column {name!r} has several values in {n} units, whose samples were averaged; "
                "its mean stands for each"
            )
    return notices


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _one_value(values: pd.Series, donor: object, group: object, column: str) -> object:
    if _is_number(values):
        return float(values.mean())
    words = values.map(as_word).unique()
    if len(words) > 1:
        raise DesignError(
            f"samples of donor {donor} in group {group!r} differ in column {column!r} "
            f"({', '.join(sorted(words))}); a donor is averaged over its samples, so the column "
            "must have one value for each. Correct the sheet, choose the samples by data.subset, "
            "or leave the column out of the design"
        )
    return str(words[0])


def _whole_pairs(frame: pd.DataFrame, contrast: Contrast) -> pd.Index:
    paired = frame["pair"].notna()
    if not paired.any():
        return frame.index
    members = frame.groupby("pair")["group"].agg(lambda g: ", ".join(sorted(g)))
    whole = ", ".join(sorted((contrast.target, contrast.reference)))
    broken = members[members != whole]
    if len(broken):
        name = broken.index[0]
        raise DesignError(
            f"pair {name!r} (column {contrast.pair or contrast.donor!r}) has "
            f"{broken.iloc[0]} instead of one {contrast.target} and one "
            f"{contrast.reference}; {len(broken)} of {len(members)} pairs are not whole. Leave "
            "their samples out by data.subset, or leave design.pair out"
        )
    return frame.index
