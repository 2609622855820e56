"""`mechanisms signatures ...` as a user calls it, and a new set from nothing to the report."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mechanisms import analysis, pipeline, plan
from mechanisms.cli import main
from mechanisms.errors import SignatureError
from mechanisms.report.provenance import provenance
from mechanisms.signatures import read_signatures
from mechanisms.signatures.listing import markdown
from mechanisms.study import read_study

ROOT = Path(__file__).resolve().parents[1]
ALL = read_signatures("all")


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run a command line in a folder of its own; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return SimpleNamespace(code=code, out=said.out, err=said.err)

    return run


@pytest.fixture
def matrix(tmp_path):
    """A small matrix with an old symbol; ACAN and a part of the M1 genes are missing."""
    rng = np.random.default_rng(1)
    genes = [g for g in ALL.genes if g not in ("ACAN", "CXCL8")] + ["IL8"]
    frame = pd.DataFrame(rng.normal(6, 1, (len(genes), 5)).round(3), index=genes)
    frame.columns = [f"s{i}" for i in range(5)]
    frame.rename_axis("gene").to_csv(tmp_path / "matrix.tsv", sep="\t")
    return "matrix.tsv"


# --- reading ----------------------------------------------------------------------------------


def test_list_is_readable_when_piped(call):
    done = call("mechanisms signatures list")
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[0].split() == [
        "signature",
        "mechanism",
        "role",
        "tier",
        "up",
        "down",
        "expected",
        "grade",
        "title",
    ]
    core = read_signatures()
    assert [line.split()[0] for line in lines[1:40]] == list(core.ids)
    assert "…" not in done.out
    assert {b.id for b in core.balances} <= {line.split()[0] for line in lines[41:] if line}
    assert re.search(r"matrix_mmp \+ matrix_aggrecanase +matrix_inhibitor", done.out)


def test_the_readme_table_is_what_the_files_say(call):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- signatures:begin -->\n")[2].partition("<!-- signatures:end")[0]
    assert shown == markdown(ALL)
    assert call("mechanisms signatures list --markdown").out == shown
    for s in ALL:
        (row,) = [line for line in shown.splitlines() if f"`{s.id}`" in line]
        assert f"{len(s.up)} up" in row
        assert s.expected in row
        assert row.endswith(f"| {s.grade} |")


def test_show_says_everything(call):
    said = " ".join(call("mechanisms signatures show macrophage_m2").out.split())
    m2 = ALL["macrophage_m2"]
    for text in (*m2.genes, m2.high_means, m2.evidence, m2.cautions, m2.hash, m2.rodent_reason):
        assert text in said
    assert "CD163: steroid- and haemoglobin-induced" in said
    assert "mouse: +Arg1 +Chil3 +Retnla" in said
    assert "without CD163 MSR1" in said
    assert "balances balance_macrophage" in said
    balance = " ".join(call("mechanisms signatures show balance_matrix").out.split())
    assert ALL.balance("balance_matrix").reading in balance


def test_an_unknown_id_hears_the_nearest(call):
    done = call("mechanisms signatures show macrofage_m1")
    assert done.code == 2
    assert "did you mean 'macrophage_m1'?" in done.err
    assert "Traceback" not in done.err


def test_hash_by_mode(call):
    full = call("mechanisms signatures hash").out.splitlines()
    assert full[0] == f"{read_signatures().hash}  core"
    strict = call("mechanisms signatures hash --mode strict").out.splitlines()
    assert len(full) == len(strict) == 40
    assert full[0] != strict[0]
    assert call("mechanisms signatures hash --mode loose").code == 2


# --- lint -------------------------------------------------------------------------------------


def test_lint_exits_0_3_and_2(call, tmp_path):
    clean = call("mechanisms signatures lint")
    assert (clean.code, clean.out) == (
        0,
        "no findings in 12 files, 57 signatures, 11 balances\n",
    )
    (tmp_path / "bad.yaml").write_text("- {id: a, genes: [IL8, TNF, 1-Mar, IL6, KRT5]}\n")
    bad = call("mechanisms signatures lint bad.yaml")
    assert bad.code == 3
    assert "bad.yaml:1: error excel-date [a, 1-Mar]: '1-Mar' is no gene symbol" in bad.out
    content = json.loads(call("mechanisms signatures lint bad.yaml --json").out)
    assert {f["rule"] for f in content["findings"]} == {
        "outdated-symbol",
        "excel-date",
        "missing-evidence",
        "missing-meaning",
    }
    absent = call("mechanisms signatures lint absent.yaml")
    assert (absent.code, absent.out) == (2, "")
    assert "there is no such gene-set file" in absent.err
    assert "superscript" in call("mechanisms signatures lint --rules").out


def test_warnings_alone_exit_0(call, tmp_path):
    text = "- {id: a, genes: [KRT14, KRT5, TP63, DSG3, COL17A1], evidence: unverified}\n"
    (tmp_path / "a.yaml").write_text(text)
    done = call("mechanisms signatures lint a.yaml")
    assert done.code == 0
    assert "0 errors, 1 warning" in done.out


# --- coverage and overlap ---------------------------------------------------------------------


def test_coverage_of_a_matrix_by_direction(call, matrix):
    done = call(f"mechanisms signatures coverage {matrix}")
    assert done.code == 0
    rows = {tuple(line.split()[:2]): line.split() for line in done.out.splitlines()}
    assert rows["matrix_synthesis", "up"][2:6] == ["24", "25", "96%", "15"]
    assert rows["efferocytosis", "down"][2:6] == ["6", "6", "100%", "5"]
    assert rows["inflammation_pro", "up"][2:4] == ["25", "25"]
    assert "ACAN" in {line.split()[0] for line in done.out.splitlines() if line}
    assert "not among the genes of the data" in done.out


def test_coverage_in_mouse_names_what_is_lost(call, tmp_path):
    names = ["Tnf", "Il6", "Cxcl1", "Nos2", "Acan", "Chil3", "Il1b", "Il1a", "Col2a1", "Mmp13"]
    frame = pd.DataFrame(np.arange(30.0).reshape(10, 3), index=names, columns=["a", "b", "c"])
    frame.rename_axis("gene").to_csv(tmp_path / "mouse.tsv", sep="\t")
    done = call("mechanisms signatures coverage mouse.tsv")
    assert "10 mouse genes by symbol" in done.out
    assert re.search(r"^CXCL8 +no mouse ortholog +inflammation_pro$", done.out, re.MULTILINE)
    assert "macrophage_m1 has genes of its own in mouse: +Nos2, +Gbp2, -GBP2" in done.out


def test_overlap_with_itself_and_with_a_gmt(call, tmp_path):
    done = call("mechanisms signatures overlap --picture o.svg")
    assert done.code == 0
    assert (tmp_path / "o.svg").stat().st_size > 10_000
    first = done.out.splitlines()[2].split()
    assert first[:4] == ["ferroptosis_suppressor", "oxidative_nrf2", "9", "0.18"]
    gmt = "NEAR\tna\tMMP1\tMMP2\tMMP3\n\nFAR\tna\tTNF\n"
    (tmp_path / "c.gmt").write_text(gmt)
    done = call("mechanisms signatures overlap --signatures matrix_mmp --with c.gmt")
    assert done.out.splitlines()[1].split() == ["matrix_mmp", "NEAR", "3", "0.16", "MMP1;MMP2;MMP3"]


def test_independent_genes_of_a_matrix(call, matrix):
    done = call(f"mechanisms signatures overlap --signatures matrix_mmp --matrix {matrix}")
    name, genes, found, n = done.out.splitlines()[1].split()
    assert (name, genes, found) == ("matrix_mmp", "19", "19")
    assert 1 < float(n) <= 4
    assert "at most 4, samples minus one" in done.out
    assert "Bretherton 1999" in done.out


def test_offline_says_so(call, monkeypatch):
    def get_library(name, organism):
        raise ConnectionError("no network")

    monkeypatch.setitem(sys.modules, "gseapy", SimpleNamespace(get_library=get_library))
    done = call("mechanisms signatures overlap --online MSigDB_Hallmark_2020")
    assert done.code == 2
    assert "cannot be downloaded (ConnectionError: no network)" in done.err


# --- export, diff, add ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "name"), [("gmt", "a.gmt"), ("json", "a.json"), ("long", "a.tsv"), ("long", "a.csv")]
)
def test_what_is_exported_has_the_same_hashes(call, form, name):
    assert call(f"mechanisms signatures export --format {form} --out {name}").code == 0
    back = call(f"mechanisms signatures hash --signatures {name}").out.splitlines()
    assert sorted(back[1:]) == sorted(f"{s.hash}  {s.id}" for s in read_signatures())


def test_pairs_of_a_foreign_gmt_become_one_signature(call, tmp_path):
    (tmp_path / "x.gmt").write_text("a_UP\tna\tTNF\tIL6\tIL1B\na_DN\tna\tACAN\tSOX9\tCOL2A1\n")
    line = "mechanisms signatures export --signatures x.gmt --pairs --format json --out x.json"
    assert call(line).code == 0
    (joined,) = read_signatures(tmp_path / "x.json")
    assert (joined.id, joined.down) == ("a", ("ACAN", "SOX9", "COL2A1"))


def test_diff_of_two_versions_in_words(call, tmp_path):
    text = (ROOT / "gene_sets" / "pain.yaml").read_text(encoding="utf-8")
    (tmp_path / "new.yaml").write_text(
        text.replace("NTF3, ", "").replace("expected: none", "expected: up")
    )
    old = ROOT / "gene_sets" / "pain.yaml"
    done = call(f"mechanisms signatures diff {old} new.yaml")
    assert done.out.splitlines() == [
        "pain_neurotrophin: NTF3 removed from the up genes",
        "pain_neurotrophin: expected direction changed from none to up",
        "2 changes; the hash differs",
    ]
    assert (
        call(f"mechanisms signatures diff {old} {old}").out == "no changes; the hash is the same\n"
    )
    content = json.loads(call(f"mechanisms signatures diff {old} new.yaml --json").out)
    assert [c["kind"] for c in content["changes"]] == ["genes", "expected"]


def test_add_refuses_what_would_clash(call):
    taken = call("mechanisms signatures add matrix_mmp --mechanism matrix --out a.yaml")
    assert taken.code == 2
    assert "'matrix_mmp' is taken by the shipped collection" in taken.err
    balance = call("mechanisms signatures add balance_matrix --mechanism matrix")
    assert balance.code == 2
    assert call("mechanisms signatures add mine --mechanism matrix --out a.yaml").code == 0
    again = call("mechanisms signatures add other --mechanism matrix --out a.yaml")
    assert "a.yaml exists and is not overwritten" in again.err
    assert "ends in .yaml" in call("mechanisms signatures add b --mechanism matrix --out b.txt").err
    assert call("mechanisms signatures add b --mechanism matrix").out.startswith("# A signature")


# --- from nothing to the report ---------------------------------------------------------------


def _readme_steps() -> tuple[list[str], str]:
    """The commands of gene_sets/README.md, and the file as its second step fills it in."""
    readme = (ROOT / "gene_sets" / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Add a set in five steps")[2].partition("\n## ")[0]
    blocks = re.findall(r"```(console|yaml)\n(.*?)```", section, re.DOTALL)
    lines = [
        line.strip() for kind, text in blocks if kind == "console" for line in text.split("\n")
    ]
    (filled,) = [text for kind, text in blocks if kind == "yaml"]
    return [line for line in lines if line], re.sub(r"^   ", "", filled, flags=re.MULTILINE)


def test_the_five_steps_lead_from_nothing_to_a_scored_column(call, tmp_path):
    (add, lint, overlap, demo), filled = _readme_steps()
    assert call(add).code == 0
    form = (tmp_path / "my_sets.yaml").read_text()
    assert "- id: matrix_my_enzymes" in form
    assert call(lint).code == 3
    (tmp_path / "my_sets.yaml").write_text(filled)
    assert call(lint).code == 0
    assert "matrix_my_enzymes  matrix_" in call(overlap).out
    done = call(demo)
    assert done.code == 0, done.err
    results = tmp_path / "results" / "my_demo"
    scores = pd.read_csv(results / "tables" / "scores.csv")
    assert scores["matrix_my_enzymes"].notna().all()
    effects = pd.read_csv(results / "tables" / "effects.csv", keep_default_na=False)
    first = effects[(effects["signature"] == "matrix_my_enzymes")].iloc[0]
    assert (first["mechanism"], first["direction_expected"]) == ("matrix", "up")
    assert first["claim"]
    assert "Collagenases and aggrecanases against the TIMPs" in (results / "report.html").read_text(
        encoding="utf-8"
    )
    manifest = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
    mine = read_signatures(tmp_path / "my_sets.yaml")["matrix_my_enzymes"]
    assert manifest["signatures"]["each"]["matrix_my_enzymes"] == mine.hash


def test_genes_that_the_demo_lacks_take_the_place_of_background(tmp_path):
    from mechanisms.simulate import simulate_cohort

    before, _ = simulate_cohort(3, 3, n_genes=1100)
    after = before.copy()
    sets = read_signatures({"mine": ["TNF", "il6", "ACTB", "GAPDH", "KRT14"]})
    said = pipeline._lend_background(after, sets)
    assert said.startswith("3 genes of the added signatures are not simulated")
    changed = [(b, a) for b, a in zip(before.var_names, after.var_names, strict=True) if a != b]
    assert [a for _, a in changed] == ["ACTB", "GAPDH", "KRT14"]
    assert all(b.startswith("SIM") for b, _ in changed)
    assert (before.X == after.X).all()
    assert pipeline._lend_background(before, read_signatures()) == ""


# --- the study file ---------------------------------------------------------------------------


def test_a_study_joins_files_ids_and_folders(lay_study, tmp_path):
    path = lay_study(tmp_path, signatures={"add": ["mine.yaml", "macrophage_m2a", "sets"]})
    (tmp_path / "mine.yaml").write_text("- {id: mine, genes: [TNF, IL6, IL1B]}\n")
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "a.gmt").write_text("theirs\tna\tTNF\tIL6\tIL8\n")
    collection = plan.collection_of(read_study(path))
    assert collection.ids[-3:] == ("mine", "macrophage_m2a", "theirs")
    assert len(collection) == len(read_signatures()) + 3


@pytest.mark.parametrize(
    ("signatures", "message"),
    [
        ({"add": ["macrophage_m2aa"]}, r"did you mean 'macrophage_m2a'\?"),
        ({"collection": "coer"}, r"'coer' is no collection.*did you mean 'core'\?"),
        ({"add": ["matrix_mmp"]}, r"'matrix_mmp' occurs twice"),
        ({"add": ["my_set.yaml"]}, r"no such gene-set file; did you mean 'my_sets.yaml'\?"),
    ],
)
def test_a_study_that_names_what_is_not_there_hears_the_nearest(
    lay_study, tmp_path, signatures, message
):
    path = lay_study(tmp_path, signatures=signatures)
    (tmp_path / "my_sets.yaml").write_text("- {id: mine, genes: [TNF, IL6, IL1B]}\n")
    with pytest.raises(SignatureError, match=message):
        plan.collection_of(read_study(path))


def test_signatures_of_the_command_line_are_seen_from_the_working_folder(
    lay_study, tmp_path, monkeypatch
):
    study = read_study(lay_study(tmp_path / "study", signatures={"add": ["macrophage_m2a"]}))
    (tmp_path / "mine.yaml").write_text("- {id: mine, genes: [TNF, IL6, IL1B]}\n")
    monkeypatch.chdir(tmp_path)
    joined = plan.with_signatures(study, ["mine.yaml", "glycolysis"])
    assert plan.collection_of(joined).ids[-3:] == ("macrophage_m2a", "mine", "glycolysis")
    assert plan.with_signatures(study, []) is study
    with pytest.raises(SignatureError, match=r"did you mean 'glycolysis'"):
        plan.collection_of(plan.with_signatures(study, ["glycolisis"]))


def test_another_mode_is_hashed_and_said(lay_study, tmp_path):
    full = plan.collection_of(read_study(lay_study(tmp_path)))
    study = read_study(lay_study(tmp_path, signatures={"mode": "strict"}))
    strict = plan.collection_of(study)
    assert full.hash == read_signatures().hash
    assert strict.ids == full.ids
    assert strict.hash != full.hash
    cohort = plan.load_cohort(study)
    findings = analysis.analyse(study, cohort)
    (said,) = findings.notices.query("topic == 'signatures'")["text"]
    assert said.startswith("mode strict: 38 of 39 signatures are scored without")
    assert provenance(findings)["signatures"]["hash"] == strict.hash
    assert findings.study["signatures"]["mode"] == "strict"


def test_the_manifest_changes_when_genes_weights_or_expectation_do(tmp_path):
    text = "- {id: a, expected: up, title: x, genes: {up: [TNF, IL6], down: [ACAN]}}\n"

    def hashes(content: str) -> dict[str, object]:
        path = tmp_path / "sets.yaml"
        path.write_text(content)
        collection = read_signatures(path)
        findings = SimpleNamespace(signatures=collection, study={}, inputs=[], seed=1)
        return {k: v for k, v in provenance(findings)["signatures"].items() if k != "collection"}

    was = hashes(text)
    for old, new in (
        ("title: x", "title: y, evidence: z, cautions: c"),
        ("TNF, IL6", "IL6, TNF"),
        ("expected: up", "expected: up, grade: B, role: qc, strict_without: [TNF]"),
        ("expected: up", "rodent: {add_up: [Nos2], reason: r}, expected: up"),
    ):
        assert hashes(text.replace(old, new)) == was, new
    for old, new in (
        ("TNF, IL6", "TNF, IL1B"),
        ("TNF, IL6", "TNF, IL6, IL1B"),
        ("up: [TNF, IL6], down: [ACAN]", "up: [TNF, ACAN], down: [IL6]"),
        ("expected: up", "expected: down"),
    ):
        changed = hashes(text.replace(old, new))
        assert changed["hash"] != was["hash"], new
        assert changed["each"] != was["each"], new
