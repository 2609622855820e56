"""Guesses about a sample sheet: which column is the outcome, who is target, donor or batch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from mechanisms.cohort.wording import label

MAX_GROUPS = 8
_FEWEST_PAIRS = 3

DONOR = re.compile(r"donor|patient|subject|individual|participant|person|cadaver|animal", re.I)
PAIR = re.compile(r"pair|match", re.I)
BATCH = re.compile(r"batch|plate|lane|centre|center|site|bioproject|series|study|scan_date", re.I)
COVARIATE = re.compile(r"(^|_)(age|sex|gender|bmi|weeks?|months?)($|_)", re.I)
_NEVER = re.compile(r"title|geo_accession|platform_id|organism|description", re.I)
_OUTCOME = re.compile(
    r"outcome|resor|group|condition|disease|diagnos|state|status|treat|phenotype|class|response",
    re.I,
)
_REFERENCE = re.compile(
    r"\b(non?|not|un)[\W_]*(resor|treat|degen|herniat|infect|stimul|affected|responder)"
    r"|normal|control|ctrl|ctl\b|healthy|young|vehicle|mock|baseline|wild[\s_-]?type|\bwt\b"
    r"|persist|reference|trauma",
    re.I,
)
_TARGET = re.compile(r"resor|case|treated|disease|patient|regress", re.I)
TISSUE = (
    ("synovium", r"synovi"),
    ("nucleus_pulposus", r"nucleus pulposus|\bnp\b"),
    ("annulus_fibrosus", r"ann?ulus"),
    ("endplate", r"end[\s_-]?plate"),
    ("herniation", r"herniat"),
    ("blood", r"blood|pbmc|plasma|serum"),
    ("cultured_cells", r"cell line|cultured|in vitro"),
    ("purified_cells", r"purified|sorted|macrophage|monocyte"),
)
_BASIS = (
    ("mri_followup", r"resor"),
    ("in_vitro", r"treated|untreated|vehicle|stimul|polari|\bm1\b|\bm2[a-d]?\b|lps|dex"),
    ("disease_state", r"disease|diagnos|arthrit|degen|herniat|healthy|young|normal|patient|cancer"),
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """A column that could define the groups, with its values and their counts."""

    column: str
    counts: dict[str, int]


def find_groupings(obs: pd.DataFrame) -> tuple[Grouping, ...]:
    """Return the columns with 2 to 8 values that are not one value a sample, in sheet order."""
    found = []
    for column in obs:
        cells = obs[column].map(label, na_action="ignore").dropna()
        counts = cells.value_counts()
        if _NEVER.search(str(column)) or not 2 <= len(counts) <= MAX_GROUPS:
            continue
        if len(counts) > len(cells) / 2 or counts.max() < 2:
            continue
        ordered = sorted(counts.items(), key=lambda kv: (-int(kv[1]), str(kv[0])))
        found.append(Grouping(str(column), {str(v): int(n) for v, n in ordered}))
    return tuple(found)


def guess_outcome(groupings: Sequence[Grouping], unlikely: set[str]) -> Grouping | None:
    """Prefer two groups and words of an outcome; batches and covariates come last."""

    def weight(g: Grouping) -> int:
        values = list(g.counts)
        return (
            4 * any("resor" in v.lower() for v in values)
            + 3 * any(_REFERENCE.search(v) for v in values)
            + 2 * bool(_OUTCOME.search(g.column))
            + (len(g.counts) == 2)
            - 3 * (g.column in unlikely)
        )

    return max(groupings, key=weight) if groupings else None


def guess_contrast(counts: dict[str, int]) -> tuple[str, str]:
    """Return (target, reference): controls are the reference, where there are any."""
    values = list(counts)
    references = [v for v in values if _REFERENCE.search(v)]
    if references:
        reference = references[0]
        rest = [v for v in values if v not in references] or [v for v in values if v != reference]
        return next((v for v in rest if _TARGET.search(v)), rest[0]), reference
    first, second = sorted(values[:2])  # nothing says which: the two largest, by name
    return (
        (second, first) if _TARGET.search(second) and not _TARGET.search(first) else (first, second)
    )


def named(
    pattern: re.Pattern[str], columns: Iterable[object], obs: pd.DataFrame
) -> tuple[str, ...]:
    """Columns whose name says so, and which vary."""
    hits = [str(c) for c in columns if pattern.search(str(c)) and not _NEVER.search(str(c))]
    return tuple(c for c in hits if len(obs[c].dropna().unique()) > 1)


def words_of(obs: pd.DataFrame, more: Iterable[str]) -> str:
    text = [c for c in obs if not pd.api.types.is_numeric_dtype(obs[c])]
    cells = [str(v) for c in text for v in obs[c].dropna().unique()[:20]]
    return " ".join([*cells, *more]).lower()


def first_match(table: Iterable[tuple[str, str]], text: str, otherwise: str) -> str:
    return next((word for word, pattern in table if re.search(pattern, text)), otherwise)


def guess_pair(obs: pd.DataFrame, outcome: str, target: str, reference: str) -> str | None:
    """Return the column whose every value stands once in each group: that links pairs."""
    group = obs[outcome].map(label, na_action="ignore")
    both = group.isin([target, reference])
    for column in obs:
        cells = obs[column].map(label, na_action="ignore")
        if column == outcome or cells[both].isna().any():
            continue
        table = pd.crosstab(cells[both], group[both])
        if len(table) >= _FEWEST_PAIRS and (table == 1).to_numpy().all():
            return str(column)
    return None


def basis_of(outcome: Grouping | None) -> str:
    if outcome is None:
        return "mri_followup"  # the sheet then asks for resorbing / non_resorbing
    return first_match(_BASIS, " ".join([outcome.column, *outcome.counts]).lower(), "other")
