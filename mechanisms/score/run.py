"""Score samples: AnnData in, a tidy frame of samples x signatures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from mechanisms import genes
from mechanisms.errors import DataError, SignatureError
from mechanisms.score import balances as balance_kernels
from mechanisms.score.coverage import DEFAULT_RULE, Rule, coverage_table, locate
from mechanisms.score.lazy import score_stored
from mechanisms.score.method import COUNTS, Method
from mechanisms.score.methods import method as find_method
from mechanisms.score.passes import Plan, plan_of
from mechanisms.score.ranks import average_ranks
from mechanisms.score.transform import rows
from mechanisms.signatures import Collection, for_species, read_signatures
from mechanisms.vocabulary import SPECIES

if TYPE_CHECKING:
    from anndata import AnnData


def score(
    adata: AnnData,
    signatures: Any = "core",
    *,
    method: str = "auto",
    balances: bool = True,
    rule: Rule = DEFAULT_RULE,
    species: str | None = None,
    write: bool = False,
    threads: int | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Score every sample for every signature.

    Parameters
    ----------
    adata
        Samples x genes. `X` may be on any scale for rank methods; value methods need logs.
    signatures
        A Collection, the name of one (`core`, `extended`, `all`), a path, or a dict of id to genes.
    method
        `auto` (singscore) or a name of `score.METHODS`: singscore, ssgsea, zscore, ucell, aucell,
        mean, ulm, gsva, or one of their variants. For cells: `ucell`.
    balances
        Also return the collection's balances.
    rule
        The coverage that each direction needs.
    species
        `human`, `mouse` or `rat`; default: what the data say, else human.
    write
        Also store the scores in `adata.obsm["mechanisms_<method>"]` and what they rest on in
        `adata.uns["mechanisms"]`; nothing else of `adata` changes.
    threads
        Default: all cores. The result does not depend on it.
    parameters
        Of the method, such as `{"max_rank": 500}` of ucell.

    Returns
    -------
    Samples x signatures (then balances). NaN where a signature lacks coverage or a sample is
    constant; `coverage()` and `sample_report()` give the reasons.

    Raises
    ------
    DataError
        No gene of any signature is in the data, or the method cannot take its values.
    SignatureError
        The method or a signature is not known.
    """
    collection = for_species(read_signatures(signatures), identifier_space(adata, species)[1])
    chosen = find_method(method, parameters)
    members = score_members(
        adata, collection, [chosen], rule=rule, species=species, threads=threads
    )[chosen.name]
    columns = [members[list(collection.ids)]]
    if balances:
        columns.append(balance_kernels.balance_scores(members, collection, chosen))
    scores = pd.concat(columns, axis=1)
    if write:
        adata.obsm[f"mechanisms_{chosen.name}"] = scores.copy()
        facts = dict(adata.uns.get("mechanisms", {}))
        adata.uns["mechanisms"] = facts | {"collection_hash": collection.hash}
    return scores


def score_members(
    adata: AnnData,
    collection: Collection,
    methods: Sequence[str | Method],
    *,
    rule: Rule = DEFAULT_RULE,
    species: str | None = None,
    threads: int | None = None,
) -> dict[str, pd.DataFrame]:
    """Score with several methods in one pass over the data.

    Returns for each method a frame of samples x members: every signature, and each of its
    directions as `id:up` and `id:down` (its genes counted upwards), which balances may use.
    """
    chosen = [m if isinstance(m, Method) else find_method(m) for m in methods]
    facts = dict(adata.uns.get("mechanisms", {}))
    names = adata.var_names.astype(str).to_numpy()
    collection, located, _ = located_in(names, facts, collection, species)
    table = coverage_table(located, collection, rule)
    plan = make_plan(collection, located, table)
    samples, columns = pd.Index(adata.obs_names, name="sample"), plan.columns()
    scored: dict[str, np.ndarray] = {}
    for on_counts in (False, True):
        own = [m for m in chosen if (m.scale == COUNTS) is on_counts]
        if own:
            values = adata.layers.get("values", adata.X) if on_counts else adata.X
            scored |= score_stored(values, plan, own, threads)
    return {m.name: pd.DataFrame(scored[m.name], samples, columns) for m in chosen}


