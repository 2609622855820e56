"""The verbs between loading and reporting: score, compare, challenge, certify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from mechanisms import account, plan
from mechanisms import score as scoring
from mechanisms.challenge import (
    Again,
    Challenged,
    agreement,
    certificate_of_study,
    challenge,
    genes_of_study,
    panel_expression,
    prepare,
    score_genes,
    specifications,
)
from mechanisms.compare import Design, Units, family
from mechanisms.frames import (
    long_scores,
    long_sides,
    side_frame,
    store_scores,
    unit_table,
    with_balances,
)
from mechanisms.freeze import deviations
from mechanisms.report import Findings
from mechanisms.signatures import Collection
from mechanisms.study import Study

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Scored:
    """A study whose compared samples are scored, ready to be judged.

    Attributes
    ----------
    compared
        The samples of the contrast, sorted by name: methods that look at the other samples see
        these, in an order of their own.
    members
        For each method, samples x members of the collection.
    coverage
        Which genes of each signature the data hold.
    """

    study: Study
    collection: Collection
    compared: AnnData
    units: Units
    design: Design
    primary: str
    members: dict[str, pd.DataFrame]
    coverage: pd.DataFrame

    @cached_property
    def by_unit(self) -> dict[str, pd.DataFrame]:
        """For each method, units x members."""
        return {m: self.units.average(frame) for m, frame in self.members.items()}

    @cached_property
    def scores(self) -> dict[str, pd.DataFrame]:
        """For each method, units x (signatures, then balances)."""
        return {m: with_balances(f, self.collection, m) for m, f in self.by_unit.items()}

    @cached_property
    def sides(self) -> pd.DataFrame:
        """Units x `balance:side`, primary method."""
        return side_frame(self.by_unit[self.primary], self.collection, self.primary)

    @cached_property
    def panel(self) -> pd.DataFrame:
        """Units x genes of the composition panel."""
        return panel_expression(self.compared, self.units, self.collection)

    @cached_property
    def again(self) -> Again:
        """The compared samples, to be scored again."""
        return prepare(self.compared, self.units, self.collection, self.primary)

    @property
    def unadjusted(self) -> str:
        """Why composition is not adjusted for, or an empty string."""
        return plan.unadjusted_because(self.study)


def analyse(
    study: Study,
    cohort: AnnData,
    *,
    truth: pd.DataFrame | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Findings:
    """Score, compare and challenge a loaded cohort; the scores are stored in it.

    Returns everything that the report may say.
    """
    say("score")
    scored = score_study(study, cohort)
    say("compare and challenge")
    challenged = challenge_study(scored)
    choices = choices_of(scored)
    say("certify")
    certificate = certificate_of_study(
        scored.scores[scored.primary],
        scored.panel,
        scored.again,
        scored.design,
        scored.collection,
        unadjusted=scored.unadjusted,
        seed=study.seed,
    )
    store_scores(cohort, scored.members, scored.collection)
    return findings_of(scored, cohort, challenged, choices, certificate, truth)


def score_study(study: Study, cohort: AnnData) -> Scored:
    """Score the samples of a study's contrast by every method that it asks for."""
    collection, rule = plan.collection_of(study), plan.rule_of(study)
    units, design = plan.design_of(study, cohort.obs)
    compared = cohort[sorted(s for group in units.samples for s in group)].copy()
    primary = plan.primary_of(study)
    others = [scoring.method(m).name for m in study.score.sensitivity]
    methods = list(dict.fromkeys([primary, *others]))
    members = scoring.score_members(compared, collection, methods, rule=rule)
    coverage = scoring.coverage(compared, collection, rule=rule)
    return Scored(study, collection, compared, units, design, primary, members, coverage)


def challenge_study(scored: Scored) -> Challenged:
    """Compare every score, raw and beside composition, and say what may be claimed."""
    return challenge(
        scored.scores,
        scored.sides,
        scored.panel,
        scored.design,
        scored.collection,
        primary=scored.primary,
        coverage=scoring.lowest_fraction(scored.coverage),
        measurable=scoring.measurable(scored.coverage),
        unadjusted=scored.unadjusted,
        seed=scored.study.seed,
        again=scored.again,
    )


def choices_of(scored: Scored) -> pd.DataFrame:
    """Return the specification curve; the strict variants join where a study scores all genes."""
    study = scored.study
    variants: dict[str, dict[str, pd.DataFrame]] = {study.signatures.mode: scored.by_unit}
    if study.signatures.mode == "full":
        strict = plan.collection_of(study, mode="strict")
        members = scoring.score_members(
            scored.compared, strict, list(scored.members), rule=plan.rule_of(study)
        )
        variants["strict"] = {m: scored.units.average(frame) for m, frame in members.items()}
    return specifications(
        variants,
        scored.panel,
        scored.design,
        score_genes(scored.collection),
        family(scored.collection),
        primary=scored.primary,
        adjusts=not scored.unadjusted,
    )


def findings_of(
    scored: Scored,
    cohort: AnnData,
    challenged: Challenged,
    choices: pd.DataFrame,
    certificate: pd.DataFrame,
    truth: pd.DataFrame | None,
) -> Findings:
    """Gather everything that the report may say."""
    study, units, collection = scored.study, scored.units, scored.collection
    others = {m: frame for m, frame in scored.scores.items() if m != scored.primary}
    return Findings(
        title=study.study,
        study=study.normalised(),
        design=account.facts(
            study, scored.design, scored.primary, challenged, collection, scored.unadjusted
        ),
        notices=_notices(scored, cohort),
        effects=challenged.effects,
        scores=unit_table(units, scored.scores[scored.primary]),
        sensitivity=long_scores(units, others),
        sides=long_sides(units, scored.sides),
        coverage=scored.coverage,
        composition=challenged.composition,
        robustness=challenged.robustness.assign(
            same_sign_choices=challenged.robustness["signature"].map(agreement(choices))
        ),
        signatures=collection,
        truth=truth,
        inputs=account.inputs(cohort),
        seed=study.seed,
        certificate=certificate,
        specification=choices,
        genes=genes_of_study(scored.again, scored.design),
    )


def _notices(scored: Scored, cohort: AnnData) -> pd.DataFrame:
    samples = scoring.sample_report(scored.compared)
    said = account.notices(scored.study, cohort, scored.units, scored.coverage, samples)
    planned = pd.DataFrame({"topic": "plan", "text": deviations(scored.study)}, dtype=object)
    return pd.concat([said, plan.signature_notices(scored.study), planned], ignore_index=True)
