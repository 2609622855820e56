"""From a matrix and a sample sheet to one validated AnnData; every decision is said."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mechanisms.cohort.collapse import check_rule, collapse, describe, spread
from mechanisms.cohort.files import open_source
from mechanisms.cohort.identifiers import RowGenes, name_rows
from mechanisms.cohort.layout import Raw
from mechanisms.cohort.normalise import FEWEST_GENES, tmm_factors
from mechanisms.cohort.reading import (
    Cohort,
    Matrix,
    Options,
    Samples,
    read_cohort,
    refuse_bad_values,
)
from mechanisms.cohort.scale import Scale, detect, to_log2
from mechanisms.cohort.units import natural_logarithms, unit_of
from mechanisms.cohort.wording import closest, counted, some
from mechanisms.errors import DataError
from mechanisms.vocabulary import COLLAPSE_RULES, SPECIES, TISSUES

if TYPE_CHECKING:
    from anndata import AnnData

LATIN = {"homo sapiens": "human", "mus musculus": "mouse", "rattus norvegicus": "rat"}


def load(
    matrix: Matrix,
    samples: Samples = None,
    *,
    sample_id: str | None = None,
    subset: Mapping[str, Sequence[str]] | None = None,
    gene_column: str = "auto",
    platform: Path | str | None = None,
    collapse: str = "max_mean",
    species: str = "human",
    tissue: str = "other",
    scale: str = "auto",
    format: str = "auto",
    transcripts: Path | str | None = None,
    genome: str | None = None,
) -> AnnData:
    """Read a cohort.

    Parameters
    ----------
    matrix : a file or folder in one of `readers.FORMATS` (text may be gz, bz2 or xz), an archive of
        files, a data frame or an AnnData. Genes may be in rows or in columns of a table.
    samples : the sample sheet; None takes the `obs` of an AnnData or GEO's characteristics. Samples
        of the matrix that the sheet does not list are left out.
    sample_id : the sheet's column of sample ids; None is the first.
    subset : column of the sheet -> values to keep.
    gene_column : the column (of the matrix, or of the platform) that names genes.
    platform : table from probes to genes.
    collapse : what becomes of several rows of one gene: max_mean, median or sum.
    scale : auto, counts, linear or log.
    format : auto (by content), or the name of a format.
    transcripts : table from transcripts to genes, for Salmon and kallisto.
    genome : the genome to read, where a 10x file holds several.

    Returns
    -------
    AnnData, samples x genes: `X` float64 log2 values (NaN where missing), `layers["values"]` the
    values before the logarithm (counts and linear), `obs` the sheet, `var` the genes,
    `uns["mechanisms"]` the decisions in words.

    Raises
    ------
    DataError
        Anything that cannot be read or used as it is; the message says where and what to do.
    """
    _check_words(collapse, species)
    _check_tissue(tissue)
    table = None
    if transcripts is not None:
        table = open_source(transcripts, "transcript table", "data.genes.transcripts")
    options = Options(format, table, genome, species)
    cohort = read_cohort(matrix, samples, sample_id=sample_id, subset=subset, options=options)
    raw = cohort.raw
    platform_source = None
    if platform is not None:
        platform_source = open_source(platform, "platform table", "data.genes.platform")
        cohort.sources.append(platform_source)
    refuse_bad_values(raw)
    rows = name_rows(raw, gene_column, platform_source)
    _check_species(species, raw, rows)
    found = detect(raw.values, scale, rows.row_names, raw.samples, raw.name, fixed=raw.scale)
    if found.word == "log" and scale == "auto" and raw.log_base is None:
        _take_natural_logarithms(cohort)
    check_rule(collapse, found.word)
    return _assemble(cohort, rows, found, collapse, species, tissue)


def _take_natural_logarithms(cohort: Cohort) -> None:
    raw = cohort.raw
    if natural_logarithms(raw.values):
        raw.log_base = float(np.e)
        cohort.notices.append(
            f"{raw.name}: exp(x) - 1 adds up to the same in every sample, as scanpy's log1p leaves "
            f"it, so these are natural logarithms; if not, declare data.scale: log."
        )


def _assemble(
    cohort: Cohort, rows: RowGenes, scale: Scale, rule: str, species: str, tissue: str
) -> AnnData:
    import anndata as ad

    raw = cohort.raw
    depths = np.nansum(raw.values, axis=0)  # of all rows: the reads that were counted
    values, ids, chosen, several = collapse(raw.values, rows.ids, rows.row_names, raw.samples, rule)
    if not ids:
        raise DataError(
            f"{raw.name}: no row is left with a gene (rows without gene: {rows.without:,}; rows of "
            f"several genes: {rows.several:,}). Name another column as data.genes.column, or "
            f"another platform."
        )
    cohort.notices += _collapse_notices(raw, rows, scale, rule)
    left = {"without gene": rows.without, "of several genes": rows.several}
    detail = describe(len(rows.ids), len(ids), rows.row_word, left, several, rule)
    counted_reads = scale.word == "counts"
    factors = tmm_factors(raw.values, raw.samples) if counted_reads else np.ones(len(depths))
    X = to_log2(values, scale.word, depths * factors, raw.log_base)
    notices = [*cohort.notices, *rows.notices, *scale.notices]
    if counted_reads:
        notices.append(_depth_notice(raw, depths, factors))
    if missing := int(np.isnan(X).sum()):
        notices.append(
            f"{raw.name}: {missing / X.size:.1%} of the values are missing; they stay missing."
        )
    if scale.word == "linear" and scale.evidence.startswith("min") and not raw.platforms:
        notices.append(
            f"{raw.name}: the values were taken as linear (TPM, FPKM, intensities); if they are "
            f"estimated counts with fractions (salmon, kallisto, RSEM), declare data.scale: counts."
        )
    if scale.word == "log" and raw.log_base is not None:
        notices.append(f"{raw.name}: logarithms to base {raw.log_base:.4g} were changed to log2.")
    var = rows.annotation.iloc[chosen].fillna("").astype(object)
    var.columns = [str(c).replace("/", "_") for c in var.columns]  # .h5ad has no '/' in names
    var = var.loc[:, ~var.columns.duplicated() & ~var.columns.isin(["row", "_index", ""])]
    var.insert(0, "row", [rows.row_names[i] for i in chosen])
    var.index = pd.Index(ids, dtype=object, name=None)
    adata = ad.AnnData(X=np.ascontiguousarray(X.T), obs=_writable(cohort.obs), var=var)
    if scale.word != "log":
        adata.layers["values"] = np.ascontiguousarray(values.T)
    adata.uns["mechanisms"] = {
        "scale": scale.word,
        "scale_evidence": scale.evidence,
        "unit": unit_of(raw, scale.word),
        "normalisation": "TMM" if (factors != 1).any() else "none",
        "factors": [f"{f:.9g}" for f in factors],
        "identifiers": rows.space,
        "identifier_evidence": rows.evidence,
        "species": species,
        "tissue": tissue,
        "kind": raw.kind,
        "platforms": list(raw.platforms),
        "collapse": rule,
        "collapse_detail": detail,
        "sources": [s.name for s in cohort.sources],
        "sha256": [s.sha256 for s in cohort.sources],
        "bytes": [s.path.stat().st_size for s in cohort.sources],
        "notices": notices,
    }
    return adata


def _collapse_notices(raw: Raw, rows: RowGenes, scale: Scale, rule: str) -> list[str]:
    """Say what the collapse cost, and where another rule would give other values."""
    said = []
    several, apart, median = spread(raw.values, rows.ids, logarithms=scale.word == "log")
    if several:
        said.append(
            f"{raw.name}: {counted(several, 'gene')} of several {rows.row_word}s: their "
            f"{rows.row_word}s differ by {median:.1f} (log2, median), by more than 1 in "
            f"{apart:,}; there data.genes.collapse ({rule}) decides the value. Coverage is the "
            f"same with every rule."
        )
    if rows.lost:
        said.append(
            f"{raw.name}: {counted(len(rows.lost), 'gene')} of the collection lost, because only "
            f"{rows.row_word}s of several genes measure them: {some(rows.lost)}."
        )
    return said


def _depth_notice(raw: Raw, depths: np.ndarray, factors: np.ndarray) -> str:
    sums = f"{depths.min():,.0f} to {depths.max():,.0f} in a sample"
    if (factors != 1).any():
        return (
            f"{raw.name}: counts ({sums}) became log2 counts per million with TMM factors "
            f"({factors.min():.2f} to {factors.max():.2f})."
        )
    why = (
        "there is one sample"
        if len(depths) < 2
        else f"a sample has fewer than {FEWEST_GENES} genes"
        if not (raw.values > 0).sum(axis=0).min() >= FEWEST_GENES
        else "all factors are 1"
    )
    return (
        f"{raw.name}: counts ({sums}) became log2 counts per million, without TMM factors: {why}."
    )


def _writable(obs: pd.DataFrame) -> pd.DataFrame:
    """String columns as objects: nullable strings of every pandas reach the disk alike."""
    obs = obs.copy()
    obs.index = pd.Index([str(i) for i in obs.index], dtype=object, name=obs.index.name)
    for column in obs:
        if not pd.api.types.is_numeric_dtype(obs[column]):
            obs[column] = obs[column].astype(object).where(obs[column].notna(), None)
    if obs.index.name in obs.columns:
        obs.index.name = None
    return obs


def _check_words(collapse: str, species: str) -> None:
    for key, word, allowed in (
        ("data.genes.collapse", collapse, COLLAPSE_RULES),
        ("data.species", species, SPECIES),
    ):
        if word not in allowed:
            raise DataError(
                f"{key} is {word!r}; allowed are {', '.join(allowed)}{closest(word, allowed)}"
            )


def _check_tissue(tissue: str) -> None:
    """A tissue of the user's own is fine, unless it is a known one misspelt."""
    close = difflib.get_close_matches(tissue.lower(), TISSUES, n=1, cutoff=0.85)
    if close and close[0] != tissue:
        raise DataError(
            f"data.tissue is {tissue!r}; did you mean {close[0]!r}? Known are {', '.join(TISSUES)}."
        )


def _check_species(species: str, raw: Raw, rows: RowGenes) -> None:
    named = {LATIN.get(o.lower(), o) for o in raw.organisms}
    if named and species not in named:
        raise DataError(
            f"{raw.name}: GEO says that the samples are {', '.join(sorted(raw.organisms))}, but "
            f"data.species is {species!r}. Set data.species to the animal that was measured."
        )
    rodents = SPECIES[1:]
    if rows.species not in SPECIES or rows.species == species:
        return
    animal = rows.species
    if rows.space == "symbol" and animal in rodents:  # mouse and rat share most symbols
        if species in rodents:
            return
        animal = " or ".join(rodents)
    raise DataError(
        f"{raw.name}: the genes are named as those of {animal} are ({rows.evidence}), but "
        f"data.species is {species!r}. Set data.species: {animal}."
    )
