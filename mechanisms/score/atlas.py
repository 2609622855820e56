"""Score a store of cells that need not fit into memory, piece by piece, on threads or on dask."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mechanisms.errors import DataError, SignatureError
from mechanisms.score import balances as balance_kernels
from mechanisms.score.backed import Store, cell_names, extra, look, read_rows
from mechanisms.score.coverage import DEFAULT_RULE, Rule, coverage_table
from mechanisms.score.method import COUNTS, Method
from mechanisms.score.methods import DEFAULT_FOR_CELLS
from mechanisms.score.methods import method as find_method
from mechanisms.score.passes import Plan, score_matrix
from mechanisms.score.pieces import Pieces, fingerprint
from mechanisms.score.results import build
from mechanisms.score.run import located_in, make_plan
from mechanisms.signatures import Collection

SECONDS_TO_CONNECT = 15
Told = Callable[[int, int], None]
"""Called with the cells done and all cells."""


@dataclass(frozen=True)
class Order:
    """What each piece needs: small enough to send to another machine."""

    path: Path
    plan: Plan
    methods: tuple[Method, ...]
    collection: Collection

    def columns(self) -> list[str]:
        """Return the columns of each method's scores."""
        known = list(self.collection.ids)
        if all(m.shared_scale for m in self.methods):
            known += [b.id for b in self.collection.balances]
        return known


def score_store(
    source: Path,
    out: Path,
    signatures: Any = "core",
    *,
    methods: Sequence[str] = (DEFAULT_FOR_CELLS,),
    rule: Rule = DEFAULT_RULE,
    species: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    rows: int | None = None,
    overwrite: bool = False,
    told: Told | None = None,
) -> Path:
    """Score an h5ad or zarr store into another one.

    Parameters
    ----------
    source
        An .h5ad file or a .zarr folder with cells x genes in rows (CSR or dense).
    out
        The store to write, .h5ad or .zarr: cells x signatures (and balances), see `results.build`.
        Until it is whole, its pieces stand in `<out>.partial`; the same command goes on from there.
    signatures, methods, rule, species
        As for `score`; methods that look at each cell alone.
    workers
        Threads; with `scheduler` of no meaning.
    scheduler
        Address of a running dask scheduler whose workers can read `source`.
    rows
        Cells in a piece; default: about 64 MB of values.
    told
        Called after each piece.

    Raises
    ------
    DataError
        A store that cannot be read or written, no gene found, workers that cannot be had.
    SignatureError
        An unknown method, or one that looks at all cells.
    """
    source, out = Path(source), Path(out)
    _check_places(source, out, overwrite)
    _check_workers(workers, scheduler)
    chosen = tuple(_for_cells(m) for m in dict.fromkeys(methods))
    store = look(source)
    collection, located, _ = located_in(store.genes, store.facts, signatures, species)
    table = coverage_table(located, collection, rule)
    order = Order(source.resolve(), make_plan(collection, located, table), chosen, collection)
    size = rows or store.rows_at_once()
    n = store.shape[0]
    pieces = Pieces(out, tuple(slice(s, min(s + size, n)) for s in range(0, n, size)))
    facts = {
        "source": source.name,
        "collection_hash": collection.hash,
        "methods": [m.name for m in chosen],
        "version": version("ldh-mechanisms"),
    }
    pieces.begin(facts | _identity(store, size, rule, order))
    run = _on_dask(order, pieces, scheduler) if scheduler else _on_threads(order, pieces, workers)
    done = sum(s.stop - s.start for i, s in enumerate(pieces.spans) if pieces.path(i).is_file())
    if told:
        told(done, n)
    for index, scores in run:
        pieces.keep(index, scores)
        done += len(scores)
        if told:
            told(done, n)
    var = _reasons(order.columns(), table)
    pieces.finish(build(pieces, cell_names(source), var, facts["methods"], facts))
    return out


