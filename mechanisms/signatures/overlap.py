"""How many genes signatures share: two sets with the same genes are one finding, not two."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from mechanisms.signatures.model import Collection, Signature

if TYPE_CHECKING:
    import pandas as pd

PAIR_COLUMNS = (
    "signature",
    "other",
    "n_genes",
    "n_other",
    "n_shared",
    "jaccard",
    "n_opposite",
    "shared",
)
GENE_COLUMNS = ("gene", "n_signatures", "signatures")
PRIVATE_COLUMNS = ("signature", "n_genes", "n_private", "private")


def overlap(collection: Collection, other: Collection | None = None) -> pd.DataFrame:
    """Pairs of signatures that share genes, most similar first.

    Within one collection each pair stands once; with `other`, every signature meets every one
    of the other collection. `n_opposite` counts shared genes of opposite direction.

    Returns
    -------
    pandas.DataFrame
        Columns `PAIR_COLUMNS`; `jaccard` is shared genes over all genes of both (0 to 1),
        `shared` their symbols, sorted and joined by ``;``.
    """
    import pandas as pd

    pairs = combinations(collection, 2) if other is None else product(collection, other)
    rows = [row for one, two in pairs if (row := _pair(one, two))[4]]
    frame = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
    return frame.sort_values(
        ["jaccard", "signature", "other"], ascending=[False, True, True], ignore_index=True
    )


def shared_genes(collection: Collection) -> pd.DataFrame:
    """Genes that stand in two signatures or more, the most widespread first."""
    import pandas as pd

    homes: dict[str, list[str]] = {}
    for signature in collection:
        for gene in signature.genes:
            homes.setdefault(gene, []).append(signature.id)
    rows = [(g, len(ids), ";".join(sorted(ids))) for g, ids in homes.items() if len(ids) > 1]
    frame = pd.DataFrame(rows, columns=list(GENE_COLUMNS))
    return frame.sort_values(["n_signatures", "gene"], ascending=[False, True], ignore_index=True)


def private_genes(collection: Collection) -> pd.DataFrame:
    """For each signature the genes that stand in no other: what only it can measure."""
    import pandas as pd

    homes = Counter(gene for s in collection for gene in s.genes)
    rows = []
    for s in collection:
        own = [gene for gene in s.genes if homes[gene] == 1]
        rows.append((s.id, len(s.genes), len(own), ";".join(own)))
    return pd.DataFrame(rows, columns=list(PRIVATE_COLUMNS))


def best_match(collection: Collection, other: Collection) -> pd.DataFrame:
    """For each signature the most similar set of the other collection; one row a signature.

    `other` is empty and `jaccard` 0 where no gene is shared.
    """
    pairs = overlap(collection, other).drop_duplicates("signature").set_index("signature")
    found = pairs.reindex(list(collection.ids)).rename_axis("signature").reset_index()
    sizes = [len(s.genes) for s in collection]
    empty = {
        "n_other": 0,
        "n_shared": 0,
        "jaccard": 0.0,
        "n_opposite": 0,
        "other": "",
        "shared": "",
    }
    found = found.assign(n_genes=sizes).fillna(empty)
    whole = {c: "int64" for c in ("n_genes", "n_other", "n_shared", "n_opposite")}
    return found.astype(whole)[list(PAIR_COLUMNS)]


def effective_number(values: np.ndarray) -> float:
    """How many independent genes would vary as these do together.

    The square of the sum of the eigenvalues of the genes' correlation matrix over the sum of
    their squares (Bretherton 1999, J Climate 12:1990-2009): as many as genes when they are
    uncorrelated, one when they move as one. It never exceeds samples minus one.

    Parameters
    ----------
    values
        Samples x genes, on a log scale. Genes that are constant or have gaps are left out.

    Returns
    -------
    float
        NaN for fewer than three samples or no gene that varies.
    """
    values = np.asarray(values, dtype=float)
    complete = values[:, np.isfinite(values).all(axis=0)]
    varying = complete[:, np.ptp(complete, axis=0) > 0] if len(complete) else complete
    if len(varying) < 3 or varying.shape[1] == 0:
        return float("nan")
    correlation = np.atleast_2d(np.corrcoef(varying, rowvar=False))
    return float(np.trace(correlation) ** 2 / (correlation**2).sum())


def _pair(one: Signature, two: Signature) -> tuple[str, str, int, int, int, float, int, str]:
    first, second = one.weights, two.weights
    shared = sorted(first.keys() & second.keys())
    jaccard = len(shared) / len(first.keys() | second.keys())
    opposite = sum(first[gene] != second[gene] for gene in shared)
    return (
        one.id,
        two.id,
        len(first),
        len(second),
        len(shared),
        jaccard,
        opposite,
        ";".join(shared),
    )