def located_in(
    names: np.ndarray, facts: Mapping[str, Any], signatures: Any, species: str | None
) -> tuple[Collection, pd.DataFrame, str]:
    """Read signatures and find their genes among identifiers.

    Returns the collection in the data's species, where each gene stands, and the species.

    Raises
    ------
    DataError
        An identifier stands twice, or no gene is found.
    SignatureError
        A signature without genes.
    """
    space, spoken = _space(list(names), facts, species)
    collection = for_species(read_signatures(signatures), spoken)
    empty = next((s.id for s in collection if not s.needs), None)
    if empty is not None:
        raise SignatureError(f"signature {empty!r} has no genes; give it some or remove it")
    located = locate(collection, _once(names), space=space, species=spoken)
    if not (located["position"] >= 0).any():
        raise DataError(_nothing_found(names, collection, space, spoken))
    return collection, located, spoken


def coverage(
    adata: AnnData,
    signatures: Any = "core",
    *,
    rule: Rule = DEFAULT_RULE,
    species: str | None = None,
) -> pd.DataFrame:
    """Say for each direction of each signature how many of its genes the data hold.

    Returns the columns of `vocabulary.COVERAGE_COLUMNS`: one row per signature and direction.
    """
    space, spoken = identifier_space(adata, species)
    collection = for_species(read_signatures(signatures), spoken)
    located = locate(collection, _names(adata), space=space, species=spoken)
    return coverage_table(located, collection, rule)


def sample_report(adata: AnnData) -> pd.DataFrame:
    """Count measured, missing and zero genes of each sample, and say why one cannot be scored.

    Returns sample, n_measured, n_missing, n_zero, reason (empty where nothing is wrong).
    """
    X = rows(adata.X)
    _, n_valid, constant = average_ranks(X, np.zeros(0, dtype=np.int64))
    if sparse.issparse(X):
        zeros = X.shape[1] - np.asarray((X != 0).sum(axis=1)).ravel()
    else:
        zeros = (np.asarray(X) == 0).sum(axis=1)
    reason = np.where(constant, "all measured values are equal: the sample cannot be ranked", "")
    reason = np.where(n_valid == 0, "no gene has a value", reason)
    return pd.DataFrame(
        {
            "sample": adata.obs_names.to_numpy(),
            "n_measured": n_valid,
            "n_missing": adata.n_vars - n_valid,
            "n_zero": zeros,
            "reason": reason,
        }
    )


def identifier_space(adata: AnnData, species: str | None) -> tuple[str, str]:
    """Return the identifiers and the species of the data: as loaded, else as they look."""
    return _space(list(adata.var_names.astype(str)), adata.uns.get("mechanisms", {}), species)


def _space(ids: list[str], facts: Mapping[str, Any], species: str | None) -> tuple[str, str]:
    space, spoken = facts.get("identifiers"), species or facts.get("species")
    if space is None or spoken is None:
        looked = genes.identify(ids)
        space = space or looked.space
        spoken = spoken or (looked.species if looked.species in SPECIES else "human")
    return "symbol" if space == "unknown" else str(space), str(spoken)


def _names(adata: AnnData) -> list[str]:
    return _once(adata.var_names.astype(str).to_numpy())


def _once(names: np.ndarray) -> list[str]:
    index = pd.Index(names)
    if index.has_duplicates:
        twice = index[index.duplicated()][0]
        raise DataError(
            f"gene {twice!r} stands twice in adata.var_names; load the data with mech.load, which "
            "collapses duplicates by a stated rule, or make the names unique"
        )
    return list(names)


def _nothing_found(names: np.ndarray, collection: Collection, space: str, species: str) -> str:
    first = ", ".join(map(str, names[:3]))
    return (
        f"no gene of any of the {len(collection)} signatures was found among the {len(names)} "
        f"identifiers of the data (first: {first}), read as {species} {space} ids; allowed are "
        "symbols, Ensembl and Entrez ids of human, mouse or rat. Set data.species, choose another "
        "data.genes.column, or give the platform's annotation in data.genes.platform"
    )


def make_plan(collection: Collection, located: pd.DataFrame, table: pd.DataFrame) -> Plan:
    """Say which directions are scored, from the genes found and the coverage they give."""
    part = table["signature"] + ":" + table["direction"]
    covered = set(part[table["measurable"]])
    found = located[located["position"] >= 0]
    positions = {
        f"{signature}:{direction}": rows["position"].to_numpy(dtype=np.int64)
        for (signature, direction), rows in found.groupby(["signature", "direction"], sort=False)
    }
    kept = {part: genes for part, genes in positions.items() if part in covered}
    sets = {s.id: {d: kept.get(f"{s.id}:{d}") for d in s.needs} for s in collection}
    return plan_of(sets, dict(zip(part, table["required"].astype(float), strict=True)))
