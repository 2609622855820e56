"""How many genes signatures share: two sets with the same genes are one finding, not two."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

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
