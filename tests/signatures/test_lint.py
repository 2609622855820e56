"""Every rule of the linter finds its planted fault, with file, line, gene and remedy."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mechanisms import genes
from mechanisms.errors import SignatureError
from mechanisms.signatures import read_signatures, to_gmt, to_json, to_long
from mechanisms.signatures.lint import Finding, lint
from mechanisms.signatures.lint_rules import RULES

GENE_SETS = Path(__file__).resolve().parents[2] / "gene_sets"
SOUND = """\
signatures:

- id: mine
  title: My set
  high_means: Something is on.
  rna_cannot_show: That it works.
  assay: A stain.
  evidence: unverified
  genes:
    up: [KRT14, KRT5, TP63, DSG3, COL17A1]
    down: []
"""
UP = "    up: [KRT14, KRT5, TP63, DSG3, COL17A1]"


def linted(*paths: Path) -> list[Finding]:
    found = lint(paths, spell=genes.spelling, in_rodent=genes.rodent_spelling)
    return list(found.findings)


def written(folder: Path, text: str | bytes, name: str = "sets.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def with_genes(*genes: str) -> str:
    return SOUND.replace(UP, UP[:-1] + "".join(f",\n         {g}" for g in genes) + "]")


def second(**keys: str) -> str:
    """A second, sound set of other genes, some of whose keys are given."""
    entry = {
        "id": "other",
        "title": "Other",
        "high_means": "x",
        "rna_cannot_show": "x",
        "assay": "x",
        "evidence": "unverified",
        "genes": "[MYH1, MYH2, MYH4, ACTA1, TNNT3]",
    } | keys
    return SOUND + "- " + "  ".join(f"{key}: {value}\n" for key, value in entry.items())


def plus(line: str) -> str:
    return SOUND + f"  {line}\n"


# rule, file, line, signature, gene, message
PLANTED = [
    ("unreadable", SOUND.replace(UP, "    up: [KRT14"), 11, "", "", r"no YAML.*brackets"),
    ("unreadable", SOUND.encode() + b"# caf\xe9\n", 12, "", "", r"no UTF-8 text: save"),
    ("unreadable", plus("genes: [TNF]"), 12, "", "", r"the key 'genes' is written twice"),
    ("unreadable", "a\tx\tTNF\nb TNF IL6\n", 2, "", "", r"separated by tabs.*1 cells", "x.gmt"),
    ("unreadable", "\n\n", 1, "", "", r"the file is empty", "x.gmt"),
    ("unreadable", '{"a": ["TNF"]\n', 2, "", "", r"no JSON.*commas", "x.json"),
    ("unreadable", "source\ttarget\na\tTNF\n", 1, "", "", r"no column 'weight'", "x.tsv"),
    ("unreadable", "source,target,weight\na,TNF,0.4\n", 2, "", "", r"up \(1\) or down", "x.csv"),
    ("schema", plus("grad: B"), 12, "mine", "", r"unknown key 'grad'; did you mean 'grade'\?"),
    ("schema", plus("role: mechanisms"), 12, "mine", "", r"'role' is 'mechanisms'.*Allowed"),
    ("schema", plus("date: soon"), 12, "mine", "", r"'date' is 'soon'"),
    ("schema", plus("gene_notes: {TNF: x}"), 12, "mine", "", r"gene_notes: 'TNF' is no gene of"),
    ("schema", plus("rodent: {add_up: [Nos2]}"), 12, "mine", "", r"'reason' is missing"),
    ("schema", SOUND.replace("genes:", "gene:"), 9, "mine", "", r"unknown key 'gene'.*'genes'"),
    ("schema", SOUND.replace(UP, "    up: []"), 9, "mine", "", r"it has no genes"),
    ("schema", SOUND.replace("down: []", "dn: []"), 9, "mine", "", r"unknown direction 'dn'"),
    ("schema", SOUND.replace("id: mine", "id: 12"), 3, "", "", r"entry 1 .* needs an 'id'"),
    ("schema", SOUND + "other: 1\n", 12, "", "", r"unknown key 'other' at the top"),
    ("schema", "title: nothing\n", 1, "", "", r"the file has no signatures"),
    (
        "schema",
        SOUND + "balances:\n- id: b\n  plus: [mine]\n  minus: [mnie]\n",
        15,
        "b",
        "",
        r"'mnie' is no signature; did you mean 'mine'\?",
    ),
    (
        "schema",
        SOUND + 'balances:\n- {id: b, plus: ["mine:down"], minus: [matrix_mmp]}\n',
        13,
        "b",
        "",
        r"'mine:down' has no down genes",
    ),
    ("duplicate-id", second(id="mine"), 12, "mine", "", r"'mine' is taken by .*line 3: choose"),
    ("duplicate-id", SOUND.replace("mine", "matrix_mmp"), 3, "matrix_mmp", "", r"by the shipped"),
    ("not-text", with_genes("NO"), 11, "mine", "False", r"truth values: write .* in quotes"),
    ("not-text", with_genes("7124"), 11, "mine", "7124", r"quote an Entrez number"),
    ("not-text", with_genes("~"), 11, "mine", "None", r"it is empty"),
    ("excel-date", with_genes("2-Sep"), 11, "mine", "2-Sep", r"Excel.*SEPTIN2"),
    ("excel-date", with_genes("1-Mar"), 11, "mine", "1-Mar", r"Excel.*MARCHF1"),
    ("excel-date", with_genes("2023-03-01"), 11, "mine", "2023-03-01", r"it is a date"),
    ("excel-date", with_genes("SEPT2"), 11, "mine", "SEPT2", r"turns 'SEPT2' .*write SEPTIN2"),
    ("excel-date", with_genes("MARCH1"), 11, "mine", "MARCH1", r"write MARCHF1"),
    ("excel-date", with_genes("'2.31E+13'"), 11, "mine", "2.31E+13", r"a spreadsheet made"),
    (
        "invisible-character",
        with_genes('"TNF\\u200B"'),
        11,
        "mine",
        "TNF\u200b",
        r"invisible U\+200B \(zero width space\).*retype",
    ),
    ("invisible-character", with_genes("'TNF '"), 11, "mine", "TNF ", r"U\+0020 \(space\)"),
    ("superscript", with_genes("CD8A²"), 11, "mine", "CD8A²", r"superscript two.*retype"),
    ("superscript", with_genes("TNFᵃ"), 11, "mine", "TNFᵃ", r"modifier letter small a"),
    ("odd-character", with_genes("HLA–DRA"), 11, "mine", "HLA–DRA", r"U\+2013 \(en dash\)"),
    ("odd-character", with_genes("TGFβ1"), 11, "mine", "TGFβ1", r"greek small letter beta"),
    ("unknown-symbol", with_genes("MMP-1"), 11, "mine", "MMP-1", r"did you mean 'MMP1'\?"),
    ("unknown-symbol", with_genes("TNFF"), 11, "mine", "TNFF", r"did you mean 'TNF'\?"),
    (
        "unknown-symbol",
        with_genes("QQQ77"),
        11,
        "mine",
        "QQQ77",
        r"no human gene of the tables is called",
    ),
    ("ambiguous-symbol", with_genes("FSP1"), 11, "mine", "FSP1", r"AIFM2 and ATL1 and S100A4"),
    ("ambiguous-symbol", with_genes("P62"), 11, "mine", "P62", r"SQSTM1.*never guessed"),
    ("outdated-symbol", with_genes("IL8"), 11, "mine", "IL8", r"old or other name of CXCL8"),
    ("outdated-symbol", with_genes("CTGF"), 11, "mine", "CTGF", r"CCN2: write that"),
    ("outdated-symbol", with_genes("tnf"), 11, "mine", "tnf", r"small letters, and means TNF"),
    ("outdated-symbol", with_genes("Trp53"), 11, "mine", "Trp53", r"mouse or rat symbol of TP53"),
    (
        "unknown-rodent-symbol",
        plus("rodent: {add_up: {mouse: [Nos2, Noss2]}, reason: x}"),
        12,
        "mine",
        "Noss2",
        r"no table of mouse genes",
    ),
    ("duplicate-gene", with_genes("KRT14"), 11, "mine", "KRT14", r"twice under up: delete one"),
    (
        "duplicate-gene",
        with_genes("CXCL8", "IL8"),
        12,
        "mine",
        "IL8",
        r"CXCL8 stands twice under up, as 'CXCL8' and as 'IL8'",
    ),
    (
        "both-directions",
        SOUND.replace("down: []", "down: [TNF, IL6, KRT14]"),
        11,
        "mine",
        "KRT14",
        r"up and down",
    ),
    (
        "direction-size",
        SOUND.replace("down: []", "down: [TNF, IL6]"),
        9,
        "mine",
        "",
        r"direction down has 2 genes and can never be scored: it needs 3",
    ),
    (
        "direction-size",
        plus("strict_without: [KRT14, KRT5, TP63]"),
        9,
        "mine",
        "",
        r"up of the strict variant has 2 genes",
    ),
    ("set-size", SOUND.replace(", COL17A1", ""), 9, "mine", "", r"4 genes: below 5"),
    (
        "set-size",
        "big\tx\t" + "\t".join(sorted(genes.known_genes())[:501]) + "\n",
        1,
        "big",
        "",
        r"501 genes: above 500",
        "x.gmt",
    ),
    (
        "duplicate-set",
        second(genes="[COL17A1, KRT5, KRT14, TP63, DSG3]"),
        12,
        "other",
        "",
        r"exactly those of mine",
    ),
    (
        "duplicate-set",
        SOUND.replace(UP, f"    up: [{', '.join(read_signatures()['immune_t_cell'].up)}]"),
        3,
        "mine",
        "",
        r"exactly those of immune_t_cell",
    ),
    (
        "near-duplicate",
        second(genes="[COL17A1, KRT5, KRT14, TP63, DSG1]"),
        12,
        "other",
        "",
        r"67% of all genes of both with mine.*near_duplicate_of: \{mine: reason\}",
    ),
    (
        "unknown-explanation",
        plus("near_duplicate_of: {matrix_mpm: x}"),
        12,
        "mine",
        "",
        r"'matrix_mpm', no signature; did you mean 'matrix_mmp'\?",
    ),
    ("missing-evidence", SOUND.replace("evidence: unverified", "side: x"), 3, "mine", "", r"cite"),
    ("missing-grade", plus("expected: up"), 12, "mine", "", r"up without a grade: write grade"),
    ("missing-meaning", SOUND.replace("assay", "side"), 3, "mine", "", r"does not say assay"),
    ("missing-meaning", plus("expected: up\n  grade: B"), 3, "mine", "", r"does not say basis"),
    ("citation-form", plus("citations: [Smith 2020]"), 12, "mine", "", r"'Smith 2020' is no"),
    ("line-ends", SOUND.replace("\n", "\r\n"), 1, "", "", r"CR LF.*Unix"),
    ("line-ends", "﻿" + SOUND, 1, "", "", r"byte order mark"),
    ("gmt-description", "a\tTNF\tKRT5\tKRT14\tTP63\tDSG3\tDSG1\n", 1, "a", "TNF", r"lost", "x.gmt"),
]


def test_the_shipped_collection_is_clean():
    found = lint((), spell=genes.spelling, in_rodent=genes.rodent_spelling)
    assert found.findings == ()
    assert found.summary == "no findings in 12 files, 57 signatures, 11 balances"


@pytest.mark.parametrize("paths", [[GENE_SETS], [GENE_SETS / "pain.yaml"]])
def test_so_it_is_by_its_path(paths):
    assert linted(*paths) == []


def test_the_sound_example_is_clean(tmp_path):
    assert linted(written(tmp_path, SOUND)) == []
    assert linted(written(tmp_path, second(), "two.yaml")) == []


@pytest.mark.parametrize("case", PLANTED, ids=lambda c: f"{c[0]}-{c[5][:24]}")
def test_each_rule_finds_its_planted_fault(tmp_path, case):
    rule, text, line, signature, gene, message, *name = case
    path = written(tmp_path, text, *name)
    found = linted(path)
    (hit,) = [f for f in found if f.rule == rule and re.search(message, f.message)] or found
    assert (hit.rule, hit.file, hit.line) == (rule, str(path), line)
    assert (hit.signature, hit.gene) == (signature, gene)
    assert re.search(message, hit.message)
    assert "\n" not in hit.message
    assert hit.level == {r.id: r.level for r in RULES}[rule]


def test_every_rule_has_a_planted_fault():
    assert {case[0] for case in PLANTED} == {rule.id for rule in RULES}
    assert {rule.level for rule in RULES} == {"error", "warning"}
    assert all(rule.what and rule.remedy for rule in RULES)


def test_all_faults_of_a_file_are_found_at_once_and_in_order(tmp_path):
    path = written(tmp_path, with_genes("IL8", "1-Mar", "FSP1") + "  grad: B\n")
    assert [(f.line, f.rule) for f in linted(path)] == [
        (11, "outdated-symbol"),
        (12, "excel-date"),
        (13, "ambiguous-symbol"),
        (15, "schema"),
    ]


def test_a_finding_reads_as_one_line(tmp_path):
    (finding,) = linted(written(tmp_path, with_genes("IL8")))
    assert str(finding) == (
        f"{tmp_path}/sets.yaml:11: error outdated-symbol [mine, IL8]: 'IL8' is an old or other "
        "name of CXCL8: write that"
    )


def test_near_duplicates_are_explained_in_the_file(tmp_path):
    text = second(genes="[COL17A1, KRT5, KRT14, TP63, DSG1]", near_duplicate_of="{mine: because}")
    assert linted(written(tmp_path, text)) == []
    assert read_signatures(tmp_path / "sets.yaml")["other"].near_duplicate_of == {"mine": "because"}


def test_a_folder_is_linted_across_its_files(tmp_path):
    written(tmp_path, SOUND, "a.yaml")
    written(tmp_path, SOUND.replace("id: mine", "id: other"), "b.yaml")
    found = lint([tmp_path], spell=genes.spelling, in_rodent=genes.rodent_spelling)
    assert [(f.rule, f.signature) for f in found.findings] == [("duplicate-set", "other")]
    assert (found.files, found.signatures, found.errors, found.warnings) == (2, 2, 1, 0)


def test_a_copy_of_the_shipped_files_is_compared_with_itself_only(tmp_path):
    shutil.copytree(GENE_SETS, tmp_path / "sets", ignore=shutil.ignore_patterns("*.py", "__*"))
    assert linted(tmp_path / "sets") == []
    path = tmp_path / "sets" / "matrix.yaml"
    path.write_text(path.read_text().replace("MMP19,", "MMP-19,"))
    (finding,) = linted(tmp_path / "sets")
    assert (finding.rule, finding.gene, finding.signature) == (
        "unknown-symbol",
        "MMP-19",
        "matrix_mmp",
    )


@pytest.mark.parametrize("kind", ["gmt", "json", "tsv"])
def test_our_own_exports_are_clean(tmp_path, kind):
    whole = read_signatures("all")
    text = {
        "gmt": lambda: to_gmt(whole),
        "json": lambda: to_json(whole),
        "tsv": lambda: to_long(whole).to_csv(sep="\t", index=False),
    }[kind]()
    found = linted(written(tmp_path, text, f"all.{kind}"))
    assert [f for f in found if f.level == "error"] == []


def test_a_dict_in_json_and_a_gmt_need_no_evidence(tmp_path):
    genes_of_one = ["KRT14", "KRT5", "TP63", "DSG3", "COL17A1"]
    assert linted(written(tmp_path, json.dumps({"a": genes_of_one}), "a.json")) == []
    assert linted(written(tmp_path, "a\tna\t" + "\t".join(genes_of_one) + "\n", "a.gmt")) == []


@pytest.mark.parametrize("name", ["absent.yaml", "sets.docx"])
def test_a_path_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(SignatureError, match=r"there is no such gene-set file|no gene-set file"):
        linted(tmp_path / name)


def test_machines_read_it(tmp_path):
    found = lint(
        [written(tmp_path, with_genes("IL8"))],
        spell=genes.spelling,
        in_rodent=genes.rodent_spelling,
    )
    content = json.loads(json.dumps(found.content()))
    assert {k: v for k, v in content.items() if k != "findings"} == {
        "files": 1,
        "signatures": 1,
        "balances": 0,
        "errors": 1,
        "warnings": 0,
    }
    assert list(content["findings"][0]) == list(Finding._fields)


@pytest.mark.data
def test_a_large_foreign_collection_is_linted_in_seconds(data_dir):
    path = data_dir.parent / "reference" / "gene_sets" / "h.all.v2023.1.Hs.symbols.gmt"
    found = linted(path)
    assert {f.rule for f in found} <= {"outdated-symbol", "ambiguous-symbol", "unknown-symbol"}
