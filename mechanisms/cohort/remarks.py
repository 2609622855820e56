"""What should be said of a loaded cohort before anything is compared, by topic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mechanisms.cohort.metadata import audit, confounding, repeated_donors
from mechanisms.cohort.shift import global_shift
from mechanisms.cohort.wording import label, some
from mechanisms.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

_BARCODE = re.compile(r"(^|[_#:-])[ACGT]{12,}(-\d+)?($|[_#:-])")


def remarks(
    adata: AnnData,
    *,
    variable: str,
    target: str,
    reference: str,
    groups: Mapping[str, str],
    study: Mapping[str, str | None],
) -> list[tuple[str, str]]:
    """Return (topic, sentence): metadata, confounding with the groups, a global shift.

    Parameters
    ----------
    variable, target, reference, groups : the comparison, as in a study file.
    study : field of `metadata.FIELDS` -> the study's own column or word for it.
    """
    obs = adata.obs
    found = audit(obs, study)
    lines = [("metadata", text) for text in found.lines()]
    if variable not in obs:
        return lines
    cells = obs[variable].map(label, na_action="ignore").astype(object)
    group = cells.map(lambda x: groups.get(x, x), na_action="ignore").rename(variable)
    compared = group.isin([target, reference])
    lines += [
        ("confounding", text) for text in confounding(obs, group, target, reference, found.given)
    ]
    donor = study.get("donor")
    if donor and not study.get("pair"):
        text = repeated_donors(obs[compared], donor, group[compared])
        lines += [("donors", text)] if text else []
    shift = global_shift(
        np.asarray(adata.X), (group == target).to_numpy(), (group == reference).to_numpy()
    )
    if shift is not None:
        lines.append(("shift", shift.text(target, reference)))
    return lines


def refuse_cells(adata: AnnData) -> None:
    """Refuse samples that are cells: donors are compared, and cells of one donor are alike.

    Raises
    ------
    DataError
        Most sample ids are barcodes of cells.
    """
    names = [str(n) for n in adata.obs_names]
    cells = [n for n in names if _BARCODE.search(n)]
    if len(cells) > len(names) / 2:
        source = (list(adata.uns.get("mechanisms", {}).get("sources", [])) or ["the data"])[0]
        raise DataError(
            f"{source}: the samples are cells ({some(cells, 3)}). Cells of one donor are no "
            f"independent samples, and a test among them finds what it likes: aggregate to donors "
            f"first, by the sum of counts (scanpy.get.aggregate(adata, by='donor_id', func='sum')) "
            f"and name the result as data.matrix."
        )


def fields_of(
    donor: str, pair: str | None, tissue: str, label_basis: str, batch: str | None
) -> dict[str, str | None]:
    """The study's own words for the fields; what it leaves open is looked for in the sheet."""
    return {
        "donor": donor,
        "pair": pair,
        "tissue": None if tissue == "other" else tissue,
        "label_basis": label_basis,
        "batch": batch,
    }
