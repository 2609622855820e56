"""Write a cohort of counts in each format that `load` reads: for tests, and to show the loaders.

The files have the form of the real ones and none of their size; the values are the cohort's own,
so that loading any of them gives the same counts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from mechanisms.cohort import write_geo, write_stores
from mechanisms.cohort.wording import closest
from mechanisms.cohort.written import Written, packed, put, put_sheet
from mechanisms.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData


def write_cohort(adata: AnnData, folder: str | Path, format: str) -> Written:
    """Write counts (samples x genes, symbols in `var_names`) and the sheet in `obs`.

    Parameters
    ----------
    folder : made if needed; files of the same name are replaced.
    format : one of `WRITERS`.

    Raises
    ------
    DataError
        An unknown format, or values that are no counts.
    """
    if format not in WRITERS:
        raise DataError(
            f"format {format!r} cannot be written; allowed are {', '.join(WRITERS)}"
            f"{closest(format, WRITERS)}"
        )
    X = adata.X.toarray() if sparse.issparse(adata.X) else np.asarray(adata.X)
    if not np.array_equal(X, np.rint(X)) or (X < 0).any():
        raise DataError(
            "the cohort's X holds no counts (whole numbers from 0 on), and only counts are "
            "written: put the counts into X."
        )
    genes = pd.Index(adata.var_names, name="gene")
    counts = pd.DataFrame(X.T.astype(np.int64), index=genes, columns=list(adata.obs_names))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return WRITERS[format](counts, adata.obs, folder)


def _table(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    path = folder / "counts.tsv.gz"
    path.write_bytes(packed(counts.to_csv(sep="\t")))
    return Written(path, put_sheet(obs, folder))


def _excel(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    counts.to_excel(folder / "counts.xlsx")
    obs.to_excel(folder / "samples.xlsx", index_label="sample_id")
    return Written(folder / "counts.xlsx", folder / "samples.xlsx")


def _transposed(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    counts.T.to_csv(folder / "counts.csv", index_label="sample")
    return Written(folder / "counts.csv", put_sheet(obs, folder))


def _feature_counts(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    table = counts.rename_axis("Geneid").rename(columns=lambda s: f"aligned/{s}.sorted.bam")
    places = {"Chr": "1", "Start": "1000", "End": "3000", "Strand": "+", "Length": "2001"}
    for i, (column, cell) in enumerate(places.items()):
        table.insert(i, column, cell)
    text = '# Program:featureCounts v2.0.6; Command:"featureCounts"\n' + table.to_csv(sep="\t")
    (folder / "featurecounts.txt").write_text(text)
    return Written(folder / "featurecounts.txt", put_sheet(obs, folder))


def _htseq(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    end = "__no_feature\t1000\n__ambiguous\t50\n__not_aligned\t0\n"
    for sample in counts:
        text = counts[sample].to_csv(sep="\t", header=False) + end
        put(folder / "htseq" / f"{sample}.counts.txt", text)
    return Written(folder / "htseq", put_sheet(obs, folder))


def _star(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    """A reversely stranded library: the fourth column holds the counts."""
    start = "".join(
        f"N_{x}\t9\t8\t7\n" for x in ("unmapped", "multimapping", "noFeature", "ambiguous")
    )
    for sample in counts:
        c = counts[sample]
        table = pd.DataFrame({"u": c + c // 50, "f": c // 50, "r": c}, index=counts.index)
        text = start + table.to_csv(sep="\t", header=False)
        put(folder / "star" / f"{sample}_ReadsPerGene.out.tab", text)
    return Written(folder / "star", put_sheet(obs, folder))


def _halves(counts: pd.DataFrame) -> pd.DataFrame:
    """Two transcripts a gene, whose estimated counts sum to the gene's."""
    first = (counts * 0.625).rename(index=lambda g: f"{g}-201")
    second = (counts * 0.375).rename(index=lambda g: f"{g}-202")
    return pd.concat([first, second])


def _tx2gene(counts: pd.DataFrame, folder: Path) -> Path:
    rows = [f"{g}-20{i}\t{g}\n" for g in counts.index for i in (1, 2)]
    return put(folder / "tx2gene.tsv", "transcript_id\tgene_id\n" + "".join(rows))


def _salmon(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    for sample, reads in _halves(counts).items():
        table = pd.DataFrame(
            {"Length": 2000, "EffectiveLength": 1800.0, "TPM": 1.0, "NumReads": reads}
        ).rename_axis("Name")
        put(folder / "salmon" / str(sample) / "quant.sf", table.to_csv(sep="\t"))
        put(folder / "salmon" / str(sample) / "cmd_info.json", "{}")
    return Written(folder / "salmon", put_sheet(obs, folder), transcripts=_tx2gene(counts, folder))


def _kallisto(counts: pd.DataFrame, obs: pd.DataFrame, folder: Path) -> Written:
    for sample, reads in _halves(counts).items():
        table = pd.DataFrame(
            {"length": 2000, "eff_length": 1800.0, "est_counts": reads, "tpm": 1.0}
        ).rename_axis("target_id")
        put(folder / "kallisto" / str(sample) / "abundance.tsv", table.to_csv(sep="\t"))
        put(folder / "kallisto" / str(sample) / "run_info.json", "{}")
    return Written(
        folder / "kallisto", put_sheet(obs, folder), transcripts=_tx2gene(counts, folder)
    )


Writer = Callable[[pd.DataFrame, pd.DataFrame, Path], Written]
WRITERS: dict[str, Writer] = {
    "table": _table,
    "excel": _excel,
    "transposed": _transposed,
    "featurecounts": _feature_counts,
    "htseq": _htseq,
    "star": _star,
    "salmon": _salmon,
    "kallisto": _kallisto,
    "series_matrix": write_geo.series_matrix,
    "soft": write_geo.soft,
    "geo_supplement": write_geo.geo_supplement,
    "10x": write_stores.tenx,
    "10x_h5": write_stores.tenx_h5,
    "h5ad": write_stores.h5ad,
    "zarr": write_stores.zarr,
}
