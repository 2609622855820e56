"""How often does a comparison say something when there is nothing to say?

    python benchmarks/calibration.py [--studies N] [--claims N] [--seed S]

Simulates studies in which nothing is regulated, or only the number of macrophages differs, and
prints the share of false positives beside its goal. The band is 1.96 standard errors over studies:
tests within a study are correlated. `--studies` is for tests of scores and genes, `--claims` for
whole studies up to their claims.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from mechanisms import plan, score
from mechanisms.challenge import challenge, panel_expression, prepare
from mechanisms.cohort import load
from mechanisms.compare import Contrast, build_design, build_units
from mechanisms.compare.linear import choose_test, fit_contrast
from mechanisms.compare.permutation import arrangements, permutation_p
from mechanisms.compare.rotation import set_tests
from mechanisms.frames import side_frame, with_balances
from mechanisms.pipeline import demo_study
from mechanisms.score.sets import score_sets
from mechanisms.simulate import simulate_cohort

GENES, SETS, SET_SIZE, RHO = 1500, 20, 30, 0.1
PERMUTED_STUDIES = 0.1  # share of the studies in which permutation is measured too
FIXED_CORRELATION = 0.01  # camera's default, which peers use


def design_of(n_target: int, n_reference: int, kind: str, rng: np.random.Generator):  # type: ignore[no-untyped-def]
    """Return a design of the given kind: unpaired, paired or covariate."""
    n = n_target + n_reference
    obs = pd.DataFrame(
        {
            "outcome": ["resorbing"] * n_target + ["non_resorbing"] * n_reference,
            "pair": [f"P{i % n_target}" for i in range(n)],
            "age": rng.normal(45, 9, n),
        },
        index=[f"S{i:03d}" for i in range(n)],
    )
    contrast = Contrast(
        "outcome",
        "resorbing",
        "non_resorbing",
        donor="each_sample",
        pair="pair" if kind == "paired" else None,
        covariates=("age",) if kind == "covariate" else (),
    )
    return build_design(build_units(obs, contrast), contrast)


def expression(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n x GENES: log values in which the genes of a set correlate by RHO."""
    values = rng.normal(size=(n, GENES)) * np.sqrt(1 - RHO)
    shared = rng.normal(size=(n, SETS)) * np.sqrt(RHO)
    values[:, : SETS * SET_SIZE] += np.repeat(shared, SET_SIZE, axis=1)
    return np.asarray(values + np.linspace(2, 10, GENES))


def sets() -> list[np.ndarray]:
    """Return the positions of each set, spread over the levels of expression."""
    return [np.arange(i * SET_SIZE, (i + 1) * SET_SIZE) for i in range(SETS)]


def null_studies(
    n1: int, n0: int, kind: str, studies: int, ratio: float, rng: np.random.Generator
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the p-values of every test in studies where nothing differs."""
    order = rng.permutation(GENES)
    positions = [order[s] for s in sets()]
    named = {str(i): (s, np.zeros(0, dtype=int)) for i, s in enumerate(positions)}
    for study in range(studies):
        design = design_of(n1, n0, kind, rng)
        test = choose_test(n1, n0, paired=design.pair is not None, only_groups=design.only_groups)
        found = {}
        if ratio == 1:
            values = np.empty((n1 + n0, GENES))
            values[:, order] = expression(n1 + n0, rng)
            y = score_sets(values, named)
            members = [(s, np.ones(SET_SIZE)) for s in positions]
            tests = set_tests(values, design.X, design.column, members)
            found["rotation (fry)"] = np.array([t.fry_p for t in tests])
            found["camera, estimated"] = np.array([t.camera_p for t in tests])
            found["peers: camera at .01"] = _camera_fixed(tests)
        else:
            # Scores themselves: a wider spread of genes would move a mean rank, which is no null.
            y = rng.normal(size=(n1 + n0, SETS)) * np.where(design.target, ratio, 1.0)[:, None]
        found["primary"] = fit_contrast(y, design.X, design.column, test).p_value
        if study < max(200, studies * PERMUTED_STUDIES):
            rows, exact = arrangements(
                design.target, design.pair, exchangeable=design.only_groups, seed=study
            )
            rows = rows if exact else rows[:999]
            found["permutation"] = permutation_p(y, design.X, design.column, rows, exact=exact)
        yield found


def _camera_fixed(tests: list) -> np.ndarray:  # type: ignore[type-arg]
    """Return camera's p with its default correlation, from the same differences."""
    p = []
    rest = GENES - SET_SIZE
    for t in tests:
        estimated = max(1.0, 1 + (SET_SIZE - 1) * t.correlation)
        fixed = 1 + (SET_SIZE - 1) * FIXED_CORRELATION
        change = (estimated / SET_SIZE + 1 / rest) / (fixed / SET_SIZE + 1 / rest)
        p.append(2 * stats.norm.sf(abs(t.camera_t) * np.sqrt(change)))
    return np.array(p)


def summary(shares: list[float]) -> tuple[float, float]:
    """Return the mean over studies and the half width of its band."""
    values = np.array(shares)
    return float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))


