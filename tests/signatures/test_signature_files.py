"""What may stand in a gene-set file, and the message for everything that may not."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from mechanisms.errors import SignatureError
from mechanisms.signatures import Collection, read_signatures
from mechanisms.signatures.files import shipped

FULL = """\
# a comment
mechanism: matrix
signatures:
- id: mine
  title: My set
  role: covariate
  tier: extended
  expected: down
  grade: B
  citations: ["PMID 1"]
  genes:
    up: [TNF, IL6]
    down: [ACAN]
  gene_notes: {TNF: first}
  strict_without: [IL6]
  date: 2026-11-20
  version: "1.0"
- {id: other, genes: [MMP1, MMP3]}
balances:
- {id: balance_mine, plus: ["mine:up"], minus: [other, "mine:down"]}
"""


def written(folder: Path, text: str, name: str = "sets.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def signature(*lines: str) -> str:
    return "signatures:\n- id: mine\n" + "".join(f"  {line}\n" for line in lines)


# --- what is read ---------------------------------------------------------------------------


def test_yaml_is_read_with_everything_it_says(tmp_path):
    read = read_signatures(written(tmp_path, FULL))
    mine, other = read
    assert (mine.up, mine.down) == (("TNF", "IL6"), ("ACAN",))
    assert (mine.role, mine.tier, mine.expected, mine.grade) == (
        "covariate",
        "extended",
        "down",
        "B",
    )
    assert (mine.mechanism, mine.title, mine.date, mine.version) == (
        "matrix",
        "My set",
        "2026-11-20",
        "1.0",
    )
    assert mine.citations == ("PMID 1",)
    assert dict(mine.gene_notes) == {"TNF": "first"}
    assert mine.strict().genes == ("TNF", "ACAN")
    assert other.up == ("MMP1", "MMP3")
    assert read.balances[0].minus == ("other", "mine:down")
    assert read.name == "sets.yaml"


def test_a_minimal_set_gets_the_defaults(tmp_path):
    (mine,) = read_signatures(written(tmp_path, "- id: mine\n  genes: [TNF]\n"))
    assert (mine.role, mine.tier, mine.expected, mine.grade, mine.evidence, mine.title) == (
        "mechanism",
        "core",
        "none",
        "D",
        "unverified",
        "mine",
    )


def test_order_comments_and_wording_of_a_file_keep_its_hash(tmp_path):
    shuffled = FULL.replace("[TNF, IL6]", "[IL6, TNF]").replace("a comment", "another")
    shuffled = shuffled.replace("My set", "Words").replace("PMID 1", "PMID 2")
    one = read_signatures(written(tmp_path, FULL))
    assert read_signatures(written(tmp_path, shuffled)).hash == one.hash
    assert read_signatures(written(tmp_path, FULL.replace("ACAN", "SOX9"))).hash != one.hash
    assert read_signatures(written(tmp_path, FULL.replace("down\n", "up\n"))).hash != one.hash


def test_gmt_with_blank_lines_crlf_and_wordy_descriptions(tmp_path):
    gmt = "SET_UP\ta description with spaces\tTNF\tIL6\t\t\r\n\r\n \t \r\nGO:0001\t\tMMP1\r\n"
    read = read_signatures(written(tmp_path, gmt, "sets.gmt"))
    assert [(s.id, s.title, s.up, s.down) for s in read] == [
        ("SET_UP", "a description with spaces", ("TNF", "IL6"), ()),
        ("GO:0001", "GO:0001", ("MMP1",), ()),
    ]
    packed = tmp_path / "sets.gmt.gz"
    packed.write_bytes(gzip.compress(gmt.encode()))
    assert read_signatures(packed).hash == read.hash


def test_a_byte_order_mark_is_no_part_of_the_first_id(tmp_path):
    assert read_signatures(written(tmp_path, "﻿one\tx\tTNF\n", "x.gmt")).ids == ("one",)


def test_dict_of_lists_and_of_directions():
    read = read_signatures({"one": ["TNF"], "two": {"up": ("IL6",), "down": {"B", "A"}}})
    assert [(s.up, s.down) for s in read] == [(("TNF",), ()), (("IL6",), ("A", "B"))]
    assert read.name == "user"


def test_a_folder_is_read_whole_and_balances_cross_files(tmp_path):
    written(tmp_path, "signatures:\n- {id: one, genes: [TNF]}\n", "one.yaml")
    written(
        tmp_path,
        "signatures:\n- {id: two, genes: [IL6]}\n"
        "balances:\n- {id: both, plus: [one], minus: [two]}\n",
        "two.yml",
    )
    written(tmp_path, "three\tx\tMMP1\n", "three.gmt")
    written(tmp_path, "no set", "README.md")
    read = read_signatures(tmp_path)
    assert sorted(read.ids) == ["one", "three", "two"]
    assert read.balance("both").plus == ("one",)


def test_add_joins_sources_and_their_balances(tmp_path):
    mine = written(
        tmp_path,
        "signatures:\n- {id: mine, genes: [TNF]}\n"
        "balances:\n- {id: balance_mine, plus: [mine], minus: [matrix_mmp]}\n",
    )
    read = read_signatures("core", add=mine)
    assert len(read) == len(read_signatures()) + 1
    assert read.balance("balance_mine").minus == ("matrix_mmp",)
    assert read.name == "core+sets.yaml"
    assert "two" in read_signatures({"one": ["TNF"]}, add=[{"two": ["IL6"]}])


def test_a_collection_passes_through():
    core = read_signatures()
    assert read_signatures(core).hash == core.hash
    assert isinstance(read_signatures(core), Collection)


# --- what is refused ------------------------------------------------------------------------

ENTRY = r"sets\.yaml, signature 'mine'"

REFUSED = [
    (signature("genes: [TNF]", "grad: A"), rf"{ENTRY}: unknown key 'grad'; did you mean 'grade'\?"),
    (
        signature("genes: [TNF]", "role: mechanisms"),
        rf"{ENTRY}: 'role' is 'mechanisms'.*'mechanism'",
    ),
    (signature("genes: [TNF]", "tier: main"), rf"{ENTRY}: 'tier' is 'main'.*core, extended"),
    (signature("genes: [TNF]", "expected: dwn"), rf"{ENTRY}: 'expected' is 'dwn'.*'down'"),
    (signature("genes: [TNF]", "grade: E"), rf"{ENTRY}: 'grade' is 'E'.*A, B, C, D"),
    (signature("genes: [TNF]", "expected: no"), rf"{ENTRY}: 'expected' is the truth value False"),
    (signature("genes: []"), rf"{ENTRY}: it has no genes"),
    (signature("genes: {up: [], down: }"), rf"{ENTRY}: it has no genes"),
    (signature("title: x"), rf"{ENTRY}: the key 'genes' is missing"),
    (signature("genes: TNF"), rf"{ENTRY}, genes: genes are a list.*not 'TNF'"),
    (
        signature("genes: {upp: [TNF]}"),
        rf"{ENTRY}: unknown direction 'upp' under 'genes'; did you mean 'up'\?",
    ),
    (signature("genes: {up: [TNF, IL6], down: [TNF]}"), rf"{ENTRY}: TNF stands in both directions"),
    (signature("genes: [TNF, IL6, TNF]"), rf"{ENTRY}, genes: gene 'TNF' occurs twice"),
    (signature("genes: {up: [TNF, NO]}"), r"genes up: gene the truth value False.*in quotes"),
    (signature("genes: [TNF, 2023-03-01]"), r"gene the date 2023-03-01.*MARCHF1"),
    (signature("genes: [TNF, 1-Mar]"), r"gene '1-Mar'.*it is a date.*MARCHF1"),
    (signature("genes: [TNF, Sep-02]"), r"gene 'Sep-02'.*it is a date"),
    (signature("genes: [TNF, 7124]"), r"gene 7124 is no gene symbol.*quote an Entrez number"),
    (signature("genes: [TNF, 2.31E+13]"), r"gene 23100000000000\.0.*genes are text"),
    (signature("genes: [TNF, '2.31E+13']"), r"gene '2.31E\+13'.*a spreadsheet made"),
    (signature("genes: [TNF, ]", "gene_notes: {IL6: x}"), r"gene_notes: 'IL6' is no gene of the"),
    (signature("genes: [TNF, ~]"), r"gene None.*it is empty"),
    (signature("genes: ['TNF ']"), r"gene 'TNF '.*the invisible U\+0020 \(space\)"),
    (signature('genes: ["TNF\\u200B"]'), r"the invisible U\+200B \(zero width space\).*retype"),
    (signature('genes: ["IL\\u00A06"]'), r"the invisible U\+00A0 \(no-break space\)"),
    (signature('genes: ["CD8A²"]'), r"U\+00B2 \(superscript two\) cannot be part"),
    (signature('genes: ["HLA–DRA"]'), r"U\+2013 \(en dash\)"),
    (signature("genes: [HSPA1A/HSPA1B]"), r"U\+002F \(solidus\)"),
    (signature("genes: [TNF]", "strict_without: [TNG]"), r"strict_without: 'TNG'.*mean 'TNF'\?"),
    (signature("genes: [TNF]", "strict_without: [TNF]"), r"drops every gene"),
    (signature("genes: [TNF]", "version: 1.0"), r"'version' is text, not 1\.0.*in quotes"),
    (signature("genes: [TNF]", "date: yesterday"), r"'date' is 'yesterday'.*2026-11-20"),
    (signature("genes: [TNF]", "citations: PMID 1"), r"'citations' is a list of texts"),
    (signature("genes: [TNF]", "gene_notes: [TNF]"), r"'gene_notes' maps genes to texts"),
    ("signatures:\n- {genes: [TNF]}\n", r"sets\.yaml, entry 1 of signatures: .*needs an 'id'"),
    ("signatures:\n- {id: 12, genes: [TNF]}\n", r"needs an 'id'.*has 12"),
    ("signatures:\n- {id: 'a ', genes: [TNF]}\n", r"needs an 'id'.*has 'a '"),
    ("signatures:\n- mine\n", r"entry 1 of signatures: a signature is a mapping.*not 'mine'"),
    ("signatures: {mine: [TNF]}\n", r"'signatures' is a list of entries"),
    ("signatuers:\n- {id: mine, genes: [TNF]}\n", r"the file has no signatures"),
    (signature("genes: [TNF]") + "balance: []\n", r"unknown key 'balance' at the top.*'balances'"),
    ("", r"the file has no signatures"),
    (
        signature("genes: [TNF]") + "- {id: mine, genes: [IL6]}\n",
        r"The id 'mine' occurs twice, in sets\.yaml;.*Rename",
    ),
    (
        signature("genes: [TNF]") + "balances:\n- {id: b, plus: [mine], minus: [mien]}\n",
        r"balance 'b' names 'mien', which is no signature of it; did you mean 'mine'\?",
    ),
    (
        signature("genes: [TNF]") + "balances:\n- {id: b, plus: [mine], minus: []}\n",
        r"sets\.yaml, balance 'b': 'minus' is empty",
    ),
    (
        signature("genes: [TNF]") + "balances:\n- {id: b, plus: [mine], minus: [mine]}\n",
        r"member 'mine' occurs twice",
    ),
    (signature("genes: [TNF"), r"sets\.yaml, line \d: this is no YAML that can be read"),
    (signature("genes: [TNF]", "genes: [IL6]"), r"line 4: .*the key 'genes' is written twice"),
    (
        signature("genes: !!python/object/apply:os.system ['true']"),
        r"line 3: .*!!python/object are refused",
    ),
    (b"signatures:\n- id: mine\n  title: caf\xe9\n", r"byte 35 is no UTF-8 text"),
    ("signatures:\n- id: \x07\n", r"no YAML that can be read"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_yaml_refusals_name_file_id_gene_and_remedy(tmp_path, text, message):
    with pytest.raises(SignatureError, match=message) as caught:
        read_signatures(written(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one TNF IL6\n", r"sets\.gmt, line 1: a GMT line is an id.*has 1 cells"),
        (
            "one\tx\tTNF\n\ntwo\tx\tTNF\tTNF\n",
            r"line 3, signature 'two', genes up: gene 'TNF' occurs",
        ),
        ("one\tx\tTNF\ntwo\tx\tIL 6\n", r"line 2, signature 'two', genes up: gene 'IL 6'"),
        ("one\tx\t1-Mar\n", r"line 1.*it is a date"),
        ("one\tx\t\t\n", r"it has no genes"),
        ("\tx\tTNF\n", r"line 1: a signature needs an 'id'"),
        ("\n\n", r"the file is empty"),
        ("one\tx\tTNF\none\tx\tIL6\n", r"The id 'one' occurs twice, in sets\.gmt"),
    ],
)
def test_gmt_refusals_name_the_line(tmp_path, text, message):
    with pytest.raises(SignatureError, match=message):
        read_signatures(written(tmp_path, text, "sets.gmt"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("coer", r"'coer' is no collection.*did you mean 'core'\?.*core, extended, all"),
        ("absent.yaml", r"absent\.yaml: there is no such gene-set file"),
        ({}, r"The dict of signatures is empty"),
        ({"one": "TNF"}, r"given as a dict, signature 'one', genes: genes are a list"),
        ({"one": 5}, r"signature 'one', genes: genes are a list.*not 5"),
        ({1: ["TNF"]}, r"needs an 'id'.*has 1"),
        (5, r"cannot be read from int"),
    ],
)
def test_source_refusals(source, message):
    with pytest.raises(SignatureError, match=message):
        read_signatures(source)


def test_an_id_in_two_sources_names_both():
    with pytest.raises(
        SignatureError, match=r"'matrix_mmp' occurs twice, in core and again in user"
    ):
        read_signatures("core", add={"matrix_mmp": ["TNF"]})


def test_a_folder_without_sets_and_a_broken_archive(tmp_path):
    with pytest.raises(SignatureError, match=r"holds no gene-set file"):
        read_signatures(tmp_path)
    with pytest.raises(SignatureError, match=r"cannot be read.*unpack it"):
        read_signatures(written(tmp_path, "no archive", "x.gmt.gz"))


# --- speed ----------------------------------------------------------------------------------


def test_the_shipped_collection_is_read_in_a_moment_and_once():
    shipped.cache_clear()
    start = time.perf_counter()
    whole = read_signatures("all")
    assert whole.hash
    assert time.perf_counter() - start < 1  # 0.1 s alone; others may be busy
    assert shipped() is shipped()
