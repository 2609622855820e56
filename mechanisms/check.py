"""What can be known before running, for a biologist: `mechanisms check` and `mechanisms init`."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

from mechanisms import account, plan
from mechanisms.study import Study

if TYPE_CHECKING:
    from mechanisms.cohort import Proposal
    from mechanisms.compare import Design


def check(study: Study) -> list[tuple[str, str]]:
    """Return what is known before running, as (topic, sentence), in reading order.

    Loads the data, builds the design, looks the signatures' genes up and scores; tests nothing.

    Raises
    ------
    MechanismsError
        Whatever `run` would refuse.
    """
    from mechanisms import score as scoring
    from mechanisms.compare import LEVEL_TEXT, family

    collection = plan.collection_of(study)
    cohort = plan.load_cohort(study)
    units, design = plan.design_of(study, cohort.obs)
    table = scoring.coverage(cohort, collection, rule=plan.rule_of(study))
    samples = scoring.sample_report(cohort)
    # For its refusals alone: no gene found, or a method that cannot take these values.
    methods = [plan.primary_of(study), *study.score.sensitivity]
    scoring.score_members(cohort, collection, methods, rule=plan.rule_of(study))
    members = family(collection)
    level, why = design.level()
    known = account.UNITS[design.donors]
    lines = [
        ("data", f"{cohort.n_obs} samples x {cohort.n_vars:,} genes"),
        *account.reading(cohort),
        (
            "groups",
            f"{design.n_target} {study.design.target} against {design.n_reference} "
            f"{study.design.reference} ({known})",
        ),
    ]
    if design.n_pairs is not None:
        lines.append(("groups", f"{design.n_pairs} pairs"))
    basis = account.label_text(study.design.label_basis)
    lines.append(("outcome", f"known by {basis}"))
    lines.append(("level", f"{level}: {LEVEL_TEXT[level]}" + (f" ({why})" if why else "")))
    unit = "SD" if design.pair is None else "SD of the differences within pairs"
    if design.donors != "unknown":
        lines.append(("test", account.test_text(design)))
        lines.append(
            (
                "test",
                f"the smallest permutation p this design can give is {account.floor(design):.2g}",
            )
        )
        lines.append(
            (
                "test",
                f"it finds an effect of {account.detectable_effect(design, len(members)):.1f} "
                f"{unit} with 80 % power at .05 shared among {len(members)} signatures",
            )
        )
    lines += plan.remarks_on(study, cohort)
    lines += _adjustment(study, design)
    enough = scoring.measurable(table)
    lines.append(("signatures", f"{int(enough.sum())} of {len(enough)} can be scored"))
    found = account.notices(study, cohort, units, table, samples)
    said = {text for _, text in lines}
    lines += [line for line in found.itertuples(index=False, name=None) if line[1] not in said]
    return lines


def _adjustment(study: Study, design: Design) -> list[tuple[str, str]]:
    from mechanisms.challenge.composition import n_components

    reason = plan.unadjusted_because(study)
    if reason:
        return [("composition", f"not adjusted for: {reason}")]
    k = n_components(*design.X.shape)
    if k == 0:
        return [("composition", "too few units to adjust for: nothing can be called supported")]
    return [("composition", f"adjusted for by {k} principal components of the panel's genes")]


def init_lines(proposal: Proposal) -> list[tuple[str, str]]:
    """Return what `mechanisms init` found, as (topic, sentence), in reading order."""
    p = proposal
    lines = [
        ("data", f"{p.kind}: {p.n_samples} samples x {p.n_genes:,} genes"),
        ("values", f"{p.scale} ({p.scale_evidence})"),
        ("genes", f"{p.identifiers} ({p.identifier_evidence})"),
    ]
    for g in p.groupings:
        counts = ", ".join(f"{value!r} ({n})" for value, n in g.counts.items())
        lines.append(("groups", f"{g.column}: {counts}"))
    if not p.groupings:
        lines.append(("groups", "none found: fill the outcome into samples.tsv"))
    if p.target and p.reference:
        paired = f", paired by {p.pair}" if p.pair else ""
        lines.append(("proposal", f"{p.outcome}: {p.target} against {p.reference}{paired}"))
    lines += [("to do", text) for text in p.problems]
    lines += [("note", text) for text in p.notices]
    return lines


def power_lines(
    n_target: int, n_reference: int, *, pairs: bool = False, family: int = 30, goal: float = 0.8
) -> list[tuple[str, str]]:
    """Return what a design could find, as (topic, sentence), in reading order.

    Parameters
    ----------
    n_target, n_reference
        Donors in each group; with `pairs` both are the number of pairs.
    family
        Mechanisms tested together; the strictest of them is judged at .05 / family.
    goal
        Power wanted.

    Raises
    ------
    DesignError
        A group of fewer than 2, pairs of unequal numbers, or a power outside 0 to 1.
    """
    from mechanisms.compare import LEVEL_TEXT, detectable, evidence_level
    from mechanisms.compare.permutation import EXACT_UP_TO, p_floor
    from mechanisms.errors import DesignError

    if pairs and n_target != n_reference:
        raise DesignError(
            f"{n_target} and {n_reference} donors are no pairs: give the number of pairs to both "
            "groups, or leave --pairs out"
        )
    if min(n_target, n_reference) < 2:
        raise DesignError(
            f"{n_target} against {n_reference}: a comparison needs at least 2 donors in each group"
        )
    if not 0.05 < goal < 1 or family < 1:
        raise DesignError(
            f"a power of {goal:g} for {family} mechanisms cannot be planned: give a power between "
            "0.05 and 1 and at least one mechanism"
        )
    n_pairs = n_target if pairs else None
    labellings = 2**n_target if pairs else comb(n_target + n_reference, n_target)
    floor = p_floor(n_target, n_reference, n_pairs, exact=labellings <= EXACT_UP_TO)
    df = n_target - 1 if pairs else n_target + n_reference - 2
    level, why = evidence_level(min(n_target, n_reference), n_pairs, "known", df)
    unit = "SD of the differences within pairs" if pairs else "SD (g)"
    lines = [
        ("level", f"{level}: {LEVEL_TEXT[level]}" + (f" ({why})" if why else "")),
        ("floor", f"the smallest permutation p is {floor:.2g}"),
    ]
    for label, alpha in (("one mechanism", 0.05), (f"{family} mechanisms", 0.05 / family)):
        found = detectable(n_target, n_reference, alpha, goal=goal, pairs=pairs)
        lines.append((label, f"an effect of {found:.2f} {unit} is found with {goal:.0%} power"))
    return lines
