"""The account of a study in words: what was compared, how, and everything that was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mechanisms.compare import LEVEL_TEXT, detectable, family
from mechanisms.compare.linear import choose_test
from mechanisms.compare.permutation import arrangements, p_floor
from mechanisms.vocabulary import LABEL_BASES, RESORBING, TISSUES

if TYPE_CHECKING:
    from anndata import AnnData

    from mechanisms.challenge import Challenged
    from mechanisms.compare import Design, Units
    from mechanisms.signatures import Collection
    from mechanisms.study import Study

UNITS = {
    "known": "donors",
    "declared": "samples declared independent",
    "unknown": "samples, donors unknown",
}
TESTS = {
    "ols": "ordinary t test of the group's coefficient",
    "welch": "Welch's t test (the groups differ more than 1.5-fold in size)",
    "hc2": "t test with HC2 standard error and Bell-McCaffrey degrees of freedom (the groups "
    "differ more than 1.5-fold in size)",
}
GATES = (
    "Before anything is called supported, two gates ask whether a single gene carries the effect, "
    "and whether its difference lies beyond 95 % of 300 random sets matched in size, expression "
    "and detection."
)
CANNOT_SHOW = {
    "mri_followup": "tissue that was taken out cannot be followed up: say which tissue was "
    "sequenced",
    "mri_preop_interval": "shrinkage between two scans before surgery is not the outcome that "
    "surgery cut short",
    "herniation_type": "the type of herniation is a proxy: it also decides how much disc, vessel "
    "and blood is in the tube",
    "containment": "containment is a proxy: it also decides which cells reach the tissue",
    "rim_enhancement": "rim enhancement measures vessels, so vascular signatures are circular "
    "with it",
    "histology": "histology of the sample is no follow-up, and signatures of what was stained "
    "are circular with it",
    "clinical_recovery": "patients recover without resorption, and herniations resorb without "
    "recovery",
    "animal_time_course": "an injured animal disc is not a human herniation",
    "disease_state": "a diagnosis says nothing of resorption",
    "in_vitro": "cells in culture show what a state looks like, not what resorbs",
    "simulated": "nothing about patients",
}


def facts(
    study: Study,
    design: Design,
    primary: str,
    challenged: Challenged,
    collection: Collection,
    unadjusted: str,
) -> dict[str, Any]:
    """Return the facts of the comparison, as the report takes them."""
    level, why = design.level()
    members = family(collection)
    d = study.design
    components = challenged.robustness["components"].max() if len(challenged.robustness) else 0
    return {
        "contrast": design.contrast.name,
        "variable": d.variable,
        "target": d.target,
        "reference": d.reference,
        "n_target": design.n_target,
        "n_reference": design.n_reference,
        "n_pairs": design.n_pairs,
        "units": UNITS[design.donors],
        "level": level,
        "level_text": LEVEL_TEXT[level] + (f" ({why})" if why else ""),
        "label_basis": d.label_basis,
        "label_text": label_text(d.label_basis),
        "tissue": study.data.tissue,
        "tissue_note": f"composition is not adjusted for: {unadjusted}" if unadjusted else "",
        "method": primary,
        "test_text": test_text(design),
        "adjustment_text": _adjustment_text(unadjusted, int(components)),
        "components": int(components),
        "p_floor": floor(design),
        "detectable_g": detectable_effect(design, len(members)),
        "family": members,
        "formula": _formula(design),
        "covariates": list(d.covariates),
        "batch": d.batch,
        "gates_text": GATES,
    }


def detectable_effect(design: Design, n_family: int) -> float:
    """Return the g that is found with 80 % power at .05 divided by the size of the family."""
    return detectable(
        design.n_target,
        design.n_reference,
        0.05 / max(n_family, 1),
        pairs=design.pair is not None,
    )


def floor(design: Design) -> float:
    if design.donors == "unknown":
        return float("nan")
    _, exact = arrangements(design.target, design.pair, exchangeable=design.only_groups, seed=0)
    return p_floor(design.n_target, design.n_reference, design.n_pairs, exact=exact)


def label_text(basis: str) -> str:
    known = LABEL_BASES.get(basis, f"{basis.replace('_', ' ')}, in the words of the study")
    limit = CANNOT_SHOW.get(basis)
    return f"{known}; {limit}" if limit else known


def test_text(design: Design) -> str:
    if design.donors == "unknown":
        return "none: donors are unknown"
    if design.pair is not None:
        return "t test of the group's coefficient within pairs"
    test = choose_test(
        design.n_target, design.n_reference, paired=False, only_groups=design.only_groups
    )
    return TESTS[test]


def _adjustment_text(unadjusted: str, components: int) -> str:
    if unadjusted:
        return f"none: {unadjusted}"
    if components == 0:
        return "none was possible: too few units, or the composition panel is not in the data"
    noun = "component" if components == 1 else "components"
    return (
        f"the first {components} principal {noun} of the composition panel's genes (macrophages, "
        "endothelium, T cells, neutrophils), the tested signature's own genes left out of them"
    )


def _formula(design: Design) -> str:
    terms = ["group"]
    if design.pair is not None:
        terms.append(f"pair ({design.contrast.pair or design.contrast.donor})")
    terms += list(design.contrast.covariates)
    if design.contrast.batch:
        terms.append(f"batch ({design.contrast.batch})")
    return "score ~ " + " + ".join(terms)


def reading(cohort: AnnData) -> list[tuple[str, str]]:
    """Return how the data were read, as (topic, sentence): values, genes and rows."""
    loaded = cohort.uns.get("mechanisms", {})
    if "scale" not in loaded:
        return []
    return [
        ("data", f"values: {loaded['scale']} ({loaded['scale_evidence']})"),
        ("data", f"genes: {loaded['identifiers']} ({loaded['identifier_evidence']})"),
        ("data", str(loaded["collapse_detail"])),
    ]


def notices(
    study: Study, cohort: AnnData, units: Units, coverage: pd.DataFrame, samples: pd.DataFrame
) -> pd.DataFrame:
    """Return everything that was decided, dropped or guessed: topic and text."""
    loaded = cohort.uns.get("mechanisms", {})
    rows = reading(cohort)
    rows += [("data", str(text)) for text in loaded.get("notices", [])]
    rows += [("design", text) for text in units.notices]
    d, tissue = study.design, study.data.tissue
    if d.label_basis not in LABEL_BASES:
        rows.append(("design", f"label_basis {d.label_basis!r} is the study's own word"))
    if tissue not in TISSUES:
        rows.append(("data", f"tissue {tissue!r} is the study's own word; taken as mixed tissue"))
    if RESORBING not in (d.target, d.reference):
        rows.append(
            (
                "design",
                f"neither group is named {RESORBING!r}, so the directions that signatures expect "
                "of herniations that resorb are not applied; if one group is, map it under "
                "design.groups",
            )
        )
    if d.composition != "auto":
        rows.append(("composition", f"not adjusted for, as the study says: {d.composition[6:]}"))
    if d.donor == "each_sample":
        rows.append(("design", "samples are declared, not known, to come from different donors"))
    if (study.score.min_fraction, study.score.min_genes) != (0.6, 5):
        rows.append(
            (
                "coverage",
                f"the study sets its own limit: {study.score.min_fraction:.0%} of a direction's "
                f"genes and {study.score.min_genes} of them (default 60% and 5)",
            )
        )
    for part in coverage[~coverage["measurable"]].itertuples():
        rows.append(("coverage", f"{part.signature} is not measurable: {part.reason}"))
    for sample in samples[samples["reason"] != ""].itertuples():
        rows.append(("samples", f"{sample.sample} has no scores: {sample.reason}"))
    gaps = samples[samples["n_missing"] > 0]
    if len(gaps):
        rows.append(
            (
                "samples",
                f"{len(gaps)} samples lack values of some genes (median "
                f"{int(np.median(gaps['n_missing'])):,} genes): those genes are left out of the "
                "sample's ranking, and a direction without enough genes in a sample is NA there",
            )
        )
    return pd.DataFrame(rows, columns=["topic", "text"])


def inputs(cohort: AnnData) -> list[dict[str, Any]]:
    """Return name, sha256 and bytes of every file that was read."""
    loaded = cohort.uns.get("mechanisms", {})
    names = [str(n) for n in loaded.get("sources", [])]
    hashes = [str(h) for h in loaded.get("sha256", [])]
    sizes = [int(b) for b in loaded.get("bytes", [])]
    return [
        {"name": n, "sha256": h, "bytes": b} for n, h, b in zip(names, hashes, sizes, strict=True)
    ]
