"""The five verbs, readable aloud: load, score, compare, challenge, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mechanisms import account, plan
from mechanisms.errors import StudyError
from mechanisms.folder import LOG, RunLog, new_folder
from mechanisms.freeze import deviations
from mechanisms.study import Study, make_study, read_study

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from mechanisms.compare import Design, Units
    from mechanisms.report import Findings
    from mechanisms.signatures import Collection

Say = Callable[[str], None]


def _quiet(_: str) -> None:
    return None


def run(
    study: Study | str | Path,
    out: str | Path | None = None,
    *,
    add: Sequence[str | Path] = (),
    overwrite: bool = False,
    say: Say = _quiet,
) -> Path:
    """Run a study from its files to its report.

    Parameters
    ----------
    study
        A study, or the path of a study file.
    out
        Folder to write; default `results/<study>`.
    add
        Further signatures: files, or ids of shipped ones, that join those of the study.
    overwrite
        Replace the folder where it holds an earlier result of ours.
    say
        Called with one line for each step.

    Returns
    -------
    The folder. It is written beside its place and renamed at the end: where it exists, it is
    complete.

    Raises
    ------
    MechanismsError
        Anything in the study or its data that cannot be used.
    """
    study = plan.with_signatures(study if isinstance(study, Study) else read_study(study), add)
    out = Path(out or Path("results") / study.study)
    _refuse_own_inputs(study, out)
    with new_folder(out, overwrite=overwrite) as folder:
        log = RunLog(folder.path / LOG, say)
        log("load")
        cohort = plan.load_cohort(study)
        write_results(folder.path, study, cohort, say=log)
        log.finish()
    return folder.final


def _refuse_own_inputs(study: Study, out: Path) -> None:
    """Refuse a folder that holds what the study reads: replacing it would delete the data."""
    place = out.resolve()
    data = study.data
    own = [data.matrix, data.samples, data.genes.platform, data.genes.transcripts]
    for path in (study.folder, *(study.resolve(name) for name in own if name)):
        if place == path.resolve() or place in path.resolve().parents:
            raise StudyError(
                f"the output folder {out} holds what the study reads ({path.name or path}), and "
                "would be replaced as a whole; choose another with --out"
            )


def demo(
    out: str | Path = Path("results") / "demo",
    *,
    add: Sequence[str | Path] = (),
    overwrite: bool = False,
    say: Say = _quiet,
) -> Path:
    """Run the embedded, simulated cohort from start to report; see `simulate_cohort`.

    Signatures that are added are scored and reported like the core's. What they hold beyond the
    simulated genes takes the place of background genes, so that everything else stays as it is.
    """
    from mechanisms.cohort import load
    from mechanisms.simulate import simulate_cohort

    study = plan.with_signatures(demo_study(), add)
    collection = plan.collection_of(study)
    with new_folder(out, overwrite=overwrite) as folder:
        log = RunLog(folder.path / LOG, say)
        log("simulate")
        simulated, truth = simulate_cohort(seed=study.seed)
        renamed = _lend_background(simulated, collection)
        log("load")
        cohort = load(simulated, tissue=study.data.tissue, scale=study.data.scale)
        if renamed:
            loaded = cohort.uns["mechanisms"]
            loaded["notices"] = [*loaded["notices"], renamed]
        write_results(folder.path, study, cohort, truth=truth, say=log)
        log.finish()
    return folder.final


def _lend_background(simulated: AnnData, collection: Collection) -> str:
    """Name background genes after the signatures' genes that were not simulated; say so."""
    from mechanisms import genes

    names = list(simulated.var_names)
    found = genes.resolve(collection.genes, names)
    wanted = found.loc[found["status"] == "absent", "gene"]
    lent = {
        old: new for old, new in zip([n for n in names if n[:3] == "SIM"], wanted, strict=False)
    }
    simulated.var_names = [lent.get(n, n) for n in names]
    if not lent:
        return ""
    return (
        f"{len(lent)} genes of the added signatures are not simulated and carry the values of "
        "background genes, which nothing regulates"
    )


def demo_study() -> Study:
    """Return the study of the embedded cohort."""
    from mechanisms.simulate import DEMO_SEED

    return make_study(
        {
            "study": "demo",
            "data": {"matrix": "simulate_cohort", "tissue": "herniation", "scale": "counts"},
            "design": {
                "variable": "outcome",
                "target": "resorbing",
                "reference": "non_resorbing",
                "label_basis": "simulated",
                "donor": "donor_id",
            },
            "seed": DEMO_SEED,
        }
    )


