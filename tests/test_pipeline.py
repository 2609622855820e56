"""The five verbs joined: the contract of the output folder, levels, invariances, the demo."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from mechanisms import analysis, pipeline, plan
from mechanisms import vocabulary as words
from mechanisms.cohort import load
from mechanisms.report.findings import Findings
from mechanisms.report.tables import report_tables, write_tables
from mechanisms.signatures import read_signatures
from mechanisms.simulate import simulate_cohort
from mechanisms.study import read_study

Lay = Callable[..., Path]
Tables = tuple[pd.DataFrame, pd.DataFrame]
CORE = read_signatures("core")
FAMILY = [s.id for s in CORE if s.role == "mechanism"]
BALANCES = [b.id for b in CORE.balances]


def files_of(folder: Path) -> dict[str, bytes]:
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}


def table(folder: Path, name: str) -> pd.DataFrame:
    """A table as a reader of CSV meets it; empty cells are NaN in numbers and '' in words."""
    frame = pd.read_csv(folder / "tables" / f"{name}.csv", keep_default_na=False, na_values=[""])
    for column in ("claim", "note", "reason", "missing"):
        if column in frame:
            frame[column] = frame[column].fillna("")
    return frame


def primary(effects: pd.DataFrame, adjustment: str = "none") -> pd.DataFrame:
    rows = effects[(effects["method"] == "singscore") & (effects["adjustment"] == adjustment)]
    return rows.set_index("signature")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, lay_study: Lay) -> Path:
    """One whole run of the small study."""
    folder = tmp_path_factory.mktemp("made")
    return pipeline.run(lay_study(folder / "in"), folder / "out")


# --- the folder -------------------------------------------------------------------------------


def test_files_of_the_contract(made: Path):
    found = set(files_of(made))
    tables = ["scores", "scores_sensitivity", "effects", "coverage", "composition", "robustness"]
    wanted = {f"tables/{name}.csv" for name in tables}
    wanted |= {"report.html", "results.xlsx", "manifest.json", "scored.h5ad", "run.log"}
    assert wanted <= found
    stems = {Path(name).stem for name in found if name.startswith("figures/")}
    assert {"effect_forest", "balances", "heatmap", "composition", "coverage"} <= stems
    assert {f"figures/{s}.{kind}" for s in stems for kind in ("svg", "pdf", "png")} <= found
    assert not [name for name in found if Path(name).name.startswith(".")]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("effects", words.EFFECT_COLUMNS),
        ("coverage", words.COVERAGE_COLUMNS),
        ("composition", words.COMPOSITION_COLUMNS),
        ("robustness", words.ROBUSTNESS_COLUMNS),
        ("scores", ("unit", "donor", "group", "cell_type", *CORE.ids, *BALANCES)),
        ("scores_sensitivity", ("unit", "group", "method", "signature", "score")),
        ("notices", ("topic", "text")),
    ],
)
def test_columns_and_their_order(made: Path, name: str, columns: tuple[str, ...]):
    with (made / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert tuple(rows[0]) == tuple(columns)
    assert {len(row) for row in rows} == {len(columns)}


def test_the_effects_are_in_the_order_of_the_contract():
    contract = (
        "signature, kind, mechanism, method, contrast, cell_type, adjustment, n_target, "
        "n_reference, effect_type, estimate, ci_low, ci_high, difference, se, df, statistic, "
        "p_value, p_permutation, p_floor, fdr, direction_expected, coverage, claim, note"
    )
    assert tuple(contract.split(", ")) == words.EFFECT_COLUMNS


def test_numbers_have_at_most_nine_significant_digits(made: Path):
    number = re.compile(r"-?\d+(\.\d+)?(e[-+]\d+)?")
    counted = 0
    for path in sorted((made / "tables").iterdir()):
        with path.open(encoding="utf-8", newline="") as stream:
            for cell in (c for row in csv.reader(stream) for c in row):
                if number.fullmatch(cell):
                    digits = re.sub(r"e.*|[-.]", "", cell).lstrip("0")
                    assert len(digits) <= 9, f"{path.name}: {cell}"
                    counted += 1
    assert counted > 5000


def test_scores_have_one_row_a_unit(made: Path, small_tables: Tables):
    scores = table(made, "scores")
    sheet = small_tables[1].set_index("sample")
    assert list(scores["unit"]) == sorted(sheet.index)
    assert list(scores["donor"]) == list(sheet.loc[scores["unit"], "donor_id"])
    assert list(scores["group"]) == list(sheet.loc[scores["unit"], "outcome"])
    assert scores.notna().all().all()


def test_each_method_and_adjustment_has_each_score_once(made: Path):
    effects = table(made, "effects")
    assert not effects.duplicated(["signature", "method", "adjustment"]).any()
    everything = {*CORE.ids, *BALANCES}
    assert set(primary(effects).index) == everything
    tested = {s.id for s in CORE if s.role == "mechanism"} | set(BALANCES)
    assert set(primary(effects, "composition").index) == tested
    for method in ("ssgsea", "zscore"):
        assert set(effects.loc[effects["method"] == method, "signature"]) == everything
    assert set(effects["kind"]) == {"signature", "balance"}
    assert set(effects.loc[effects["kind"] == "balance", "signature"]) == set(BALANCES)


def test_fdr_runs_over_the_declared_family_alone(made: Path):
    effects = table(made, "effects")
    inside = effects["signature"].isin(FAMILY) & (effects["method"] == "singscore")
    assert effects.loc[~inside, "fdr"].isna().all()
    assert set(effects.loc[inside, "kind"]) == {"signature"}
    for adjustment in ("none", "composition"):  # the adjusted rows form a twin family
        rows = effects[inside & (effects["adjustment"] == adjustment)]
        assert len(rows) == len(FAMILY)
        q = stats.false_discovery_control(rows["p_value"], method="bh")
        assert_allclose(rows["fdr"], q, rtol=1e-7)


def test_claims_stand_on_family_and_balances_alone(made: Path):
    effects = table(made, "effects")
    claimed = effects[effects["claim"] != ""]
    assert set(claimed["signature"]) == {*FAMILY, *BALANCES}
    assert set(claimed["method"]) == {"singscore"}
    assert set(claimed["claim"]) <= set(words.CLAIMS)


def test_t_tests_of_the_scores_are_the_effects(made: Path):
    scores, effects = table(made, "scores").set_index("unit"), primary(table(made, "effects"))
    target = scores["group"] == "resorbing"
    for name in (*CORE.ids, *BALANCES):
        test = stats.ttest_ind(scores.loc[target, name], scores.loc[~target, name])
        assert_allclose(effects.loc[name, "p_value"], test.pvalue, rtol=1e-5)
        assert_allclose(effects.loc[name, "statistic"], test.statistic, rtol=1e-5)
        difference = scores.loc[target, name].mean() - scores.loc[~target, name].mean()
        assert_allclose(effects.loc[name, "difference"], difference, rtol=1e-5, atol=1e-9)


def test_a_balance_is_its_plus_minus_its_minus(made: Path):
    scores, sides = table(made, "scores").set_index("unit"), table(made, "sides")
    wide = sides.pivot_table(index="unit", columns=["balance", "side"], values="score")
    for name in BALANCES:
        assert_allclose(scores[name], wide[name]["plus"] - wide[name]["minus"], atol=2e-9)


def test_the_workbook_holds_the_tables(made: Path):
    book = pd.read_excel(made / "results.xlsx", sheet_name=None)
    assert {"effects", "scores", "coverage", "notices"} <= set(book)
    assert list(book["effects"].columns) == list(words.EFFECT_COLUMNS)
    assert_allclose(book["effects"]["estimate"], table(made, "effects")["estimate"])


def test_scored_h5ad_holds_data_and_scores(made: Path, small_tables: Tables):
    counts, sheet = small_tables
    adata = ad.read_h5ad(made / "scored.h5ad")
    assert list(adata.obs_names) == list(sheet["sample"])
    assert list(adata.var_names) == list(counts.index)
    assert_allclose(adata.layers["values"], counts.T)
    scores = table(made, "scores").set_index("unit").loc[adata.obs_names]
    for column in (*CORE.ids, *BALANCES):
        assert_allclose(adata.obsm["mechanisms_singscore"][column], scores[column], atol=1e-9)
    assert {"mechanisms_ssgsea", "mechanisms_zscore"} <= set(adata.obsm)
    facts = adata.uns["mechanisms"]
    assert facts["collection_hash"] == CORE.hash
    assert facts["scale"] == "counts"
    assert list(facts["sources"]) == ["counts.tsv", "samples.tsv"]


def test_the_manifest_tells_what_went_in_and_came_out(made: Path):
    manifest = json.loads((made / "manifest.json").read_text("utf-8"))
    assert manifest["name"] == "mechanisms"
    assert manifest["study"] == read_study(made.parent / "in" / "study.yaml").normalised()
    assert manifest["seed"] == 1
    assert manifest["signatures"]["hash"] == CORE.hash
    assert manifest["signatures"]["each"] == {s.id: s.hash for s in CORE}
    assert {"numpy", "pandas", "scipy", "anndata"} <= set(manifest["packages"])
    for entry in manifest["inputs"]:
        read = (made.parent / "in" / entry["name"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(read).hexdigest()
        assert entry["bytes"] == len(read)
    assert [e["name"] for e in manifest["inputs"]] == ["counts.tsv", "samples.tsv"]
    written = {k: v for k, v in files_of(made).items() if k not in ("run.log", "manifest.json")}
    assert manifest["outputs"] == {k: hashlib.sha256(v).hexdigest() for k, v in written.items()}


def test_no_clock_host_or_folder_outside_the_log(made: Path):
    place = str(made.parent)
    secrets = [place, os.path.realpath(place), platform.node(), sys.executable]
    for name, content in files_of(made).items():
        if name == "run.log" or Path(name).suffix in (".png", ".pdf", ".xlsx"):
            continue
        # "vm" and the like occur as pieces of words and of base64: whole words of some length.
        for secret in (s for s in secrets if len(s) > 5):
            assert secret.encode() not in content, name
    manifest = (made / "manifest.json").read_text("utf-8")
    assert not re.search(r"\d{4}-\d\d-\d\d|\d\d:\d\d|(\"|\s)/\w", manifest)
    log = (made / "run.log").read_text("utf-8")
    assert str(Path.cwd()) in log
    assert platform.node() in log


def test_two_runs_give_the_same_bytes(made: Path, lay_study: Lay, tmp_path: Path):
    """Another process, hash seed, folder, time zone and umask."""
    lay_study(tmp_path / "elsewhere")
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    environment |= {"SOURCE_DATE_EPOCH": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mechanisms", "run", "study.yaml", "--out", "again"]
    done = subprocess.run(
        command, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = files_of(made), files_of(tmp_path / "elsewhere" / "again")
    assert set(first) == set(second)
    assert [k for k in first if k != "run.log" and first[k] != second[k]] == []


def test_order_of_samples_genes_and_sheet_changes_no_table(
    made: Path, lay_study: Lay, small_tables: Tables, tmp_path: Path, rng: np.random.Generator
):
    counts, sheet = small_tables
    mixed = counts.iloc[rng.permutation(len(counts)), rng.permutation(counts.shape[1])]
    study = read_study(
        lay_study(tmp_path, counts=mixed, sheet=sheet.sample(frac=1, random_state=rng))
    )
    findings = analysis.analyse(study, plan.load_cohort(study))
    write_tables(report_tables(findings), tmp_path / "tables")
    first, second = files_of(made / "tables"), files_of(tmp_path / "tables")
    assert set(first) == set(second)
    assert [k for k in first if first[k] != second[k]] == []


# --- what is NA and stops nothing -------------------------------------------------------------


def test_a_constant_sample_and_an_uncovered_signature_are_na_with_reason(
    lay_study: Lay, small_tables: Tables, tmp_path: Path
):
    counts = small_tables[0].drop(index=list(CORE["macrophage_m1"].up[::2])).assign(D02=7)
    out = pipeline.run(lay_study(tmp_path / "in", counts=counts), tmp_path / "out")
    scores, effects = table(out, "scores").set_index("unit"), primary(table(out, "effects"))
    measured = [c for c in (*CORE.ids, *BALANCES) if "macrophage_m1" not in members_of(c)]
    assert scores.loc["D02", [*CORE.ids, *BALANCES]].isna().all()
    assert scores.loc[scores.index != "D02", measured].notna().all().all()
    assert scores[["macrophage_m1", "balance_macrophage"]].isna().all().all()

    lost = effects.loc[["macrophage_m1", "balance_macrophage"]]
    assert lost[["estimate", "p_value", "fdr", "difference"]].isna().all().all()
    assert set(lost["claim"]) == {words.NOT_MEASURABLE}
    assert set(effects.loc[measured, "n_target"]) == {5}
    assert effects.loc["hypoxia_hif", "note"].startswith("1 of 12 units have no score")

    covered = table(out, "coverage").set_index("signature").loc[["macrophage_m1"]].iloc[0]
    assert re.match(r"up: \d+ of \d+ genes found, \d+ needed", covered["reason"])
    said = "\n".join(table(out, "notices")["text"])
    assert "D02 has no scores: all measured values are equal" in said
    assert "macrophage_m1 is not measurable: up: " in said
    page = (out / "report.html").read_text("utf-8")
    assert "all measured values are equal" in page
    assert "macrophage_m1 is not measurable" in page


def members_of(name: str) -> set[str]:
    balance = next((b for b in CORE.balances if b.id == name), None)
    if balance is None:
        return {name}
    return {m.split(":")[0] for m in (*balance.plus, *balance.minus)}


@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_sample_changes_nothing_for_the_others(
    large_tables: Tables, findings_of: Callable[..., Findings], value: int
):
    counts, sheet = large_tables
    first = findings_of(counts=counts.assign(D01=value), sheet=sheet)
    second = findings_of(counts=counts, sheet=sheet[sheet["sample"] != "D01"])
    columns = [c for c in words.EFFECT_COLUMNS if c not in ("note", "coverage")]
    pd.testing.assert_frame_equal(first.effects[columns], second.effects[columns])
    pd.testing.assert_frame_equal(first.robustness, second.robustness)


def test_data_in_which_nothing_can_be_scored_end_in_a_report(
    lay_study: Lay, small_tables: Tables, tmp_path: Path
):
    counts = small_tables[0]
    few = counts.loc[[CORE["hypoxia_hif"].up[0], *[g for g in counts.index if "SIM" in g][:90]]]
    out = pipeline.run(
        lay_study(tmp_path / "in", counts=few, data={"genes": {"column": "gene"}}), tmp_path / "out"
    )
    effects = primary(table(out, "effects"))
    assert set(effects.loc[[*FAMILY, *BALANCES], "claim"]) == {words.NOT_MEASURABLE}
    assert effects["estimate"].isna().all()
    assert "hypoxia_hif is not measurable" in "\n".join(table(out, "notices")["text"])


def test_a_collection_of_ones_own_without_balances_or_panel(
    lay_study: Lay, small_tables: Tables, tmp_path: Path
):
    genes = list(small_tables[0].index)
    lay_study(tmp_path / "in", signatures={"collection": "mine.gmt"})
    lines = ["ONE\tmine\t" + "\t".join(genes[:15]), "TWO\tmine\t" + "\t".join(genes[20:40])]
    (tmp_path / "in" / "mine.gmt").write_text("\n".join(lines) + "\n", "utf-8")
    out = pipeline.run(tmp_path / "in" / "study.yaml", tmp_path / "out")
    scores = table(out, "scores")
    assert len(scores.columns) == 4 + 2
    assert scores.notna().all().all()
    claims = set(primary(table(out, "effects"))["claim"])
    assert not [c for c in claims if c.startswith(words.SUPPORTED)], "nothing was adjusted for"


# --- levels -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large_tables() -> Tables:
    """Twelve resorbing and twelve non-resorbing donors."""
    adata, _ = simulate_cohort(n_genes=1000, seed=5)
    counts = pd.DataFrame(adata.X.T.astype(int), index=adata.var_names, columns=adata.obs_names)
    sheet = adata.obs[["outcome", "donor_id", "age", "sex"]].rename_axis("sample").reset_index()
    return counts.rename_axis("gene"), sheet


@pytest.fixture
def findings_of(lay_study: Lay, tmp_path: Path) -> Callable[..., Findings]:
    """Analyse a study without drawing its report."""

    def analyse(**changes: Any) -> Findings:
        study = read_study(lay_study(tmp_path / "in", **changes))
        return analysis.analyse(study, plan.load_cohort(study))

    return analyse


def first(sheet: pd.DataFrame, n_target: int, n_reference: int) -> pd.DataFrame:
    groups = [("resorbing", n_target), ("non_resorbing", n_reference)]
    return pd.concat([sheet[sheet["outcome"] == g].head(n) for g, n in groups])


def test_unknown_donors_are_described_and_not_tested(lay_study: Lay, tmp_path: Path):
    out = pipeline.run(lay_study(tmp_path / "in", design={"donor": "unknown"}), tmp_path / "out")
    effects = table(out, "effects")
    assert effects["estimate"].notna().any()
    untested = ["p_value", "p_permutation", "fdr", "ci_low", "ci_high", "se", "statistic"]
    assert effects[untested].isna().all().all()
    assert set(primary(effects).loc[[*FAMILY, *BALANCES], "claim"]) == {words.DESCRIPTIVE}
    assert "donors are unknown" in (out / "report.html").read_text("utf-8")


def test_four_against_four_has_p_values_and_no_claims(
    large_tables: Tables, findings_of: Callable[..., Findings]
):
    counts, sheet = large_tables
    found = findings_of(counts=counts, sheet=first(sheet, 4, 4))
    assert found.design["level"] == "descriptive"
    assert "4 in the smaller group, 5 needed for claims" in found.design["level_text"]
    effects = primary(found.effects)
    assert effects["p_value"].notna().all()
    assert effects.loc[FAMILY, "fdr"].notna().all()
    assert set(effects.loc[[*FAMILY, *BALANCES], "claim"]) == {words.DESCRIPTIVE}
    assert_allclose(effects["p_floor"], 2 / 70)  # 8 choose 4


def test_five_against_twelve_takes_welch(
    large_tables: Tables, findings_of: Callable[..., Findings]
):
    counts, sheet = large_tables
    found = findings_of(counts=counts, sheet=first(sheet, 5, 12))
    assert found.design["level"] == "tested"
    assert found.design["test_text"].startswith("Welch's t test")
    scores, effects = found.scores.set_index("unit"), primary(found.effects)
    target = scores["group"] == "resorbing"
    for name in FAMILY:
        test = stats.ttest_ind(scores.loc[target, name], scores.loc[~target, name], equal_var=False)
        assert_allclose(effects.loc[name, "p_value"], test.pvalue, rtol=1e-9)
        assert_allclose(effects.loc[name, "df"], test.df, rtol=1e-9)


def test_covariates_enter_the_model(large_tables: Tables, findings_of: Callable[..., Findings]):
    import statsmodels.formula.api as smf

    counts, sheet = large_tables
    found = findings_of(counts=counts, sheet=sheet, design={"covariates": ["age", "sex"]})
    assert found.design["formula"] == "score ~ group + age + sex"
    scores = found.scores.set_index("unit").join(sheet.set_index("sample")[["age", "sex"]])
    scores["target"] = (scores["group"] == "resorbing").astype(float)
    effects = primary(found.effects)
    for name in FAMILY[:6]:
        model = smf.ols(f"{name} ~ target + age + C(sex)", scores).fit()
        assert_allclose(effects.loc[name, "p_value"], model.pvalues["target"], rtol=1e-7)
        assert_allclose(effects.loc[name, "difference"], model.params["target"], rtol=1e-7)
    assert set(effects["df"]) == {20.0}


def test_covariates_and_unequal_groups_take_hc2(
    large_tables: Tables, findings_of: Callable[..., Findings]
):
    import statsmodels.formula.api as smf

    counts, sheet = large_tables
    found = findings_of(counts=counts, sheet=first(sheet, 5, 12), design={"covariates": ["age"]})
    assert "HC2" in found.design["test_text"]
    scores = found.scores.set_index("unit").join(sheet.set_index("sample")["age"])
    scores["target"] = (scores["group"] == "resorbing").astype(float)
    effects = primary(found.effects)
    for name in FAMILY[:6]:
        model = smf.ols(f"{name} ~ target + age", scores).fit(cov_type="HC2")
        assert_allclose(effects.loc[name, "se"], model.bse["target"], rtol=1e-7)
    assert (effects["df"] < 14).all()


def test_pairs_are_tested_within(small_tables: Tables, findings_of: Callable[..., Findings]):
    sheet = small_tables[1].assign(donor_id=[f"P{i}" for i in range(6)] * 2)
    found = findings_of(sheet=sheet)
    assert found.design["n_pairs"] == 6
    assert found.design["level"] == "tested"
    assert "paired by donor (6 pairs)" in "\n".join(found.notices["text"])
    scores, effects = found.scores, primary(found.effects)
    a = scores[scores["group"] == "resorbing"].set_index("donor")
    b = scores[scores["group"] == "non_resorbing"].set_index("donor")
    for name in FAMILY:
        test = stats.ttest_rel(a[name], b[name].loc[a.index])
        assert_allclose(effects.loc[name, "p_value"], test.pvalue, rtol=1e-9)
    assert set(effects["effect_type"]) == {"hedges_g_av"}
    assert_allclose(effects["p_floor"], 2 / 2**6)


def test_five_pairs_are_too_few_for_claims(
    small_tables: Tables, findings_of: Callable[..., Findings]
):
    sheet = small_tables[1].assign(donor_id=[f"P{i}" for i in range(6)] * 2)
    found = findings_of(sheet=sheet[sheet["donor_id"] != "P0"])
    assert found.design["level"] == "descriptive"
    assert "5 pairs, 6 needed for claims" in found.design["level_text"]


def test_samples_of_one_donor_count_once(
    large_tables: Tables, findings_of: Callable[..., Findings]
):
    counts, sheet = large_tables
    donors = [f"{'A' if g == 'resorbing' else 'B'}{i // 2}" for i, g in enumerate(sheet["outcome"])]
    found = findings_of(counts=counts, sheet=sheet.assign(donor_id=donors))
    assert (found.design["n_target"], found.design["n_reference"]) == (6, 6)
    assert "24 samples were averaged into 12 units" in "\n".join(found.notices["text"])
    each = findings_of(counts=counts, sheet=sheet, design={"donor": "each_sample"})
    apart = each.scores.assign(donor=donors).groupby("donor")[FAMILY].mean()
    assert_allclose(found.scores.set_index("donor")[FAMILY], apart, rtol=1e-9)
    assert "declared, not known" in "\n".join(each.notices["text"])


def test_a_batch_is_a_block(large_tables: Tables, findings_of: Callable[..., Findings]):
    import statsmodels.formula.api as smf

    counts, sheet = large_tables
    sheet = sheet.assign(run=[1, 2, 3] * 8)
    found = findings_of(counts=counts, sheet=sheet, design={"batch": "run"})
    scores = found.scores.set_index("unit").join(sheet.set_index("sample")["run"])
    scores["target"] = (scores["group"] == "resorbing").astype(float)
    model = smf.ols("hypoxia_hif ~ target + C(run)", scores).fit()
    assert_allclose(
        primary(found.effects).loc["hypoxia_hif", "p_value"], model.pvalues["target"], rtol=1e-7
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": {"tissue": "purified_cells"}}, "purified cells"),
        ({"data": {"tissue": "cultured_cells"}}, "cultured cells"),
        ({"design": {"composition": {"none": "sorted by FACS"}}}, "sorted by FACS"),
    ],
)
def test_where_composition_does_not_apply_the_claim_says_why(
    large_tables: Tables,
    findings_of: Callable[..., Findings],
    changes: dict[str, Any],
    reason: str,
):
    counts, sheet = large_tables
    found = findings_of(counts=counts, sheet=sheet, **changes)
    assert set(found.effects["adjustment"]) == {"none"}
    supported = primary(found.effects).loc["matrix_aggrecanase"]
    assert supported["claim"] == f"supported (unadjusted: {reason})"
    assert reason in found.design["tissue_note"]
    assert not found.composition["in_adjustment"].any()


# --- the demo ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pipeline.demo(tmp_path_factory.mktemp("demo") / "out")


def test_the_demo_finds_what_was_planted(demo: Path):
    effects = table(demo, "effects")
    truth = table(demo, "truth").set_index("signature")["truth"]
    rows = primary(effects).loc[FAMILY]
    kind = truth.loc[FAMILY]
    assert set(rows.loc[kind == "regulated", "claim"]) == {words.SUPPORTED}
    assert (kind == "regulated").sum() == 2
    raised = rows[kind == "composition"]
    assert (raised["fdr"] <= 0.05).all(), "significant raw"
    assert set(raised["claim"]) <= {words.EXPLAINED, words.NOT_SEPARABLE}
    assert words.EXPLAINED in set(raised["claim"])
    rest = rows[~kind.isin(["regulated", "composition"])]
    assert not rest["claim"].str.startswith(words.SUPPORTED).any()
    assert not rest["claim"].isin([words.EXPLAINED, words.SUGGESTIVE]).any(), "one clean story"


def test_the_demos_report_says_first_that_the_data_are_simulated(demo: Path):
    page = (demo / "report.html").read_text("utf-8")
    body = re.sub(r"<(script|style|title)\b.*?</\1>|<[^>]+>", " ", page, flags=re.S)
    assert "simulated" in " ".join(body.split())[:400].lower()


def test_the_demo_shows_raw_and_adjusted(demo: Path):
    page = " ".join((demo / "report.html").read_text("utf-8").split())
    for claim in (words.SUPPORTED, words.EXPLAINED, words.NOT_SEPARABLE):
        assert claim in page
    assert "adjusted" in page
    assert words.CLAIMS[words.EXPLAINED] in page


@pytest.mark.slow
def test_rates_over_other_cohorts_of_the_demo():
    """What chance adds: the demo's seed is a clear case, these are not chosen."""
    counts = {"regulated": [], "composition": [], "null": []}
    study = pipeline.demo_study()
    for seed in range(100, 115):
        adata, truth = simulate_cohort(seed=seed, n_genes=4000)
        cohort = load(adata, tissue="herniation", scale="counts")
        claims = primary(analysis.analyse(study, cohort).effects).loc[FAMILY, "claim"]
        supported = claims.str.startswith(words.SUPPORTED)
        kind = truth.set_index("signature")["truth"].loc[FAMILY]
        for name, found in counts.items():
            found += list(supported[kind == name])
    assert np.mean(counts["regulated"]) >= 0.7
    assert np.mean(counts["composition"]) <= 0.15
    assert np.mean(counts["null"]) <= 0.02
