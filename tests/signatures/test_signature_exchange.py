"""Files of other tools: what is written reads back as it was, and what is odd is refused."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from anndata import AnnData

import mechanisms as mech
from mechanisms.errors import SignatureError
from mechanisms.score import coverage
from mechanisms.signatures import read_signatures, to_dict, to_gmt, to_json, to_long
from mechanisms.signatures.export import exported
from mechanisms.signatures.long import write_long

ALL = read_signatures("all")


@pytest.fixture
def put(tmp_path):
    def write(name: str, text: str | bytes):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


# --- round trips ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gmt", "json", "long"])
def test_exports_read_back_as_equal_signatures(put, form):
    name = {"gmt": "all.gmt", "json": "all.json", "long": "all.tsv"}[form]
    back = read_signatures(put(name, exported(ALL, form)))
    assert {s.id: s.hash for s in back} == {s.id: s.hash for s in ALL}
    for s in ALL:
        for fact in ("title", "role", "tier", "grade", "expected", "mechanism", "weights"):
            assert getattr(back[s.id], fact) == getattr(s, fact), (s.id, fact)


def test_json_keeps_everything(put):
    back = read_signatures(put("all.json", to_json(ALL)))
    assert back.signatures == ALL.signatures
    assert back.balances == ALL.balances
    assert back.hash == ALL.hash


def test_long_tables_by_comma_and_as_decoupler_takes_them(tmp_path):
    write_long(ALL, tmp_path / "all.csv")
    assert {s.hash for s in read_signatures(tmp_path / "all.csv")} == {s.hash for s in ALL}
    net = to_long(ALL)
    assert list(net)[:3] == ["source", "target", "weight"]
    assert set(net["weight"]) == {1, -1}
    assert not net.duplicated(["source", "target"]).any()
    bare = net[["source", "target", "weight"]]
    bare.to_csv(tmp_path / "bare.tsv", sep="\t", index=False)
    back = read_signatures(tmp_path / "bare.tsv")
    assert back["efferocytosis"].down == ALL["efferocytosis"].down
    assert back["efferocytosis"].expected == "none"


def test_the_dict_of_gseapy_is_read_as_sets_without_direction(put):
    back = read_signatures(put("sets.json", exported(ALL, "dict")))
    assert {s.id: list(s.up) for s in back} == to_dict(ALL)
    assert json.loads(exported(ALL, "dict")) == to_dict(ALL)


def test_a_signature_of_down_genes_only_comes_back(put):
    down = read_signatures({"x": {"up": [], "down": ["TNF", "IL6"]}})
    for form, name in (("gmt", "x.gmt"), ("json", "x.json"), ("long", "x.tsv")):
        assert read_signatures(put(name, exported(down, form)))["x"].down == ("TNF", "IL6")


# --- GMT of other people ----------------------------------------------------------------------

TWO = "mine_UP\tsome words\tTNF\tIL6\tIL1B\nmine_DN\tna\tACAN\tSOX9\tCOL2A1\n"


def test_a_direction_is_not_read_out_of_a_name(put):
    sets = read_signatures(put("x.gmt", TWO))
    assert sets.ids == ("mine_UP", "mine_DN")
    assert sets["mine_DN"].up == ("ACAN", "SOX9", "COL2A1")


@pytest.mark.parametrize("suffix", ["DN", "DOWN", "dn"])
def test_pairs_are_joined_when_asked_for(put, suffix):
    (mine,) = read_signatures(put("x.gmt", TWO.replace("_DN", f"_{suffix}")), pairs=True)
    assert (mine.id, mine.title) == ("mine", "some words")
    assert mine.up == ("TNF", "IL6", "IL1B")
    assert mine.down == ("ACAN", "SOX9", "COL2A1")


def test_half_a_pair_stays_as_it_is(put):
    text = "lonely_UP\tna\tTNF\nSUPPRESSION\tna\tIL6\n"
    assert read_signatures(put("x.gmt", text), pairs=True).ids == ("lonely_UP", "SUPPRESSION")


def test_windows_lines_blank_lines_and_wordy_descriptions_are_read(put):
    text = '\r\n"A set"\ta long, wordy description; with = and {braces}\tTNF\tIL6\t\t\r\n\r\n \r\n'
    (read,) = read_signatures(put("x.gmt", text))
    assert read.up == ("TNF", "IL6")
    assert read.title == "a long, wordy description; with = and {braces}"
    (old,) = read_signatures(put("mac.gmt", "a\tb\tTNF\rc".replace("c", "")))
    assert old.up == ("TNF",)


@pytest.mark.parametrize(
    ("genes", "found"),
    [
        (["tnf", "il6", "cxcl8"], "tnf=TNF;il6=IL6;cxcl8=CXCL8"),
        (["Trp53", "Tnf", "Il6"], "Trp53=TP53;Tnf=TNF;Il6=IL6"),
        (["IL8", "CTGF", "MCP1"], "IL8=CXCL8;CTGF=CCN2;MCP1=CCL2"),
    ],
)
def test_small_letters_mouse_and_old_symbols_find_their_genes(put, rng, genes, found):
    """Read rightly, and said: no set is emptied because of how it is written."""
    sets = read_signatures(put("x.gmt", "mine\tna\t" + "\t".join(genes) + "\n"))
    names = [*ALL.genes, "ACTB"]
    adata = AnnData(rng.normal(size=(3, len(names))), var=pd.DataFrame(index=names))
    (row,) = coverage(adata, sets, species="human").to_dict("records")
    assert (row["n_found"], row["matched_by_alias"]) == (3, found)
    assert mech.score(adata, sets, species="human")["mine"].notna().all()


def test_mouse_symbols_on_mouse_data_match_as_they_are(put, rng):
    sets = read_signatures(put("x.gmt", "mine\tna\tTnf\tIl6\tLy6g\n"))
    adata = AnnData(rng.normal(size=(3, 4)), var=pd.DataFrame(index=["Tnf", "Il6", "Ly6g", "X"]))
    (row,) = coverage(adata, sets, species="mouse").to_dict("records")
    assert (row["n_found"], row["missing"], row["matched_by_alias"]) == (3, "", "")


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.json", '{"a": ["TNF"],}', r"x\.json, line 1: this is no JSON"),
        ("x.json", '{"a": ["TNF"], "a": ["IL6"]}', r"the key 'a' is written twice"),
        ("x.json", '{"format": "mechanisms-signatures/9", "signatures": []}', r"format is .*/9'"),
        ("x.json", '{"signatures": [{"id": "a"}]}', r"signature 'a': the key 'genes' is missing"),
        ("x.json", '{"a": "TNF"}', r"genes are a list"),
        ("x.tsv", "set\tgene\tweight\na\tTNF\t1\n", r"no column 'source'.*source, target, weight"),
        ("x.tsv", "source\ttarget\tweight\n", r"the table has no row"),
        ("x.tsv", "source\ttarget\tweight\na\tTNF\t0.3\n", r"line 2: the weight is '0.3'"),
        ("x.tsv", "source\ttarget\tweight\na\tTNF\t\n", r"line 2: the weight is ''"),
        ("x.tsv", "source\ttarget\tweight\na\tTNF\t1\na\tTNF\t1\n", r"gene 'TNF' occurs twice"),
        ("x.tsv", "source\ttarget\tweight\na\tTNF\t1\na\tTNF\t-1\n", r"both directions"),
        (
            "x.csv",
            "source,target,weight,expected\na,TNF,1,up\na,IL6,1,down\n",
            r"line 3: this row of 'a' says something else",
        ),
        ("x.gmt", "a\t{mechanisms:id=a}\tTNF\n", r"line 1: the marker .* is not as it was written"),
    ],
)
def test_refusals_name_file_line_and_remedy(put, name, text, message):
    with pytest.raises(SignatureError, match=message):
        read_signatures(put(name, text))


def test_one_direction_twice_is_two_signatures_of_one_id(put):
    line = to_gmt(read_signatures({"a": ["TNF", "IL6"]}))
    with pytest.raises(SignatureError, match=r"The id 'a' occurs twice"):
        read_signatures(put("x.gmt", line + line.replace("IL6", "IL1B")))


def test_formats_are_named():
    with pytest.raises(SignatureError, match=r"'jsn' is no format.*did you mean 'json'\?"):
        exported(ALL, "jsn")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("macrophage_m2aa", r"no shipped signature.*did you mean 'macrophage_m2a'\?"),
        ("cor", r"'cor' is no collection.*did you mean 'core'\?"),
    ],
)
def test_an_unknown_id_hears_the_nearest(source, message):
    with pytest.raises(SignatureError, match=message):
        read_signatures("core", add=source)


def test_a_shipped_id_is_a_source():
    assert read_signatures("core", add="macrophage_m2a").ids[-1] == "macrophage_m2a"
    assert read_signatures("matrix_mmp").ids == ("matrix_mmp",)


def test_a_file_that_is_not_there_hears_the_nearest(put):
    path = put("my_sets.yaml", "- {id: a, genes: [TNF]}\n")
    with pytest.raises(SignatureError, match=r"no such gene-set file; did you mean 'my_sets.yaml'"):
        read_signatures(path.with_name("my_set.yaml"))


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("h.all.v2023.1.Hs.symbols.gmt", 50),
        ("c2.cp.reactome.v2023.1.Hs.symbols.gmt", 1654),
        ("wikipathways_human_2026-08-22.gmt", 929),
        ("GO_BP_human_org.Hs.eg.db_3.16.gmt.gz", 6482),
    ],
)
def test_public_collections_are_read(data_dir, name, sets):
    read = read_signatures(data_dir.parent / "reference" / "gene_sets" / name)
    assert len(read) == sets
    assert min(len(s.up) for s in read) >= 1
