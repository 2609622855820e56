"""Public data of known truth, through the study files that are shipped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from typer.testing import CliRunner

from mechanisms import analysis, cli, pipeline, plan
from mechanisms import vocabulary as words
from mechanisms.errors import DesignError
from mechanisms.report.findings import Findings
from mechanisms.study import make_study, read_study

MACROPHAGES = {
    "PRJNA239897": (5, 5),
    "PRJNA339309": (4, 4),
    "PRJNA449980": (4, 4),
    "PRJNA480894": (4, 4),
    "PRJNA552427": (3, 5),
    "PRJNA628531": (5, 5),
}
NEEDED = {
    "macrophage": ("macrophage_m1_m2_6studies", ["gene_counts.tsv.gz", "metadata.tsv"]),
    "synovium": ("GSE55235_synovium", ["GSE55235_series_matrix.txt.gz"]),
    "airway": ("airway", ["airway_rawcounts.csv", "airway_metadata.csv"]),
}
Place = Callable[[str], Path]


@pytest.fixture(scope="module")
def place(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Put a shipped study file beside links to its data, as its comment says."""
    folder = tmp_path_factory.mktemp("public")

    def put(name: str) -> Path:
        source, needed = NEEDED[name.split("_")[0]]
        for file in needed:
            if not (folder / file).exists():
                (folder / file).symlink_to(data_dir / source / file)
        shipped = files("mechanisms.workflows") / "public" / f"{name}.yaml"
        (folder / f"{name}.yaml").write_text(shipped.read_text("utf-8"), "utf-8")
        return folder / f"{name}.yaml"

    return put


@pytest.fixture(scope="module")
def probes(data_dir: Path, place: Place) -> Path:
    """The annotation of GPL96, where the reference tables stand beside the data."""
    table = data_dir.parent / "reference" / "genes" / "GPL96_probe_symbol_entrez.tsv.gz"
    if not table.is_file():
        pytest.skip("real data: the annotation of GPL96 is not beside the data")
    link = place("synovium_GSE55235").parent / "gpl96.tsv.gz"
    if not link.exists():
        link.symlink_to(table)
    return link


def analyse(path: Path) -> Findings:
    study = read_study(path)
    return analysis.analyse(study, plan.load_cohort(study))


def raw(findings: Findings) -> pd.DataFrame:
    effects = findings.effects
    rows = effects[(effects["method"] == "singscore") & (effects["adjustment"] == "none")]
    return rows.set_index("signature")


def call(*arguments: object) -> str:
    done = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    return done.output


# --- macrophages, M1 against M2a --------------------------------------------------------------


@pytest.fixture(scope="module")
def macrophages(place: Place) -> dict[str, Findings]:
    return {name: analyse(place(f"macrophage_{name}")) for name in MACROPHAGES}


def test_m1_is_up_and_m2_down_in_six_of_six(macrophages: dict[str, Findings]):
    signs = pd.DataFrame(
        {
            name: raw(found).loc[
                ["macrophage_m1", "macrophage_m2", "balance_macrophage", "nfkb_targets"], "estimate"
            ]
            for name, found in macrophages.items()
        }
    )
    assert (signs.loc["macrophage_m1"] > 0).all(), signs
    assert (signs.loc["macrophage_m2"] < 0).all(), signs
    assert (signs.loc["balance_macrophage"] > 0).all(), signs
    assert (signs.loc["nfkb_targets"] > 0).all(), signs


