"""A whole set of findings, made up here: the report is tested without the rooms before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mechanisms import vocabulary as v
from mechanisms.report import write_report
from mechanisms.report.findings import Findings
from mechanisms.signatures import Balance, Collection, Signature

CORE = (  # id, mechanism, role, expected, grade
    ("inflammation_pro", "inflammation", "mechanism", "up", "B"),
    ("inflammation_resolution", "inflammation", "mechanism", "none", "D"),
    ("content_macrophage", "macrophage", "covariate", "up", "B"),
    ("macrophage_m1", "macrophage", "mechanism", "none", "B"),
    ("macrophage_m2", "macrophage", "mechanism", "none", "B"),
    ("efferocytosis", "macrophage", "mechanism", "up", "C"),
    ("matrix_mmp", "matrix", "mechanism", "up", "A"),
    ("matrix_aggrecanase", "matrix", "mechanism", "up", "B"),
    ("matrix_inhibitor", "matrix", "mechanism", "down", "C"),
    ("content_endothelial", "angiogenesis", "covariate", "up", "B"),
    ("hypoxia_hif", "angiogenesis", "mechanism", "none", "D"),
    ("ferroptosis_driver", "ferroptosis", "mechanism", "none", "D"),
    ("ferroptosis_suppressor", "ferroptosis", "mechanism", "none", "D"),
    ("identity_np", "quality", "qc", "none", "C"),
    ("contamination_blood", "quality", "qc", "none", "A"),
)
BALANCES = (
    ("balance_inflammation", ("inflammation_pro",), ("inflammation_resolution",)),
    ("balance_macrophage", ("macrophage_m1",), ("macrophage_m2",)),
    ("balance_efferocytosis", ("efferocytosis:up",), ("efferocytosis:down",)),
    ("balance_matrix", ("matrix_mmp", "matrix_aggrecanase"), ("matrix_inhibitor",)),
)
CLAIMED = {
    "inflammation_pro": (v.EXPLAINED, 1.8, 0.2),
    "macrophage_m1": (v.NOT_SEPARABLE, 1.5, 0.9),
    "macrophage_m2": (v.SUGGESTIVE, 0.9, 0.8),
    "efferocytosis": (v.ONE_GENE, 1.4, 1.2),
    "matrix_mmp": (v.SUPPORTED, 2.6, 2.4),
    "matrix_inhibitor": (v.SUPPORTED_OPPOSITE, 2.2, 2.1),
    "ferroptosis_driver": (v.NOT_BEYOND_RANDOM, 1.3, 1.2),
    "ferroptosis_suppressor": (v.NOT_MEASURABLE, np.nan, np.nan),
}


def a_signature(name: str, mechanism: str, role: str, expected: str, grade: str) -> Signature:
    stem = name.replace("_", " ")
    return Signature(
        id=name, title=stem.capitalize(), mechanism=mechanism, side="pro", role=role, tier="core",
        up=tuple(f"{name.upper()}{i}" for i in range(8)),
        down=tuple(f"{name.upper()}D{i}" for i in range(4)) if name == "efferocytosis" else (),
        expected=expected, grade=grade, high_means=f"Cells transcribe the genes of {stem}.",
        rna_cannot_show=f"RNA does not show the activity of {stem}.",
        assay=f"Zymography or ELISA for {stem}.", evidence="Invented for the tests.",
        citations=(), comparators=(), cautions="", gene_notes={}, strict_without=(),
        version="1", date="2025-01-01", curator="tests",
    )  # fmt: skip


def a_collection(core: Any = CORE, balances: Any = BALANCES) -> Collection:
    return Collection(
        name="core",
        signatures=tuple(a_signature(*row) for row in core),
        balances=tuple(
            Balance(id=b, title=b.replace("_", " ").capitalize(), mechanism=b.split("_")[1],
                    plus=plus, minus=minus, reading="plus minus minus", tier="core")
            for b, plus, minus in balances
        ),
    )  # fmt: skip


def _effect(name: str, kind: str, mechanism: str, g: float, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(v.EFFECT_COLUMNS, np.nan)
    missing = np.isnan(g)
    row.update(
        signature=name, kind=kind, mechanism=mechanism, method="singscore",
        contrast="resorbing vs non_resorbing", cell_type="", adjustment="none", n_target=12,
        n_reference=12, effect_type="hedges_g", estimate=g, ci_low=g - 0.83, ci_high=g + 0.83,
        difference=g / 30, se=1 / 70, df=22.0, statistic=g * 2.4,
        p_value=np.nan if missing else 10 ** -(abs(g) * 1.9),
        p_permutation=np.nan if missing else 0.001, p_floor=7.4e-7,
        fdr=np.nan, direction_expected="none", coverage=0.96, claim="",
        note="6 of 12 genes found, 8 required" if missing else "",
    )  # fmt: skip
    row.update(more)
    return row


def _effects(collection: Collection, level: str, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for s in collection:
        if s.role != "mechanism":
            continue
        claim, raw, adjusted = CLAIMED.get(s.id, (v.NO_EVIDENCE, rng.normal(0, 0.3), 0.05))
        if level != "tested" and claim != v.NOT_MEASURABLE:
            claim = v.DESCRIPTIVE
        more: dict[str, Any] = {"direction_expected": s.expected, "claim": claim}
        if level == "describe":
            more["p_value"] = np.nan
        elif level == "tested" and not np.isnan(raw):
            more["fdr"] = min(0.97, 10 ** -(abs(raw) * 1.4))
        rows.append(_effect(s.id, "signature", s.mechanism, raw, **more))
        rows.append(
            _effect(
                s.id, "signature", s.mechanism, adjusted, **more | {"adjustment": "composition"}
            )
        )
    for b in collection.balances:
        claim = v.ONE_SIDE if b.id == "balance_macrophage" else ""
        rows.append(_effect(b.id, "balance", b.mechanism, rng.normal(0.4, 0.5), claim=claim))
    for method in ("ssgsea", "zscore"):
        for row in [r for r in rows if r["adjustment"] == "none" and r["method"] == "singscore"]:
            g = row["estimate"] + rng.normal(0, 0.1)
            rows.append(_effect(row["signature"], row["kind"], row["mechanism"], g, method=method))
    return pd.DataFrame(rows, columns=list(v.EFFECT_COLUMNS))


def _scores(
    collection: Collection, units: list[str], groups: list[str], rng: np.random.Generator
) -> pd.DataFrame:
    frame = pd.DataFrame({"unit": units, "donor": units, "group": groups, "cell_type": ""})
    shift = np.array([g == groups[0] for g in groups], dtype=float)
    columns = {}
    for name in [*collection.ids, *(b.id for b in collection.balances)]:
        g = CLAIMED.get(name, ("", 0.8 if name == "content_macrophage" else 0.0, 0.0))[1]
        values = 0.2 + 0.03 * (rng.normal(size=len(units)) + g * shift)
        columns[name] = values if np.isfinite(g) else np.full(len(units), np.nan)
    return pd.concat([frame, pd.DataFrame(columns)], axis=1)


def _sides(collection: Collection, scores: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for b in collection.balances:
        for side, members in (("plus", b.plus), ("minus", b.minus)):
            names = [m.split(":")[0] for m in members]
            for unit, group, score in zip(
                scores["unit"], scores["group"], scores[names].mean(axis=1), strict=True
            ):
                rows.append((unit, group, b.id, side, score))
    return pd.DataFrame(rows, columns=["unit", "group", "balance", "side", "score"])


def _coverage(collection: Collection) -> pd.DataFrame:
    rows = []
    for s in collection:
        for direction, genes in (("up", s.up), ("down", s.down)):
            if not genes:
                continue
            found = 3 if s.id == "ferroptosis_suppressor" else len(genes) - 1
            rows.append((
                s.id, direction, len(genes), found, found / len(genes), 5 if len(genes) > 5 else 3,
                found > 3 or direction == "down",
                "" if found > 3 else f"{found} of {len(genes)} genes found, 5 required",
                " ".join(genes[found:]), "", "",
            ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(v.COVERAGE_COLUMNS))


def _composition(collection: Collection) -> pd.DataFrame:
    rows = []
    for s in collection:
        if s.role == "mechanism":
            continue
        row: dict[str, Any] = dict.fromkeys(v.COMPOSITION_COLUMNS, np.nan)
        g = {"content_macrophage": 1.9, "content_endothelial": 0.3}.get(s.id, -0.2)
        row.update(
            signature=s.id, role=s.role, in_adjustment=s.role == "covariate", n_target=12,
            n_reference=12, estimate=g, ci_low=g - 0.8, ci_high=g + 0.8, difference=g / 30,
            se=0.014, df=22.0, statistic=g * 2.4, p_value=10 ** -(abs(g) * 2), coverage=1.0,
            note="",
        )  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows, columns=list(v.COMPOSITION_COLUMNS))


def _robustness(effects: pd.DataFrame) -> pd.DataFrame:
    rows = []
    main = effects[(effects["method"] == "singscore") & (effects["kind"] == "signature")]
    for name, block in main.groupby("signature", sort=False):
        raw, adjusted = block["estimate"].tolist()
        row: dict[str, Any] = dict.fromkeys(v.ROBUSTNESS_COLUMNS, np.nan)
        row.update(
            signature=name, kind="signature", components=2, group_r2=0.41, estimate_raw=raw,
            estimate_adjusted=adjusted, shrinkage=1 - adjusted / raw, p_raw=0.001, p_adjusted=0.3,
            q_raw=0.004, q_claim=0.6, robustness_value=0.12, same_sign_methods="2 of 2", gates="",
        )  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows, columns=list(v.ROBUSTNESS_COLUMNS))


def _design(level: str, n: tuple[int, int], collection: Collection, basis: str) -> dict[str, Any]:
    texts = {
        "tested": "Both groups have at least 5 donors, so claims are made.",
        "descriptive": "The smaller group has 3 donors; claims need at least 5 in each group.",
        "describe": "It is unknown which samples come from the same donor.",
    }
    return {
        "contrast": "resorbing vs non_resorbing", "variable": "outcome", "target": "resorbing",
        "reference": "non_resorbing", "n_target": n[0], "n_reference": n[1], "n_pairs": None,
        "units": "donors" if level != "describe" else "samples, donors unknown", "level": level,
        "level_text": texts[level], "label_basis": basis, "label_text": v.LABEL_BASES[basis],
        "tissue": "herniation",
        "tissue_note": "Herniated tissue is a mixture of cells: composition is compared first.",
        "method": "singscore", "test_text": "two-sided t test of the score in a linear model",
        "adjustment_text": "Adjusted for the first 2 principal components of the panel's genes",
        "components": 2, "p_floor": 7.4e-7, "detectable_g": 1.93,
        "family": [s.id for s in collection if s.role == "mechanism"],
        "formula": "score ~ outcome + age + sex", "covariates": ["age", "sex"], "batch": None,
        "gates_text": "Gates 4 (one gene) and 5 (random sets) were not applied in this version.",
    }  # fmt: skip


@pytest.fixture(scope="session")
def findings() -> Callable[..., Findings]:
    """Make findings: ``findings(n=(12, 12), level='tested', simulated=False, ...)``."""

    def make(
        n: tuple[int, int] = (12, 12),
        level: str = "tested",
        simulated: bool = False,
        collection: Collection | None = None,
        title: str = "A made-up herniation cohort",
        prefix: str = "D",
        seed: int = 1,
    ) -> Findings:
        rng = np.random.default_rng(seed)
        known = a_collection() if collection is None else collection
        units = [f"{prefix}{i:02d}" for i in range(sum(n))]
        scores = _scores(known, units, ["resorbing"] * n[0] + ["non_resorbing"] * n[1], rng)
        effects = _effects(known, level, rng)
        sensitivity = scores.melt(
            id_vars=["unit", "group"], value_vars=list(known.ids), var_name="signature",
            value_name="score",
        ).assign(method="ssgsea")[["unit", "group", "method", "signature", "score"]]  # fmt: skip
        truth = None
        if simulated:
            kinds = {"matrix_mmp": "regulated", "matrix_inhibitor": "regulated",
                     "inflammation_pro": "composition", "macrophage_m1": "composition"}  # fmt: skip
            names = [s.id for s in known if s.role == "mechanism"]
            truth = pd.DataFrame({
                "signature": names,
                "truth": [kinds.get(x, "null") for x in names],
                "planted_sd": [2.5 if kinds.get(x) == "regulated" else 0.0 for x in names],
            })  # fmt: skip
        return Findings(
            title=title,
            study={"study": "made_up", "data": {"matrix": "/home/someone/counts.tsv"}},
            design=_design(level, n, known, "simulated" if simulated else "herniation_type"),
            notices=pd.DataFrame({
                "topic": ["scale", "samples"],
                "text": ["Values are integers up to 51,204: taken as counts.",
                         "2 matrix columns are not in the sample sheet and were left out: Q1, Q2."],
            }),
            effects=effects, scores=scores, sensitivity=sensitivity,
            sides=_sides(known, scores), coverage=_coverage(known),
            composition=_composition(known), robustness=_robustness(effects), signatures=known,
            truth=truth, inputs=[{"name": "counts.tsv", "sha256": "ab" * 32, "bytes": 1234567}],
            seed=1,
        )  # fmt: skip

    return make


# Names as an unkind or careless user might give them.
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> \"double\" 'single' {{ 7 * 7 }} =1+1 "
    "\N{GRINNING FACE} \u0645\u0631\u062d\u0628\u0627 \u202e $x^2$ \x07" + "long" * 75
)


@pytest.fixture(scope="session")
def hostile(findings: Callable[..., Findings]) -> Findings:
    """Findings whose title, samples, signatures, notices and groups hold hostile text."""
    core = [
        (f"user_{HOSTILE}{i}" if i else "content_macrophage", f"m {HOSTILE}"[:150], "mechanism"
         if i else "covariate", "up", "A")
        for i in range(4)
    ]  # fmt: skip
    collection = a_collection(core, ((f"balance_{HOSTILE}", (core[1][0],), (core[2][0],)),))
    made = findings(n=(3, 3), level="descriptive", title=HOSTILE, prefix=HOSTILE,
                    collection=collection)  # fmt: skip
    rename = {"resorbing": f"yes {HOSTILE}", "non_resorbing": f"no {HOSTILE}"}
    design = made.design | {"target": rename["resorbing"], "reference": rename["non_resorbing"]}
    groups = {
        name: getattr(made, name).replace({"group": rename})
        for name in ("scores", "sides", "sensitivity")
    }
    return replace(
        made,
        design=design | {key: HOSTILE for key in ("tissue_note", "formula", "batch")},
        notices=pd.DataFrame({"topic": [HOSTILE], "text": [HOSTILE]}),
        effects=made.effects.assign(note=HOSTILE),
        inputs=[{"name": HOSTILE, "sha256": "00", "bytes": 1}],
        **groups,
    )


@pytest.fixture(scope="session")
def reports(
    findings: Callable[..., Findings], hostile: Findings, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Folders with a whole report each, written once: demo and hostile."""
    folders = {}
    for name, made in (("demo", findings(simulated=True)), ("hostile", hostile)):
        folders[name] = tmp_path_factory.mktemp(name)
        write_report(folders[name], made)
    return folders
