"""Look at a matrix before there is a study: what is in it, and which comparison it suggests.

Every guess is a proposal: `write_study` writes it into a file that the user corrects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mechanisms.cohort.files import open_source
from mechanisms.cohort.identifiers import RowGenes, name_rows
from mechanisms.cohort.load import LATIN
from mechanisms.cohort.reading import Cohort, read_cohort, refuse_bad_values
from mechanisms.cohort.scale import Scale, detect
from mechanisms.cohort.wording import label
from mechanisms.errors import DataError
from mechanisms.vocabulary import SPECIES

MAX_GROUPS = 8

_DONOR = re.compile(r"donor|patient|subject|individual|participant|person|cadaver|animal", re.I)
_PAIR = re.compile(r"pair|match", re.I)
_BATCH = re.compile(r"batch|plate|lane|centre|center|site|bioproject|series|study|scan_date", re.I)
_COVARIATE = re.compile(r"(^|_)(age|sex|gender|bmi|weeks?|months?)($|_)", re.I)
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
_TISSUE = (
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


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was found in a matrix, and a comparison to start from.

    `outcome`, `target` and `reference` are None where nothing suggests them. `problems` would
    stop a run and say what to do; `notices` were decided on the way.
    """

    matrix: Path
    platform: Path | None
    kind: str
    n_samples: int
    n_genes: int
    identifiers: str
    identifier_evidence: str
    scale: str
    scale_evidence: str
    species: str
    tissue: str
    platforms: tuple[str, ...]
    groupings: tuple[Grouping, ...]
    outcome: str | None
    target: str | None
    reference: str | None
    label_basis: str
    donors: tuple[str, ...]
    pairs: tuple[str, ...]
    batches: tuple[str, ...]
    covariates: tuple[str, ...]
    sheet: pd.DataFrame
    problems: tuple[str, ...]
    notices: tuple[str, ...]


def propose(
    matrix: str | Path,
    samples: str | Path | pd.DataFrame | None = None,
    platform: str | Path | None = None,
) -> Proposal:
    """Read a matrix (any format of `load`) and propose a study.

    Raises
    ------
    DataError
        The matrix or the sheet cannot be read; what only needs a setting becomes a problem.
    """
    cohort = read_cohort(matrix, samples)
    refuse_bad_values(cohort.raw)
    problems: list[str] = []
    rows = _try_rows(cohort, platform, problems)
    scale = _try_scale(cohort, problems)
    obs = cohort.obs
    groupings = find_groupings(obs)
    columns = list(obs.columns)
    donors, pairs = _named(_DONOR, columns, obs), _named(_PAIR, columns, obs)
    batches, covariates = _named(_BATCH, columns, obs), _named(_COVARIATE, columns, obs)
    possible = [g for g in groupings if g.column not in {*donors, *pairs}]
    outcome = guess_outcome(possible, {*batches, *covariates})
    target, reference = guess_contrast(outcome.counts) if outcome else (None, None)
    described = _words(obs, [str(matrix)])
    return Proposal(
        Path(matrix),
        None if platform is None else Path(platform),
        cohort.raw.kind,
        len(obs),
        len(set(rows.ids) - {""}) if rows else cohort.raw.values.shape[0],
        rows.space if rows else "probes",
        rows.evidence if rows else "the rows are no known genes",
        scale.word if scale else "auto",
        scale.evidence if scale else "not decided",
        _species(cohort, rows),
        _first_match(_TISSUE, described, "other"),
        cohort.raw.platforms,
        groupings,
        outcome.column if outcome else None,
        target,
        reference,
        _basis(outcome),
        donors,
        pairs,
        batches,
        covariates,
        _sheet(obs, outcome),
        tuple(problems),
        tuple(
            [*cohort.notices, *(rows.notices if rows else []), *(scale.notices if scale else ())]
        ),
    )


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


def _try_rows(cohort: Cohort, platform: str | Path | None, problems: list[str]) -> RowGenes | None:
    source = None
    if platform is not None:
        source = open_source(platform, "platform table", "data.genes.platform")
    try:
        return name_rows(cohort.raw, "auto", source)
    except DataError as problem:
        problems.append(str(problem))
        return None


def _try_scale(cohort: Cohort, problems: list[str]) -> Scale | None:
    raw = cohort.raw
    names = [str(x) for x in raw.identifiers.iloc[:, 0]]
    try:
        return detect(raw.values, "auto", names, raw.samples, raw.name, fixed=raw.scale)
    except DataError as problem:
        problems.append(str(problem))
        return None


def _named(
    pattern: re.Pattern[str], columns: Iterable[object], obs: pd.DataFrame
) -> tuple[str, ...]:
    """Columns whose name says so, and which vary."""
    hits = [str(c) for c in columns if pattern.search(str(c)) and not _NEVER.search(str(c))]
    return tuple(c for c in hits if len(obs[c].dropna().unique()) > 1)


def _words(obs: pd.DataFrame, more: Iterable[str]) -> str:
    text = [c for c in obs if not pd.api.types.is_numeric_dtype(obs[c])]
    cells = [str(v) for c in text for v in obs[c].dropna().unique()[:20]]
    return " ".join([*cells, *more]).lower()


def _first_match(table: Iterable[tuple[str, str]], text: str, otherwise: str) -> str:
    return next((word for word, pattern in table if re.search(pattern, text)), otherwise)


def _basis(outcome: Grouping | None) -> str:
    if outcome is None:
        return "mri_followup"  # the sheet then asks for resorbing / non_resorbing
    return _first_match(_BASIS, " ".join([outcome.column, *outcome.counts]).lower(), "other")


def _species(cohort: Cohort, rows: RowGenes | None) -> str:
    named = [LATIN[o.lower()] for o in cohort.raw.organisms if o.lower() in LATIN]
    if named:
        return named[0]
    return rows.species if rows and rows.species in SPECIES else "human"


def _sheet(obs: pd.DataFrame, outcome: Grouping | None) -> pd.DataFrame:
    """The samples with their columns; what a comparison needs and nobody gave is left to fill."""
    sheet = obs.copy()
    sheet.index.name = "sample_id" if "sample_id" not in sheet else "sample"
    if outcome is None:
        for column in ("donor_id", "outcome"):
            if column not in sheet:
                sheet.insert(0, column, np.nan)
    return sheet