def score_span(order: Order, span: slice) -> np.ndarray:
    """Score some rows: genes measured, whether constant, then the columns of each method."""
    matrix = read_rows(order.path, span)
    samples = np.zeros((span.stop - span.start, 2))
    scored = score_matrix(matrix, order.plan, order.methods, threads=1, samples=samples)
    names, columns = order.plan.columns(), order.columns()
    parts = [samples]
    for method in order.methods:
        members = pd.DataFrame(scored[method.name], columns=names)
        if len(columns) > len(order.collection.ids):
            balances = balance_kernels.balance_scores(members, order.collection, method)
            members = pd.concat([members, balances], axis=1)
        parts.append(members[columns].to_numpy())
    return np.hstack(parts)


Scored = Iterator[tuple[int, np.ndarray]]


def _on_threads(order: Order, pieces: Pieces, workers: int) -> Scored:
    """Score pieces on threads; no more of them are held than there are threads."""
    missing = pieces.missing()
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(missing), workers):
            batch = missing[start : start + workers]
            yield from zip(
                batch, pool.map(lambda i: score_span(order, pieces.spans[i]), batch), strict=True
            )


def _on_dask(order: Order, pieces: Pieces, scheduler: str) -> Scored:
    distributed = extra("distributed")
    try:
        client = distributed.Client(scheduler, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"no dask scheduler answers at {scheduler!r} ({error}); start one (dask scheduler), "
            "copy the address it prints, or leave --dask-scheduler out for threads"
        ) from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise DataError(
                f"the dask scheduler at {scheduler!r} has no workers; start some (dask worker "
                f"{scheduler}) before the command"
            )
        [shared] = client.scatter([order], broadcast=True)
        index_of = {
            client.submit(score_span, shared, pieces.spans[i], pure=False): i
            for i in pieces.missing()
        }
        for future, scores in distributed.as_completed(index_of, with_results=True):
            yield index_of.pop(future), scores
            future.release()


def _for_cells(name: str) -> Method:
    found = find_method(DEFAULT_FOR_CELLS if name == "auto" else name)
    if not found.independent:
        raise SignatureError(
            f"{found.name} looks at all cells at once, and a store is scored piece by piece; "
            "choose a method that looks at each cell alone (ucell, aucell, singscore, ssgsea, "
            "mean, ulm), or score in memory with mech.score"
        )
    if found.scale == COUNTS:
        raise SignatureError(f"{found.name} cannot score a store")
    return found


def _check_places(source: Path, out: Path, overwrite: bool) -> None:
    if out.suffix not in (".h5ad", ".zarr"):
        raise DataError(f"--out {out} ends in {out.suffix!r}; allowed are .h5ad and .zarr")
    if out.resolve() == source.resolve():
        raise DataError(f"--out {out} is the input itself; give another name")
    if out.exists() and not overwrite:
        raise DataError(f"{out} is there already and whole; give another --out, or --overwrite")
    if out.suffix == ".zarr":
        extra("zarr")


def _check_workers(workers: int, scheduler: str | None) -> None:
    cores = os.cpu_count() or 1
    if scheduler is None and not 1 <= workers <= cores:
        raise DataError(
            f"--workers {workers} cannot be had: this machine has {cores} cores; give a number "
            f"from 1 to {cores}, or a cluster by --dask-scheduler"
        )


def _identity(store: Store, size: int, rule: Rule, order: Order) -> dict[str, Any]:
    """What must be equal for pieces to belong together."""
    seen = store.path.stat()
    return {
        "cells": store.shape[0],
        "genes": fingerprint(store.genes),
        "input changed at": seen.st_mtime_ns,
        "rows in a piece": size,
        "coverage rule": [rule.fraction, rule.genes, rule.floor],
        "signatures": order.columns(),
        "positions": fingerprint(order.plan.membership.columns.astype(str)),
    }


def _reasons(columns: list[str], table: pd.DataFrame) -> pd.DataFrame:
    lacking = table[~table["measurable"]].groupby("signature")["reason"].agg("; ".join)
    reason = [str(lacking.get(c, "")) for c in columns]
    return pd.DataFrame({"reason": reason}, index=pd.Index(columns, name="signature"))