@pytest.mark.parametrize("name", MACROPHAGES)
def test_each_study_is_what_its_file_says(macrophages: dict[str, Findings], name: str):
    found = macrophages[name]
    assert (found.design["n_target"], found.design["n_reference"]) == MACROPHAGES[name]
    assert found.design["units"] == "samples declared independent"
    assert found.design["level"] == ("tested" if min(MACROPHAGES[name]) >= 5 else "descriptive")
    assert found.design["label_basis"] == "in_vitro"
    assert found.design["tissue_note"].endswith("purified cells")
    assert set(found.effects["adjustment"]) == {"none"}
    assert (found.coverage["measurable"]).all()
    scores = found.scores
    target = scores["group"] == "M1"
    equal = max(MACROPHAGES[name]) <= 1.5 * min(MACROPHAGES[name])
    test = stats.ttest_ind(
        scores.loc[target, "macrophage_m1"],
        scores.loc[~target, "macrophage_m1"],
        equal_var=equal,
    )
    assert_allclose(raw(found).loc["macrophage_m1", "p_value"], test.pvalue, rtol=1e-9)


@pytest.mark.parametrize("name", [n for n, size in MACROPHAGES.items() if min(size) >= 5])
def test_five_against_five_is_claimed(macrophages: dict[str, Findings], name: str):
    rows = raw(macrophages[name])
    claim = "supported (unadjusted: purified cells)"
    for signature in ("macrophage_m1", "macrophage_m2", "nfkb_targets", "balance_macrophage"):
        assert rows.loc[signature, "claim"] == claim
        assert rows.loc[signature, "p_value"] < 0.01


@pytest.mark.parametrize("name", [n for n, size in MACROPHAGES.items() if min(size) < 5])
def test_smaller_studies_are_descriptive(macrophages: dict[str, Findings], name: str):
    claims = raw(macrophages[name])["claim"]
    assert set(claims[claims != ""]) == {words.DESCRIPTIVE}
    assert raw(macrophages[name])["p_value"].notna().all()


def test_one_study_through_the_command_line(place: Place, macrophages: dict[str, Findings]):
    path = place("macrophage_PRJNA628531")
    out = path.parent / "PRJNA628531"
    assert f"report: {out / 'report.html'}" in call("run", path, "--out", out)
    effects = pd.read_csv(out / "tables" / "effects.csv")
    found = macrophages["PRJNA628531"].effects
    assert_allclose(effects["estimate"], found["estimate"], rtol=1e-8)
    page = (out / "report.html").read_text("utf-8")
    assert "samples declared independent" in page
    assert "purified cells" in page
    names = [e["name"] for e in json.loads((out / "manifest.json").read_text("utf-8"))["inputs"]]
    assert names == ["gene_counts.tsv.gz", "metadata.tsv"]


@pytest.mark.slow
@pytest.mark.parametrize("name", MACROPHAGES)
def test_every_study_through_the_command_line(place: Place, name: str):
    path = place(f"macrophage_{name}")
    out = path.parent / f"slow_{name}"
    call("run", path, "--out", out)
    effects = pd.read_csv(out / "tables" / "effects.csv")
    rows = effects[(effects["method"] == "singscore")].set_index("signature")["estimate"]
    assert rows["macrophage_m1"] > 0 > rows["macrophage_m2"]
    assert (out / "report.html").is_file()


# --- synovium: a series matrix ----------------------------------------------------------------


def test_init_of_a_series_matrix_asks_for_the_platform(place: Place, tmp_path: Path):
    matrix = place("synovium_GSE55235").parent / "GSE55235_series_matrix.txt.gz"
    said = call("init", matrix, "--dir", tmp_path / "new")
    assert "30 samples x 22,283 genes" in said
    assert "values     linear" in said
    assert "disease_state: 'healthy control' (10), 'rheumatoid arthritis' (10)" in said
    assert "proposal   disease_state: rheumatoid arthritis against healthy control" in said
    assert "Set data.genes.platform to the probe table of GPL96" in said
    study = read_study(tmp_path / "new" / "study.yaml")
    assert study.design.donor == "unknown"


