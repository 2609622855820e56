"""The five verbs, readable aloud: load, score, compare, challenge, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mechanisms import plan
from mechanisms.errors import StudyError
from mechanisms.folder import LOG, RunLog, new_folder
from mechanisms.study import Study, make_study, read_study

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

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
    from mechanisms.analysis import analyse
    from mechanisms.report import write_report

    findings = analyse(study, cohort, truth=truth, say=say)
    say("report")
    cohort.write_h5ad(folder / "scored.h5ad")
    write_report(folder, findings)
