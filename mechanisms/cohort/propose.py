"""Look at a matrix before there is a study: what is in it, and which comparison it suggests.

Every guess is a proposal: `write_study` writes it into a file that the user corrects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mechanisms.cohort.files import open_source
from mechanisms.cohort.folders import described
from mechanisms.cohort.guess import (
    BATCH,
    COVARIATE,
    DONOR,
    PAIR,
    TISSUE,
    Grouping,
    basis_of,
    find_groupings,
    first_match,
    guess_contrast,
    guess_outcome,
    guess_pair,
    named,
    words_of,
)
from mechanisms.cohort.identifiers import RowGenes, name_rows
from mechanisms.cohort.load import LATIN
from mechanisms.cohort.metadata import UNKNOWN, column_of
from mechanisms.cohort.platforms import find_platform
from mechanisms.cohort.probes import look_like_probes
from mechanisms.cohort.reading import Cohort, Options, read_cohort, refuse_bad_values
from mechanisms.cohort.scale import Scale, detect
from mechanisms.errors import DataError
from mechanisms.vocabulary import SPECIES

# What a reviewer asks of each sample: columns that are not there are added, and say unknown.
PER_SAMPLE = ("level", "weeks_since_onset", "steroid", "nsaid", "age", "sex", "batch")


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
    format: str = "auto"
    transcripts: Path | None = None
    pair: str | None = None  # a column whose every value stands once in each group


def propose(
    matrix: str | Path,
    samples: str | Path | pd.DataFrame | None = None,
    platform: str | Path | None = None,
    *,
    format: str = "auto",
    transcripts: str | Path | None = None,
    subset: Mapping[str, Sequence[str]] | None = None,
    species: str | None = None,
) -> Proposal:
    """Read a matrix (any format of `load`) and propose a study.

    Of several platforms in one file the one with most samples is taken, unless `subset` chooses.

    Raises
    ------
    DataError
        The matrix or the sheet cannot be read; what only needs a setting becomes a problem.
    """
    table = None
    if transcripts is not None:
        table = open_source(transcripts, "transcript table", "data.genes.transcripts")
    options = Options(format, table, None, species or "human")
    said: list[str] = []
    if samples is None and not subset:
        subset, said = _largest_platform(matrix, format)
    cohort = read_cohort(matrix, samples, subset=subset, options=options)
    cohort.notices += said
    refuse_bad_values(cohort.raw)
    found = _described(cohort, Path(matrix), platform, species)
    return replace(
        found, format=format, transcripts=None if transcripts is None else Path(transcripts)
    )


def _described(
    cohort: Cohort, matrix: Path, platform: str | Path | None, species: str | None
) -> Proposal:
    """Guess everything that a study says from the values and the sheet."""
    problems: list[str] = []
    if platform is None and (platform := _platform_beside(cohort, matrix)) is not None:
        cohort.notices.append(f"{Path(platform).name}: found and taken for the probes.")
    rows = _try_rows(cohort, platform, problems)
    scale = _try_scale(cohort, problems)
    obs = cohort.obs
    groupings = find_groupings(obs)
    columns = list(obs.columns)
    donors, pairs = named(DONOR, columns, obs), named(PAIR, columns, obs)
    batches, covariates = named(BATCH, columns, obs), named(COVARIATE, columns, obs)
    possible = [g for g in groupings if g.column not in {*donors, *pairs}]
    outcome = guess_outcome(possible, {*batches, *covariates})
    target, reference = guess_contrast(outcome.counts) if outcome else (None, None)
    pair = None
    if outcome is not None and target is not None and reference is not None:
        pair = guess_pair(obs, outcome.column, target, reference)
    if pair is not None and pair not in donors:
        donors = (pair, *donors)
    described = words_of(obs, [str(matrix)])
    return Proposal(
        matrix,
        None if platform is None else Path(platform),
        cohort.raw.kind,
        len(obs),
        len(set(rows.ids) - {""}) if rows else cohort.raw.values.shape[0],
        rows.space if rows else "probes",
        rows.evidence if rows else "the rows are no known genes",
        scale.word if scale else "auto",
        scale.evidence if scale else "not decided",
        species or _species(cohort, rows),
        first_match(TISSUE, described, "other"),
        cohort.raw.platforms,
        groupings,
        outcome.column if outcome else None,
        target,
        reference,
        basis_of(outcome),
        donors,
        pairs,
        batches,
        covariates,
        _sheet(obs, outcome),
        tuple(problems),
        tuple(
            [*cohort.notices, *(rows.notices if rows else []), *(scale.notices if scale else ())]
        ),
        pair=pair,
    )


def _largest_platform(
    matrix: str | Path, format: str
) -> tuple[dict[str, list[str]] | None, list[str]]:
    found = described(open_source(matrix, "matrix", "data.matrix", folders=True), format)
    if found is None or "platform_id" not in found[0]:
        return None, []
    counts = found[0]["platform_id"].dropna().value_counts()
    if len(counts) < 2:
        return None, []
    ordered = sorted(counts.items(), key=lambda kv: (-int(kv[1]), str(kv[0])))
    first = str(ordered[0][0])
    listing = ", ".join(f"{p} ({n} samples)" for p, n in ordered)
    return {"platform_id": [first]}, [
        f"{Path(matrix).name}: several platforms ({listing}); {first} was taken. For another one, "
        f"choose it: --only platform_id={ordered[1][0]}."
    ]


def _platform_beside(cohort: Cohort, matrix: Path) -> Path | None:
    raw = cohort.raw
    if len(raw.platforms) != 1 or raw.annotation is not None:
        return None
    if not look_like_probes([str(x) for x in raw.identifiers.iloc[:, 0]]):
        return None
    return find_platform(raw.platforms[0], matrix)


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


def _species(cohort: Cohort, rows: RowGenes | None) -> str:
    named = [LATIN[o.lower()] for o in cohort.raw.organisms if o.lower() in LATIN]
    if named:
        return named[0]
    return rows.species if rows and rows.species in SPECIES else "human"


def _sheet(obs: pd.DataFrame, outcome: Grouping | None) -> pd.DataFrame:
    """The samples with their columns; what a comparison needs and nobody gave is left to fill."""
    sheet = obs.copy()
    for field in PER_SAMPLE:
        if column_of(field, sheet.columns) is None:
            sheet[field] = UNKNOWN
    sheet.index.name = "sample_id" if "sample_id" not in sheet else "sample"
    if outcome is None:
        for column in ("donor_id", "outcome"):
            if column not in sheet:
                sheet.insert(0, column, np.nan)
    return sheet