def score_table(studies: int, seed: int) -> None:
    """Print false positives of the tests of scores and genes."""
    print("\nfalse positives where nothing differs (genes of a set correlate by .1)")
    print(f"{'design':<26}{'test':<24}{'at .05':>16}{'at .01':>18}  goal at .05")
    cells = [
        (n, n, kind, 1.0) for n in (4, 6, 10, 20) for kind in ("unpaired", "paired", "covariate")
    ]
    cells += [(5, 12, "unpaired", 2.0), (5, 12, "unpaired", 0.5)]
    goals = {
        "primary": ".04 to .06",
        "rotation (fry)": ".04 to .06",
        "camera, estimated": "<= .06",
        "permutation": "attainable size",
        "peers: camera at .01": "(peers)",
    }
    for n1, n0, kind, ratio in cells:
        rng = np.random.default_rng([seed, n1, n0, len(kind), int(10 * ratio)])
        seen: dict[str, list[np.ndarray]] = {}
        for found in null_studies(n1, n0, kind, studies, ratio, rng):
            for name, p in found.items():
                seen.setdefault(name, []).append(p)
        label = f"{n1} v {n0} {kind}" + (f", SD x{ratio:g}" if ratio != 1 else "")
        for name, values in seen.items():
            at5, band5 = summary([float((p < 0.05).mean()) for p in values])
            at1, band1 = summary([float((p < 0.01).mean()) for p in values])
            goal = "<= .08" if ratio != 1 else goals[name]
            print(f"{label:<26}{name:<24}{at5:>8.3f} ±{band5:.3f}{at1:>10.4f} ±{band1:.4f}  {goal}")
        sys.stdout.flush()


def claims_of(n: int, macrophages: tuple[float, float], seed: int) -> pd.DataFrame:
    """Return truth and claim of each mechanism in a simulated study in which none is regulated."""
    study = demo_study()
    simulated, truth = simulate_cohort(
        n, n, regulated={}, macrophages=macrophages, n_genes=3000, seed=seed
    )
    cohort = load(simulated, tissue="herniation", scale="counts")
    collection = plan.collection_of(study)
    units, design = plan.design_of(study, cohort.obs)
    members = units.average(score.score_members(cohort, collection, ["singscore"])["singscore"])
    table = score.coverage(cohort, collection)
    challenged = challenge(
        {"singscore": with_balances(members, collection, "singscore")},
        side_frame(members, collection, "singscore"),
        panel_expression(cohort, units, collection),
        design,
        collection,
        primary="singscore",
        coverage=score.lowest_fraction(table),
        measurable=score.measurable(table),
        unadjusted="",
        seed=1,
        again=prepare(cohort, units, collection, "singscore"),
    )
    effects = challenged.effects
    claims = effects[(effects["adjustment"] == "none") & (effects["kind"] == "signature")]
    return truth.merge(claims[claims["claim"] != ""][["signature", "claim"]], on="signature")


def claim_table(studies: int, seed: int) -> None:
    """Print how often whole studies without regulation call something supported."""
    print("\nwhole studies without any regulation, up to their claims (gates applied)")
    print(f"{'study':<34}{'any supported':>16}{'macrophage sets':>18}{'others':>12}  goals")
    cells = [
        (6, (0.1, 0.1)),
        (12, (0.1, 0.1)),
        (6, (0.15, 0.05)),
        (12, (0.15, 0.05)),
        (20, (0.15, 0.05)),
    ]
    for n, macrophages in cells:
        any_claim, moved, others = [], [], []
        for i in range(studies):
            table = claims_of(n, macrophages, seed=1000 * seed + i)
            claimed = table["claim"].str.startswith("supported")
            of_cells = table["truth"] == "composition"
            any_claim.append(float(claimed.any()))
            moved.append(float(claimed[of_cells].mean()) if of_cells.any() else np.nan)
            others.append(float(claimed[~of_cells].mean()))
        shift = macrophages[0] != macrophages[1]
        label = f"{n} v {n}, macrophages {macrophages[0]:.0%} v {macrophages[1]:.0%}"
        share, band = summary(any_claim)
        sets_share = f"{np.nanmean(moved):.4f}" if shift else "-"
        goal = "<= .10, <= .03, <= .01" if shift else "<= .05"
        print(
            f"{label:<34}{share:>9.3f} ±{band:.3f}{sets_share:>18}{np.mean(others):>12.4f}  {goal}"
        )
        sys.stdout.flush()


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--claims", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.perf_counter()
    print(f"{options.studies} studies a cell, {options.claims} for claims, seed {options.seed}")
    score_table(options.studies, options.seed)
    claim_table(options.claims, options.seed)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