def write_results(
    folder: Path,
    study: Study,
    cohort: AnnData,
    *,
    truth: pd.DataFrame | None = None,
    say: Say = _quiet,
) -> None:
    """Score, compare, challenge and report a loaded cohort into an empty folder."""
    from mechanisms.report import write_report

    findings = analyse(study, cohort, truth=truth, say=say)
    say("report")
    cohort.write_h5ad(folder / "scored.h5ad")
    write_report(folder, findings)


def analyse(
    study: Study, cohort: AnnData, *, truth: pd.DataFrame | None = None, say: Say = _quiet
) -> Findings:
    """Score, compare and challenge a loaded cohort; the scores are stored in it.

    Returns everything that the report may say.
    """
    import pandas as pd

    from mechanisms import score as scoring
    from mechanisms.challenge import (
        agreement,
        certificate_of_study,
        challenge,
        genes_of_study,
        panel_expression,
        prepare,
    )
    from mechanisms.frames import (
        long_scores,
        long_sides,
        side_frame,
        store_scores,
        unit_table,
        with_balances,
    )
    from mechanisms.report import Findings

    collection, rule = plan.collection_of(study), plan.rule_of(study)
    units, design = plan.design_of(study, cohort.obs)
    # Methods that look at the other samples see the compared ones, in an order of their own.
    compared = cohort[sorted(s for group in units.samples for s in group)].copy()
    say("score")
    primary = scoring.method(study.score.primary).name
    others = [scoring.method(m).name for m in study.score.sensitivity]
    methods = list(dict.fromkeys([primary, *others]))
    members = scoring.score_members(compared, collection, methods, rule=rule)
    table = scoring.coverage(compared, collection, rule=rule)
    by_unit = {m: units.average(frame) for m, frame in members.items()}
    scores = {m: with_balances(frame, collection, m) for m, frame in by_unit.items()}
    sides = side_frame(by_unit[primary], collection, primary)
    say("compare and challenge")
    unadjusted = plan.unadjusted_because(study)
    again = prepare(compared, units, collection, primary)
    panel = panel_expression(compared, units, collection)
    challenged = challenge(
        scores,
        sides,
        panel,
        design,
        collection,
        primary=primary,
        coverage=scoring.lowest_fraction(table),
        measurable=scoring.measurable(table),
        unadjusted=unadjusted,
        seed=study.seed,
        again=again,
    )
    specification = _choices(
        study, compared, units, design, by_unit, panel, primary=primary, adjusts=not unadjusted
    )
    robustness = challenged.robustness.assign(
        same_sign_choices=challenged.robustness["signature"].map(agreement(specification))
    )
    say("certify")
    certificate = certificate_of_study(
        scores[primary], panel, again, design, collection, unadjusted=unadjusted, seed=study.seed
    )
    store_scores(cohort, members, collection)
    said = account.notices(study, cohort, units, table, scoring.sample_report(compared))
    kept = pd.DataFrame({"topic": "plan", "text": deviations(study)}, dtype=object)
    notices = pd.concat([said, plan.signature_notices(study), kept], ignore_index=True)
    return Findings(
        title=study.study,
        study=study.normalised(),
        design=account.facts(study, design, primary, challenged, collection, unadjusted),
        notices=notices,
        effects=challenged.effects,
        scores=unit_table(units, scores[primary]),
        sensitivity=long_scores(units, {m: scores[m] for m in methods if m != primary}),
        sides=long_sides(units, sides),
        coverage=table,
        composition=challenged.composition,
        robustness=robustness,
        signatures=collection,
        truth=truth,
        inputs=account.inputs(cohort),
        seed=study.seed,
        certificate=certificate,
        specification=specification,
        genes=genes_of_study(again, design),
    )


def _choices(
    study: Study,
    compared: AnnData,
    units: Units,
    design: Design,
    by_unit: dict[str, pd.DataFrame],
    panel: pd.DataFrame,
    *,
    primary: str,
    adjusts: bool,
) -> pd.DataFrame:
    """Return the specification curve; the strict variants join where the study scores all genes."""
    from mechanisms import score as scoring
    from mechanisms.challenge import score_genes, specifications
    from mechanisms.compare import family

    collection, rule = plan.collection_of(study), plan.rule_of(study)
    scores: dict[str, dict[str, pd.DataFrame]] = {study.signatures.mode: by_unit}
    if study.signatures.mode == "full":
        strict = plan.collection_of(study, mode="strict")
        members = scoring.score_members(compared, strict, list(by_unit), rule=rule)
        scores["strict"] = {m: units.average(frame) for m, frame in members.items()}
    return specifications(
        scores,
        panel,
        design,
        score_genes(collection),
        family(collection),
        primary=primary,
        adjusts=adjusts,
    )
