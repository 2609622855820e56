"""Cohorts with planted truth: bulk mixtures in which cells and mechanisms are moved separately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mechanisms.errors import DataError
from mechanisms.signatures import Collection, read_signatures

if TYPE_CHECKING:
    from anndata import AnnData

CELLS = ("disc", "fibroblast", "macrophage", "endothelial", "t_cell", "neutrophil")
# Mean fractions outside macrophages, disc tissue being mostly disc cells.
FRACTIONS = {
    "disc": 0.52,
    "fibroblast": 0.28,
    "endothelial": 0.06,
    "t_cell": 0.03,
    "neutrophil": 0.03,
}
# Where the genes of a signature are made: log2 enrichment in one kind of cell over the others.
HOME = {
    "content_macrophage": ("macrophage", 6.0),
    "content_endothelial": ("endothelial", 6.0),
    "immune_t_cell": ("t_cell", 6.0),
    "content_neutrophil": ("neutrophil", 6.0),
    "identity_np": ("disc", 4.0),
    "identity_af_ligament": ("fibroblast", 4.0),
    "inflammation_pro": ("macrophage", 2.5),
    "monocyte_chemotaxis": ("macrophage", 2.5),
    "nfkb_targets": ("macrophage", 2.5),
    "macrophage_m1": ("macrophage", 3.0),
    "macrophage_m2": ("macrophage", 4.0),
    "macrophage_lam": ("macrophage", 4.0),
    "efferocytosis": ("macrophage", 3.0),
    "autophagy_lysosome": ("macrophage", 2.5),
    "immune_antigen_presentation": ("macrophage", 3.5),
    "matrix_synthesis": ("disc", 2.5),
    "hydration_osmotic": ("disc", 1.0),
}
SET_SD = 0.2  # a donor's deviation shared by the genes of a set, log2
GENE_SD = 0.45  # and of single genes
DONOR_FACTORS, FACTOR_SD = 4, 0.15  # deviations of the donor that run through all genes
DISPERSION = 0.05
DEPTH = 12e6
# A cohort that shows each class of claim once and clearly; other seeds show what chance adds.
DEMO_SEED = 22


def simulate_cohort(
    n_target: int = 12,
    n_reference: int = 12,
    *,
    regulated: Mapping[str, float] | None = None,
    macrophages: tuple[float, float] = (0.15, 0.05),
    n_genes: int = 12_000,
    signatures: Any = "core",
    seed: int = DEMO_SEED,
) -> tuple[AnnData, pd.DataFrame]:
    """Simulate a bulk cohort of herniations and return it with its truth.

    Each donor is a mixture of six kinds of cells; every kind has its own profile, in which the
    genes of a signature are enriched in the cells that make them. Regulation changes genes inside
    the cells; the groups' macrophage fractions change nothing but the mixture. Counts are negative
    binomial.

    Parameters
    ----------
    n_target, n_reference
        Resorbing and non-resorbing donors.
    regulated
        Signature id to the planted effect, in SD of the signature's mean log2 expression within a
        group at a fixed mixture. Default: aggrecanases up by 4, osmotic adaptation down by 4.
    macrophages
        Mean macrophage fraction in the target and the reference group.
    n_genes
        Genes in all, but never fewer than the signatures have; those beyond their own are named
        SIM00001 and so on.
    signatures
        The collection whose genes are simulated.
    seed
        Seed of the generator.

    Returns
    -------
    adata
        Donors x genes, counts in `X`; `obs` has outcome, donor_id, age, sex and the true fraction
        of every kind of cell.
    truth
        signature, truth (`regulated`, `shares genes`, `composition`, `null`), planted_sd.
        `null` includes sets of the other cells, which a larger macrophage fraction dilutes a
        little.

    Raises
    ------
    DataError
        No donor in a group, or a macrophage fraction that is not between 0 and 1.
    SignatureError
        `regulated` names a signature that is not in the collection.
    """
    from anndata import AnnData

    _check(n_target, n_reference, macrophages)
    collection = read_signatures(signatures)
    planted = (
        {"matrix_aggrecanase": 4.0, "hydration_osmotic": -4.0} if regulated is None else regulated
    )
    for name in planted:
        collection[name]  # an unknown id is refused with the nearest one
    rng = np.random.default_rng(seed)
    genes = list(collection.genes)
    genes += [f"SIM{i + 1:05d}" for i in range(max(0, n_genes - len(genes)))]
    target = np.arange(n_target + n_reference) < n_target
    profiles = _profiles(collection, genes, rng)
    fractions = _fractions(target, macrophages, rng)
    deviations = _deviations(collection, genes, target, planted, rng)
    rates = (fractions @ 2.0**profiles.T) * 2.0**deviations
    counts = _counts(rates, rng)
    names = [f"D{i + 1:02d}" for i in range(len(target))]
    obs = pd.DataFrame(
        {
            "outcome": np.where(target, "resorbing", "non_resorbing"),
            "donor_id": names,
            "age": np.round(rng.normal(44, 9, len(target)).clip(22, 70)),
            "sex": rng.choice(["female", "male"], len(target)),
        },
        index=pd.Index(names, name="sample"),
    )
    for i, cell in enumerate(CELLS):
        obs[f"true_{cell}"] = fractions[:, i]
    adata = AnnData(counts, obs=obs, var=pd.DataFrame(index=pd.Index(genes, name="gene")))
    return adata, _truth(collection, planted, moved=macrophages[0] != macrophages[1])


def _check(n_target: int, n_reference: int, macrophages: tuple[float, float]) -> None:
    if min(n_target, n_reference) < 1:
        raise DataError(
            f"simulate_cohort was asked for {n_target} target and {n_reference} reference donors; "
            "give each group at least 1"
        )
    if not all(0 < share < 1 for share in macrophages):
        raise DataError(
            f"simulate_cohort was asked for mean macrophage fractions of {macrophages[0]} and "
            f"{macrophages[1]}; each must lie between 0 and 1, such as 0.15 and 0.05"
        )


def _profiles(collection: Collection, genes: list[str], rng: np.random.Generator) -> np.ndarray:
    """Return log2 expression of genes x kinds of cells."""
    base = rng.normal(4.5, 2.0, len(genes))
    profiles = base[:, None] + rng.normal(0, 0.5, (len(genes), len(CELLS)))
    where = {g: i for i, g in enumerate(genes)}
    for name, (cell, enrichment) in HOME.items():
        if name not in collection:
            continue
        rows = [where[g] for g in collection[name].up]
        # Markers are silent elsewhere, so that their sum over the mixture counts the cells.
        profiles[rows] -= enrichment / 2
        profiles[rows, CELLS.index(cell)] += enrichment
    return profiles


def _fractions(
    target: np.ndarray, macrophages: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """Return donors x kinds of cells; rows add up to one."""
    means = np.array([FRACTIONS.get(c, 0.0) for c in CELLS])
    macrophage = np.where(target, *macrophages)
    logit = np.log(macrophage / (1 - macrophage)) + rng.normal(0, 0.45, len(target))
    share = 1 / (1 + np.exp(-logit))
    rest = np.exp(rng.normal(0, 0.25, (len(target), len(CELLS)))) * means
    rest /= rest.sum(axis=1, keepdims=True)
    fractions = rest * (1 - share)[:, None]
    fractions[:, CELLS.index("macrophage")] = share
    return np.asarray(fractions)


def _deviations(
    collection: Collection,
    genes: list[str],
    target: np.ndarray,
    planted: Mapping[str, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return donors x genes on the log2 scale: donor factors, sets, genes, and the plants."""
    n = len(target)
    where = {g: i for i, g in enumerate(genes)}
    loadings = rng.normal(0, 1, (DONOR_FACTORS, len(genes)))
    deviations = rng.normal(0, FACTOR_SD, (n, DONOR_FACTORS)) @ loadings
    deviations += rng.normal(0, GENE_SD, (n, len(genes)))
    for s in collection:
        # Markers of cells count cells: they share no regulation of their own.
        shared = rng.normal(0, SET_SD, n) * (s.role == "mechanism")
        for sign, members in ((1.0, s.up), (-1.0, s.down)):
            rows = [where[g] for g in members]
            deviations[:, rows] += sign * shared[:, None]
    for name, size in planted.items():
        s = collection[name]
        k = len(s.up) + len(s.down)
        spread = np.sqrt(SET_SD**2 + (GENE_SD**2 + DONOR_FACTORS * FACTOR_SD**2) / k)
        for sign, members in ((1.0, s.up), (-1.0, s.down)):
            rows = [where[g] for g in members]
            deviations[:, rows] += sign * size * spread * target[:, None]
    return np.asarray(deviations)


def _counts(rates: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    depth = DEPTH * np.exp(rng.normal(0, 0.2, len(rates)))
    means = rates / rates.sum(axis=1, keepdims=True) * depth[:, None]
    shape = 1 / DISPERSION
    return rng.poisson(rng.gamma(shape, means / shape)).astype(float)


def _truth(collection: Collection, planted: Mapping[str, float], *, moved: bool) -> pd.DataFrame:
    moving = {g for name in planted for g in (*collection[name].up, *collection[name].down)}
    rows = []
    for s in collection:
        genes = {*s.up, *s.down}
        if s.id in planted:
            truth = "regulated"
        elif genes & moving:
            truth = "shares genes"
        elif moved and HOME.get(s.id, ("", 0.0))[0] == "macrophage":
            truth = "composition"
        else:
            truth = "null"
        rows.append({"signature": s.id, "truth": truth, "planted_sd": planted.get(s.id, 0.0)})
    return pd.DataFrame(rows)
