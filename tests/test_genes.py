"""Identifier spaces, aliases, orthologs: which row of the data is a signature's gene."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mechanisms.errors import DataError
from mechanisms.genes import (
    RESOLVED_COLUMNS,
    STATUSES,
    identify,
    known_genes,
    resolve,
    rodent_spelling,
    spelling,
)
from mechanisms.genes.tables import named, rodent_genes, table
from mechanisms.signatures import read_signatures

ROOT = Path(__file__).resolve().parents[1]
ALL = read_signatures("all")


def one(gene, ids, **kwargs):
    """The single row of resolving one gene, without the gene itself."""
    row = resolve([gene], ids, **kwargs).iloc[0]
    return row["position"], row["found_as"], row["status"]


# --- resolve: symbols -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gene", "ids", "expected"),
    [
        # an exact approved symbol wins over anything older
        ("GBA1", ["GBA", "GBA1"], (1, "GBA1", "exact")),
        ("GBA1", ["ACTB", "GBA"], (1, "GBA", "previous")),
        ("GBA", ["GBA1"], (0, "GBA1", "alias")),
        ("GBA", ["GBA", "GBA1"], (0, "GBA", "exact")),
        # arrays of 2009 and matrices of 2018
        ("STING1", ["TMEM173"], (0, "TMEM173", "previous")),
        ("CGAS", ["MB21D1"], (0, "MB21D1", "previous")),
        ("WARS1", ["WARS"], (0, "WARS", "previous")),
        ("CXCL8", ["IL8"], (0, "IL8", "previous")),
        ("SELENOP", ["SEPP1"], (0, "SEPP1", "previous")),
        ("CNMD", ["LECT1"], (0, "LECT1", "previous")),
        ("PRKN", ["PARK2"], (0, "PARK2", "previous")),
        ("CCN2", ["CTGF"], (0, "CTGF", "previous")),
        ("CCN1", ["CYR61"], (0, "CYR61", "previous")),
        ("TBXT", ["T"], (0, "T", "previous")),
        ("MARCHF1", ["MARCH1"], (0, "MARCH1", "previous")),
        ("SEPT2", ["SEPTIN2"], (0, "SEPTIN2", "alias")),
        ("SEPTIN2", ["SEPT2"], (0, "SEPT2", "previous")),
        # ATP5F1 was ATP5PB, and is neither ATP5F1A nor ATP5F1B
        ("ATP5F1A", ["ATP5A1", "ATP5F1"], (0, "ATP5A1", "previous")),
        ("ATP5F1B", ["ATP5A1", "ATP5F1", "ATP5B"], (2, "ATP5B", "previous")),
        ("ATP5PB", ["ATP5B", "ATP5F1"], (1, "ATP5F1", "previous")),
        ("ATP5PO", ["ATP5O"], (0, "ATP5O", "previous")),
        ("ATP5PF", ["ATP5J"], (0, "ATP5J", "previous")),
        ("ATP5MC1", ["ATP5G1"], (0, "ATP5G1", "previous")),
        ("ATP5F1C", ["ATP5C1"], (0, "ATP5C1", "previous")),
        # aliases of one gene
        ("CCL2", ["MCP1"], (0, "MCP1", "alias")),
        ("MRC1", ["CD206"], (0, "CD206", "alias")),
        ("SLC7A11", ["XCT"], (0, "XCT", "alias")),
        ("SLC40A1", ["FPN1"], (0, "FPN1", "alias")),
        ("TNF", ["TNFA"], (0, "TNFA", "alias")),
        # aliases of several genes are never guessed
        ("AIFM2", ["FSP1"], (-1, "FSP1", "ambiguous")),
        ("NOS2", ["INOS"], (-1, "INOS", "ambiguous")),
        ("NFE2L2", ["NRF2"], (-1, "NRF2", "ambiguous")),
        ("PTGS2", ["COX2"], (-1, "COX2", "ambiguous")),
        ("SQSTM1", ["P62"], (-1, "P62", "ambiguous")),
        ("MARCHF1", ["1-Mar"], (-1, "1-Mar", "ambiguous")),
        # two rows that fit equally well
        ("CGAS", ["MB21D1", "C6orf150"], (-1, "C6orf150|MB21D1", "ambiguous")),
        ("TNF", ["TNFA", "TNFSF2"], (-1, "TNFA|TNFSF2", "ambiguous")),
        # a previous symbol is stronger than an alias
        ("CCN2", ["HCS24", "CTGF"], (1, "CTGF", "previous")),
        # HGF is listed as an alias of IL6, and is HGF
        ("IL6", ["HGF"], (-1, "", "absent")),
        ("NRF1", ["NFE2L1"], (-1, "", "absent")),
        # users' own genes match exactly only
        ("MYOWN", ["MYOWN"], (0, "MYOWN", "exact")),
        ("MYOWN", ["myown"], (-1, "", "absent")),
        ("ATL1", ["FSP1"], (-1, "FSP1", "ambiguous")),
        ("FSP1", ["AIFM2", "ATL1", "S100A4"], (-1, "", "absent")),
        # no case folding: human data are not mouse data
        ("TNF", ["Tnf"], (-1, "", "absent")),
    ],
)
def test_symbols(gene, ids, expected):
    assert one(gene, ids) == expected


def test_the_table_keeps_order_dtype_and_columns():
    found = resolve(["TNF", "ABSENT", "IL8", "TNF"], ["CXCL8", "TNF"])
    assert list(found) == list(RESOLVED_COLUMNS)
    assert found["gene"].tolist() == ["TNF", "ABSENT", "IL8", "TNF"]
    assert found["position"].tolist() == [1, -1, 0, 1]
    assert found["position"].dtype == np.int64
    assert set(resolve(ALL.genes, ["TNF"])["status"]) <= set(STATUSES)
    assert list(resolve([], ["TNF"])) == list(RESOLVED_COLUMNS)


def test_an_ambiguous_name_is_explained():
    (detail,) = resolve(["AIFM2"], ["FSP1"])["detail"]
    assert detail == "FSP1 is an alias of AIFM2 and of another gene"


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Index, pd.Series])
def test_any_sequence_of_ids_will_do(kind):
    assert one("TNF", kind(["IL6", "TNF"])) == (1, "TNF", "exact")


def test_gene_order_of_the_data_never_changes_the_row(rng):
    ids = [*ALL.genes, "FSP1", "IL8"]
    shuffled = [ids[i] for i in rng.permutation(len(ids))]
    one_way, other = resolve(ALL.genes, ids), resolve(ALL.genes, shuffled)
    assert one_way["found_as"].tolist() == other["found_as"].tolist()
    assert [shuffled[p] for p in other["position"]] == other["found_as"].tolist()


# --- resolve: Ensembl, Entrez, rodents ------------------------------------------------------

TNF = known_genes()["TNF"]


@pytest.mark.parametrize(
    ("gene", "ids", "expected"),
    [
        ("TNF", ["x", TNF.ensembl[0]], (1, TNF.ensembl[0], "exact")),
        ("TNF", [TNF.ensembl[2], TNF.ensembl[0]], (1, TNF.ensembl[0], "exact")),
        ("TNF", [TNF.ensembl[2]], (0, TNF.ensembl[2], "exact")),
        (
            "TNF",
            [TNF.ensembl[2], TNF.ensembl[1]],
            (-1, f"{TNF.ensembl[1]}|{TNF.ensembl[2]}", "ambiguous"),
        ),
        ("SOD2", ["ENSG00000112096"], (0, "ENSG00000112096", "exact")),
        ("SOD2", ["ENSG00000291237"], (0, "ENSG00000291237", "exact")),
        ("HLA-DQA1", ["ENSG00000237541"], (-1, "", "absent")),  # it is HLA-DQA2 today
        ("STING1", ["ENSG00000184584"], (0, "ENSG00000184584", "exact")),
        ("TMEM173", ["ENSG00000184584"], (0, "ENSG00000184584", "exact")),
        ("ENSG00000232810", ["ENSG00000232810"], (0, "ENSG00000232810", "exact")),
        ("TNF", ["TNF"], (-1, "", "absent")),
    ],
)
def test_ensembl(gene, ids, expected):
    assert one(gene, ids, space="ensembl") == expected


def test_rows_beside_the_primary_one_are_named():
    (detail,) = resolve(["TNF"], list(TNF.ensembl[:2]), space="ensembl")["detail"]
    assert detail == f"of 2 rows of this gene; the others: {TNF.ensembl[1]}"


@pytest.mark.parametrize("ids", [["7124", "3569"], [7124, 3569], np.array([7124.0, 3569.0])])
def test_entrez_as_text_or_numbers(ids):
    found = resolve(["IL6", "TNF", "MMP1"], ids, space="entrez")
    assert found["position"].tolist() == [1, 0, -1]
    assert found["found_as"].tolist() == ["3569", "7124", ""]


@pytest.mark.parametrize(
    ("gene", "ids", "species", "expected"),
    [
        ("TNF", ["Tnf"], "mouse", (0, "Tnf", "ortholog")),
        ("TP53", ["Trp53"], "mouse", (0, "Trp53", "ortholog")),
        ("TBXT", ["T"], "mouse", (0, "T", "ortholog")),
        ("C5", ["Hc"], "mouse", (0, "Hc", "ortholog")),
        ("ATP5F1A", ["Atp5a1"], "mouse", (0, "Atp5a1", "ortholog")),
        ("ATP5F1A", ["Atp5a1", "Atp5f1a"], "mouse", (1, "Atp5f1a", "ortholog")),
        ("ERO1A", ["Ero1l"], "mouse", (0, "Ero1l", "ortholog")),
        ("WARS1", ["Wars"], "rat", (0, "Wars", "ortholog")),
        ("CXCL8", ["Cxcl15", "Il8"], "mouse", (-1, "", "no_ortholog")),
        ("MMP1", ["Mmp13", "Mmp1a", "Mmp1b"], "mouse", (-1, "", "no_ortholog")),
        ("CCL13", ["Ccl2"], "rat", (-1, "", "no_ortholog")),
        ("CXCL6", ["Cxcl5"], "mouse", (0, "Cxcl5", "ortholog")),
        ("CXCL5", ["Cxcl5"], "mouse", (-1, "", "no_ortholog")),  # CXCL6's: one row counts once
        ("CCR2", ["Ccr5"], "rat", (-1, "", "no_ortholog")),
        ("CCR5", ["Ccr5"], "rat", (0, "Ccr5", "ortholog")),
        ("Cxcl1", ["Cxcl1"], "mouse", (0, "Cxcl1", "exact")),
        ("TNF", ["TNF"], "mouse", (-1, "", "absent")),
    ],
)
def test_orthologs(gene, ids, species, expected):
    assert one(gene, ids, species=species) == expected


def test_orthologs_by_ensembl_and_what_is_not_known():
    assert one("TNF", ["ENSMUSG00000024401"], space="ensembl", species="mouse") == (
        0,
        "ENSMUSG00000024401",
        "ortholog",
    )
    (detail,) = resolve(["TNF"], ["21926"], space="entrez", species="mouse")["detail"]
    assert detail == "the entrez id of mouse Tnf is not in the table of genes"
    (detail,) = resolve(["CCL2"], ["Ccl2"], species="mouse")["detail"]
    assert detail == "not one-to-one in mouse: Ccl12, Ccl2"


@pytest.mark.parametrize("species", ["mouse", "rat"])
def test_no_rodent_row_serves_two_genes(species):
    names = [
        name
        for gene in known_genes().values()
        if not gene.orthologs[species].startswith(("none", "many"))
        for name in (gene.orthologs[species], *gene.ortholog_previous[species])
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"space": "ensemble"}, r"'ensemble' is no space of identifiers.*did you mean 'ensembl'\?"),
        ({"space": "unknown"}, r"'unknown' is no space.*symbol, ensembl, entrez.*Probes need"),
        ({"species": "mice"}, r"'mice' is no species.*Allowed: human, mouse, rat"),
    ],
)
def test_unknown_spaces_and_species_are_refused(kwargs, message):
    with pytest.raises(DataError, match=message):
        resolve(["TNF"], ["TNF"], **kwargs)


def test_ids_that_occur_twice_are_refused():
    with pytest.raises(DataError, match=r"'TNF' stands in two rows.*\(3 rows, 2 identifiers\)"):
        resolve(["TNF"], ["TNF", "IL6", "TNF"])


# --- the traps of names and species ---------------------------------------------------------


@pytest.mark.parametrize(
    ("gene", "ids", "species", "expected"),
    [
        # Alias tables of the mouse call Mmp13 Mmp1, and Cxcl15 Il8.
        ("MMP1", ["Mmp13", "Mmp1a", "Mmp1b"], "mouse", (-1, "", "no_ortholog")),
        ("MMP1", ["Mmp13", "Mmp1"], "rat", (-1, "", "no_ortholog")),
        ("MMP13", ["Mmp13"], "mouse", (0, "Mmp13", "ortholog")),
        ("CXCL8", ["Cxcl15", "Il8", "Cxcl1"], "mouse", (-1, "", "no_ortholog")),
        ("CXCL8", ["Cxcl1", "Cxcl2"], "rat", (-1, "", "no_ortholog")),
        # The MHC: one-to-one only where it is.
        ("HLA-DQA1", ["H2-Aa", "H2-Ab1"], "mouse", (0, "H2-Aa", "ortholog")),
        ("HLA-DRB1", ["H2-Eb1", "H2-Eb2"], "mouse", (-1, "", "no_ortholog")),
        ("HLA-DPB1", ["H2-Aa"], "mouse", (-1, "", "no_ortholog")),
        ("HLA-DRA", ["RT1-Da"], "rat", (0, "RT1-Da", "ortholog")),
        ("HLA-DRB1", ["RT1-Db1"], "rat", (-1, "", "no_ortholog")),
        # Genes that signatures have in rodents only.
        ("Nos2", ["Nos2"], "mouse", (0, "Nos2", "exact")),
        ("Chil3", ["Chi3l3"], "mouse", (0, "Chi3l3", "exact")),
        ("Chi3l3", ["Chil3"], "rat", (0, "Chil3", "exact")),
        ("H2-Eb1", ["H2-Aa", "H2-Eb1"], "mouse", (1, "H2-Eb1", "exact")),
        ("Retnla", ["RETNLA"], "human", (-1, "", "absent")),
    ],
)
def test_traps_of_species(gene, ids, species, expected):
    assert one(gene, ids, species=species) == expected


def test_rodent_genes_are_found_by_ensembl_and_said_to_lack_entrez():
    (ensembl,) = rodent_genes("mouse")["Chil3"]["ensembl"]
    assert one("Chil3", ["x", ensembl], space="ensembl", species="mouse") == (1, ensembl, "exact")
    (detail,) = resolve(["Chil3"], ["12655"], space="entrez", species="mouse")["detail"]
    assert detail == "the entrez id of mouse Chil3 is not in the table"


@pytest.mark.parametrize(
    ("gene", "ids", "expected"),
    [
        ("tnf", ["TNF"], (0, "TNF", "alias")),
        ("Trp53", ["TP53"], (0, "TP53", "alias")),
        ("Tnf", ["TNF"], (0, "TNF", "alias")),
        ("Cxcl1", ["CXCL1"], (-1, "", "absent")),  # not one-to-one: not guessed
        ("ACTB", ["ENSG00000075624"], (-1, "", "absent")),
        ("7124", ["TNF"], (0, "TNF", "alias")),
        ("MT-ND1", ["ND1"], (-1, "ND1", "ambiguous")),
        ("NHSL3", ["KIAA1522"], (0, "KIAA1522", "previous")),
    ],
)
def test_names_that_users_write(gene, ids, expected):
    assert one(gene, ids) == expected


def test_users_genes_are_translated_too():
    assert one("ACTB", ["ENSG00000075624"], space="ensembl") == (0, "ENSG00000075624", "exact")
    assert one("ACTB", ["60"], space="entrez") == (0, "60", "exact")
    assert one("ACTB", ["Actb"], species="mouse") == (0, "Actb", "ortholog")
    assert one("XIST", ["ENSG00000229807"], space="ensembl")[2] == "exact"


def test_a_name_of_several_genes_says_which():
    (detail,) = resolve(["FSP1"], ["ACTB"])["detail"]
    assert detail == "FSP1 is an alias of AIFM2, ATL1, S100A4: write which"


@pytest.mark.parametrize(
    ("name", "kind", "symbols"),
    [
        ("TNF", "approved", ("TNF",)),
        ("ACTB", "approved", ("ACTB",)),
        ("HK1", "approved", ("HK1",)),  # an alias of another gene too
        ("IL8", "outdated", ("CXCL8",)),
        ("MCP1", "outdated", ("CCL2",)),
        ("GBA", "outdated", ("GBA1",)),
        ("ATP5A1", "outdated", ("ATP5F1A",)),
        ("TMEM173", "outdated", ("STING1",)),
        ("FSP1", "ambiguous", ("AIFM2", "ATL1", "S100A4")),
        ("INOS", "ambiguous", ("ISYNA1", "NOS2")),
        ("NRF2", "ambiguous", ("GABPA", "NFE2L2")),
        ("tnf", "capitals", ("TNF",)),
        ("Trp53", "rodent", ("TP53",)),
        ("7124", "id", ("TNF",)),
        ("ENSG00000232810", "id", ("TNF",)),
        ("ENSG00000999999", "id", ()),
        ("MMP-1", "unknown", ("MMP1",)),
        ("IL-8", "outdated", ("CXCL8",)),
        ("TNFF", "unknown", ("TNF",)),
        ("QQQQQ", "unknown", ()),
    ],
)
def test_spelling(name, kind, symbols):
    assert spelling(name) == (kind, symbols)


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("P62", {"SQSTM1", "NUP62", "GTF2H1", "KHDRBS1", "IGF2BP2"}),
        ("COX2", {"PTGS2", "MT-CO2"}),
    ],
)
def test_names_of_many_owners(name, owners):
    found = spelling(name)
    assert found.kind == "ambiguous"
    assert owners <= {*found.symbols}


def test_rodent_spelling():
    assert all(rodent_spelling(g, "mouse") for g in ("Nos2", "Chil3", "H2-Eb1", "Cxcl2", "Actb"))
    assert not rodent_spelling("Noss2", "mouse")
    assert not rodent_spelling("Chil3", "rat")
    assert rodent_spelling("RT1-Db1", "rat")


# --- identify -------------------------------------------------------------------------------

GENES = list(ALL.genes)
ENSEMBL = [gene.ensembl[0] for gene in known_genes().values()]
MOUSE = [g.orthologs["mouse"] for g in known_genes().values()]
RAT = [g.orthologs["rat"] for g in known_genes().values()]


@pytest.mark.parametrize(
    ("ids", "space", "versioned", "species"),
    [
        (GENES, "symbol", False, "human"),
        (["TNF", "IL6", "GENE1"], "symbol", False, "human"),
        ([f"GENE{i}" for i in range(100)], "symbol", False, "unknown"),
        ([m for m in MOUSE if m != "none" and "|" not in m], "symbol", False, "mouse"),
        ([r for r in RAT if r != "none" and "|" not in r], "symbol", False, "rat"),
        (["IL8", "CTGF", "ATP5A1", "HLA-DRA", "AC012345.1"], "symbol", False, "human"),
        (ENSEMBL, "ensembl", False, "human"),
        ([f"{e}.14" for e in ENSEMBL], "ensembl", True, "human"),
        ([f"{e}.14_PAR_Y" for e in ENSEMBL], "ensembl", True, "human"),
        (["ENSMUSG00000024401", "ENSMUSG00000027398"], "ensembl", False, "mouse"),
        (["ENSRNOG00000070745.2", "ENSRNOG00000009822.1"], "ensembl", True, "rat"),
        ([*ENSEMBL, "__no_feature", "ERCC-00002"], "ensembl", False, "human"),
        (["7124", "3569", "4312"], "entrez", False, "human"),
        ([7124, 3569, 4312], "entrez", False, "human"),
        ([7124.0, 3569.0, 4312.0], "entrez", False, "human"),
        (list(range(900_000, 900_500)), "entrez", False, "unknown"),
        (["1007_s_at", "1053_at", "117_at", "200000_x_at"], "unknown", False, "unknown"),
        (["7124_at", "3569_at"], "unknown", False, "unknown"),
        (["ILMN_1343291", "ILMN_1651209"], "unknown", False, "unknown"),
        (["A_23_P100001", "A_23_P100011"], "unknown", False, "unknown"),
        (["TC0100006437.hg.1", "TC0100006438.hg.1"], "unknown", False, "unknown"),
        (["ENST00000456328.2", "ENST00000450305.2"], "unknown", False, "unknown"),
        (["ENSSSCG00000028996", "ENSBTAG00000006648"], "unknown", False, "unknown"),
        (["NM_000014.6", "XM_011520600.3"], "unknown", False, "unknown"),
        (["P01375", "P05231", "A0A024R161"], "unknown", False, "unknown"),
        ([f"AT{i}G01010" for i in range(1000)], "unknown", False, "unknown"),
        (["", "?", "--"], "unknown", False, "unknown"),
    ],
)
def test_identify(ids, space, versioned, species):
    found = identify(ids)
    assert (found.space, found.versioned, found.species) == (space, versioned, species)
    assert 0 <= found.fraction <= 1
    assert found.evidence


def test_identify_says_what_it_saw():
    assert identify(["1007_s_at", "TNF"]).evidence == "50% are Affymetrix probe sets, not genes"
    mixed = identify(["TNF", "IL6", "MMP1", "_x"])
    assert mixed.fraction == 0.75
    assert mixed.evidence == "75% look like symbols; 3 are human genes of the collection"


def test_identify_refuses_nothing():
    with pytest.raises(DataError, match=r"no gene identifiers"):
        identify([])


def test_sixty_thousand_ids_take_a_moment():
    symbols = [f"GENE{i}" for i in range(60_000 - len(GENES))] + GENES
    for ids, space in (
        (symbols, "symbol"),
        ([f"ENSG{i:011d}" for i in range(60_000)], "ensembl"),
        ([str(i) for i in range(60_000)], "entrez"),
    ):
        fastest = {"identify": 1.0, "resolve": 1.0}
        for _ in range(3):
            start = time.perf_counter()
            assert identify(ids).space == space
            between = time.perf_counter()
            resolve(GENES, ids, space=space)
            end = time.perf_counter()
            fastest["identify"] = min(fastest["identify"], between - start)
            fastest["resolve"] = min(fastest["resolve"], end - between)
        assert max(fastest.values()) < 0.3, (space, fastest)


# --- the table ------------------------------------------------------------------------------


def test_no_name_of_the_table_leads_to_two_genes():
    genes = known_genes()
    names = [n for g in genes.values() for n in (g.symbol, *g.previous, *g.aliases)]
    assert len(names) == len(set(names))
    ids = [n for g in genes.values() for n in (*g.ensembl, *g.entrez)]
    assert len(ids) == len(set(ids))
    # A former official symbol may be an alias elsewhere: SEPT2 was SEPTIN2, whoever else it names
    ambiguous = {n for g in genes.values() for n in g.ambiguous_aliases}
    assert not ambiguous & {n for g in genes.values() for n in (g.symbol, *g.aliases)}


def test_the_two_tables_give_no_name_twice():
    genes = [*table("genes.tsv"), *table("other_genes.tsv")]
    symbols = [g.symbol for g in genes]
    assert len(symbols) == len(set(symbols)) > 20_000
    names = [n for g in genes for n in (g.symbol, *g.previous, *g.aliases)]
    assert len(names) == len(set(names))
    ids = [n for g in genes for n in (*g.ensembl[:1], *g.entrez)]
    assert len(ids) == len(set(ids))
    for species in ("mouse", "rat"):
        once = [g.orthologs[species] for g in genes]
        once = [o for o in once if o != "none" and not o.startswith("many:")]
        assert len(once) == len(set(once))


def test_genes_that_rodents_have_for_themselves_are_no_ortholog_of_a_used_gene():
    """Else one row would count twice in a signature: NOS2 and Nos2 never stand together."""
    for species in ("mouse", "rat"):
        for gene in rodent_genes(species):
            human = named(gene)
            for s in ALL:
                edit = s.rodent.get(species)
                if edit and human and gene in edit.added:
                    assert human.symbol not in {*s.genes} - {*edit.dropped}, (s.id, gene)


def test_every_row_is_filled():
    for gene in known_genes().values():
        assert len(gene.entrez) == 1
        assert gene.ensembl
        assert all(gene.orthologs.values())


@pytest.mark.data
def test_the_table_is_what_its_sources_give(data_dir):
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "gene_sets/build_genes.py",
            data_dir.parent / "reference",
            "--check",
        ],
        capture_output=True,
        text=True,
    )
    names = ("genes.tsv", "other_genes.tsv", "rodent_genes.tsv")
    assert done.stdout.splitlines() == [f"{name} agrees" for name in names], done.stderr
    assert done.returncode == 0


# --- real data ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def macrophages(data_dir):
    path = data_dir / "macrophage_m1_m2_6studies" / "gene_counts.tsv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        rows = list(csv.reader(handle, delimiter="\t"))[1:]
    return {"ensembl": [row[0] for row in rows], "symbol": list(dict.fromkeys(r[1] for r in rows))}


@pytest.mark.data
@pytest.mark.parametrize("space", ["symbol", "ensembl"])
def test_every_core_signature_is_covered_in_the_macrophages(macrophages, space):
    ids = macrophages[space]
    assert identify(ids).space == space
    assert identify(ids).species == "human"
    found = resolve(ALL.genes, ids, space=space).set_index("gene")["position"]
    for signature in read_signatures():
        assert (found[list(signature.genes)] >= 0).mean() >= 0.9, signature.id
    # immunoglobulin and T-cell receptor genes are not protein-coding and not in this table
    assert set(found[found < 0].index) == {"IGHG1", "IGKC", "TRAC", "TRBC1"}


@pytest.mark.data
def test_symbols_of_2009_are_found(data_dir):
    path = data_dir.parent / "reference" / "genes" / "GPL96_probe_symbol_entrez.tsv.gz"
    platform = pd.read_csv(path, sep="\t", dtype=str)
    assert identify(platform["ID"].tolist()).space == "unknown"
    single = platform[~platform["Gene Symbol"].str.contains("///", na=True)]
    symbols = single["Gene Symbol"].drop_duplicates().tolist()
    entrez = single["ENTREZ_GENE_ID"].drop_duplicates().tolist()
    found = resolve(ALL.genes, symbols).set_index("gene")
    assert (found["status"] == "previous").sum() == 44
    # The same platform by number: what the symbols miss, the numbers show
    numbers = resolve(ALL.genes, entrez, space="entrez").set_index("gene")
    missed = found.index[(found["position"] < 0) & (numbers["position"] >= 0)]
    assert set(missed) <= {"LOXL2"}
    pairs = single.drop_duplicates("Gene Symbol").set_index("Gene Symbol")["ENTREZ_GENE_ID"]
    both = found[(found["position"] >= 0) & (numbers["position"] >= 0)]
    assert (pairs[both["found_as"]].to_numpy() == numbers.loc[both.index, "found_as"]).all()


@pytest.mark.data
def test_the_mouse_disc_by_symbol_and_by_ensembl_agree(data_dir):
    h5py = pytest.importorskip("h5py")
    path = next((data_dir / "mouse_disc_visium").rglob("*.h5"))
    with h5py.File(path) as store:
        features = store["matrix/features"]
        names = [name.decode() for name in features["name"][:]]
        ids = [name.decode() for name in features["id"][:]]
    assert identify(names).species == identify(ids).species == "mouse"
    once = list(dict.fromkeys(names))
    by_name = resolve(ALL.genes, once, species="mouse")
    by_id = resolve(ALL.genes, ids, space="ensembl", species="mouse")
    found = (by_name["status"] == "ortholog").to_numpy()
    assert found.sum() > 0.85 * len(ALL.genes)
    same = by_id["position"].to_numpy()[found]
    assert [names[p] for p in same if p >= 0] == [
        n for n, p in zip(by_name["found_as"][found], same, strict=True) if p >= 0
    ]
    assert (same >= 0).mean() > 0.99
