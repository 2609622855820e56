"""What a study asks for, as objects: its data, contrast, signatures, coverage and design."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mechanisms.errors import DesignError, StudyError
from mechanisms.study import Study

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from mechanisms.compare import Contrast, Design, Units
    from mechanisms.score import Rule
    from mechanisms.signatures import Collection


def load_cohort(study: Study) -> AnnData:
    """Load the data that a study names."""
    from mechanisms.cohort import load, refuse_cells

    data = study.data
    cohort = load(
        study.resolve(data.matrix),
        study.resolve(data.samples) if data.samples else None,
        sample_id=data.sample_id,
        subset=data.subset,
        gene_column=data.genes.column,
        platform=study.resolve(data.genes.platform) if data.genes.platform else None,
        collapse=data.genes.collapse,
        species=data.species,
        tissue=data.tissue,
        scale=data.scale,
        format=data.format,
        transcripts=study.resolve(data.genes.transcripts) if data.genes.transcripts else None,
        genome=data.genes.genome,
    )
    refuse_cells(cohort)
    loaded = cohort.uns["mechanisms"]
    loaded["notices"] = [*loaded["notices"], *(text for _, text in remarks_on(study, cohort))]
    return cohort


def remarks_on(study: Study, cohort: AnnData) -> list[tuple[str, str]]:
    """Return what a reviewer would ask of the loaded samples: topic and sentence."""
    from mechanisms.cohort import fields_of, remarks

    d = study.design
    return remarks(
        cohort,
        variable=d.variable,
        target=d.target,
        reference=d.reference,
        groups=d.groups,
        study=fields_of(d.donor, d.pair, study.data.tissue, d.label_basis, d.batch),
    )


def contrast_of(study: Study) -> Contrast:
    """Return what a study compares."""
    from mechanisms.compare import Contrast

    d = study.design
    return Contrast(
        variable=d.variable,
        target=d.target,
        reference=d.reference,
        groups=d.groups,
        donor=d.donor,
        pair=d.pair,
        covariates=tuple(d.covariates),
        batch=d.batch,
    )


def collection_of(study: Study, *, mode: str | None = None) -> Collection:
    """Return the signatures that a study scores, in its species and mode.

    Collections and ids of shipped signatures are named; files are relative to the study.
    """
    from mechanisms.signatures import variant

    return variant(_in_species(study), mode or study.signatures.mode)


def with_signatures(study: Study, add: Sequence[str | Path]) -> Study:
    """Return the study with further signatures: ids, or files as seen from the working folder."""
    if not add:
        return study
    named = [str(Path(a).absolute()) if Path(a).exists() else str(a) for a in add]
    chosen = study.signatures
    more = chosen.model_copy(update={"add": [*chosen.add, *named]})
    return study.model_copy(update={"signatures": more})


def _in_species(study: Study) -> Collection:
    from mechanisms.signatures import for_species

    return for_species(_as_written(study), study.data.species)


def _as_written(study: Study) -> Collection:
    from mechanisms.signatures import read_signatures

    def source(name: str) -> str | Path:
        path = study.resolve(name)
        return path if path.exists() or "." in path.name else name

    named = [source(n) for n in (study.signatures.collection, *study.signatures.add)]
    return read_signatures(named[0], add=named[1:])


def signature_notices(study: Study) -> pd.DataFrame:
    """Return what the species and the mode changed in the signatures: topic and text."""
    import pandas as pd

    from mechanisms.signatures import described_changes

    species, mode = study.data.species, study.signatures.mode
    texts = described_changes(_as_written(study), species=species, mode=mode)
    return pd.DataFrame({"topic": ["signatures"] * len(texts), "text": texts}, dtype=object)


def rule_of(study: Study) -> Rule:
    """Return the coverage that a study asks for."""
    from mechanisms.score import Rule

    return Rule(fraction=study.score.min_fraction, genes=study.score.min_genes)


def design_of(study: Study, obs: pd.DataFrame) -> tuple[Units, Design]:
    """Return the units and the design of a study on its sample sheet."""
    from mechanisms.compare import build_design, build_units

    contrast = contrast_of(study)
    if obs.columns.empty:
        raise StudyError(
            f"{Path(study.data.matrix).name} brings no sample sheet, so nothing says which sample "
            "is in which group; name the sheet as data.samples"
        )
    try:
        units = build_units(obs, contrast)
        return units, build_design(units, contrast)
    except DesignError as error:
        sheet = Path(study.data.samples or study.data.matrix).name
        raise DesignError(f"{sheet}: {error}") from None


def unadjusted_because(study: Study) -> str:
    """Return why composition is not adjusted for in this study, or an empty string."""
    from mechanisms.vocabulary import UNMIXED_TISSUES

    if study.design.composition != "auto":
        return study.design.composition.removeprefix("none: ")
    if study.data.tissue in UNMIXED_TISSUES:
        return study.data.tissue.replace("_", " ")
    return ""


def primary_of(study: Study) -> str:
    """Return the name of the primary method.

    Raises
    ------
    StudyError
        A method whose scores of other sets or of shifted genes would not be comparable: the gates
        and the certificate score again, on log values and few sets at a time.
    """
    from mechanisms.score import method

    chosen = method(study.score.primary)
    if chosen.scale == "counts" or not chosen.alone:
        why = (
            "it works on counts"
            if chosen.scale == "counts"
            else "it is divided by other sets' range"
        )
        raise StudyError(
            f"score.primary is {chosen.name}, which cannot be scored again for the gates and the "
            f"certificate ({why}); name it under score.sensitivity, and take singscore, ssgsea or "
            "another method of one sample as the primary"
        )
    return chosen.name