def test_from_init_to_a_report_of_arthritis_against_normal(
    place: Place, probes: Path, tmp_path: Path
):
    matrix = place("synovium_GSE55235").parent / "GSE55235_series_matrix.txt.gz"
    said = call("init", matrix, "--platform", probes, "--dir", tmp_path / "new")
    assert "to do" not in said
    written = tmp_path / "new" / "study.yaml"
    text = written.read_text("utf-8")
    assert "label_basis: disease_state" in text
    assert "tissue: synovium" in text
    written.write_text(text.replace("donor: unknown", "donor: each_sample"), "utf-8")
    out = tmp_path / "out"
    call("run", written, "--out", out)
    page = " ".join((out / "report.html").read_text("utf-8").split())
    assert "values: linear" in page, "the scale is stated"
    assert re.search(r"22,283 probes -&gt; [\d,]+ genes; [\d,]+ probes without gene left out", page)
    assert "the row with the highest mean was kept (max_mean)" in page
    effects = pd.read_csv(out / "tables" / "effects.csv", keep_default_na=False)
    unmeasured = effects["estimate"] == ""
    assert set(effects.loc[~unmeasured, "n_target"].astype(float)) == {10.0}
    coverage = pd.read_csv(out / "tables" / "coverage.csv")
    short = set(coverage.loc[~coverage["measurable"], "signature"])
    alone = effects.loc[unmeasured & (effects["kind"] == "signature"), "signature"]
    assert set(alone) == short
    composition = pd.read_csv(out / "tables" / "composition.csv").set_index("signature")
    for cells in ("content_macrophage", "immune_t_cell"):  # infiltrates of arthritic synovium
        assert composition.loc[cells, "estimate"] > 1


def test_the_shipped_synovium_study(place: Place, probes: Path):
    found = analyse(place("synovium_GSE55235"))
    assert (found.design["n_target"], found.design["n_reference"]) == (10, 10)
    said = "\n".join(found.notices["text"])
    assert "10 of 30 samples are in neither group and were left out" in said
    assert "neither group is named 'resorbing'" in said
    assert set(found.effects["direction_expected"]) == {"none"}


# --- airway: pairs ----------------------------------------------------------------------------


def test_airway_is_tested_within_donors(place: Place):
    found = analyse(place("airway_dexamethasone"))
    assert found.design["n_pairs"] == 4
    assert found.design["level"] == "descriptive"
    assert "4 pairs, 6 needed for claims" in found.design["level_text"]
    rows = raw(found)
    assert set(rows["effect_type"]) == {"hedges_g_av"}
    assert_allclose(rows["p_floor"], 2 / 2**4)
    scores = found.scores
    groups = {g: part.set_index("donor") for g, part in scores.groupby("group")}
    for signature in ("inflammation_pro", "matrix_mmp"):
        a = groups["treated"][signature]
        test = stats.ttest_rel(a, groups["control"][signature].loc[a.index])
        assert_allclose(rows.loc[signature, "p_value"], test.pvalue, rtol=1e-9)
    assert rows.loc["inflammation_pro", "estimate"] < 0, "a steroid lowers inflammation"


# --- what must be refused ---------------------------------------------------------------------


def test_a_proteome_of_one_donor_in_each_group_is_refused(data_dir: Path, tmp_path: Path):
    folder = data_dir / "human_disc_proteome"
    sheet = pd.read_csv(folder / "samples.tsv", sep="\t")
    sheet["cadaver"] = sheet["age_group"]  # one young and one aged cadaver
    sheet.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    study = make_study(
        {
            "study": "proteome",
            "data": {
                "matrix": str(folder / "old-and-young.aug21-2019.txt.gz"),
                "samples": "samples.tsv",
                "tissue": "nucleus_pulposus",
            },
            "design": {
                "variable": "age_group",
                "target": "old",
                "reference": "young",
                "label_basis": "other",
                "donor": "cadaver",
            },
        },
        tmp_path,
    )
    with pytest.raises(
        DesignError, match=r"samples.tsv: all 33 samples of group '\w+' come from one donor"
    ):
        pipeline.run(study, tmp_path / "out")
    assert not (tmp_path / "out").exists()
