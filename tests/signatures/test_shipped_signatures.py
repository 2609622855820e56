"""The shipped collection: the ids others rely on, and promises its files make."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from importlib.resources import files
from itertools import combinations

import pytest

from mechanisms.genes import known_genes
from mechanisms.signatures import for_species, overlap, read_signatures, strict

CORE = [
    "inflammation_pro",
    "inflammation_resolution",
    "nfkb_targets",
    "monocyte_chemotaxis",
    "macrophage_m1",
    "macrophage_m2",
    "macrophage_lam",
    "efferocytosis",
    "matrix_mmp",
    "matrix_aggrecanase",
    "matrix_inhibitor",
    "matrix_synthesis",
    "matrix_fibrosis",
    "hydration_osmotic",
    "angiogenesis_pro",
    "angiogenesis_anti",
    "hypoxia_hif",
    "ferroptosis_driver",
    "ferroptosis_suppressor",
    "oxidative_producer",
    "oxidative_nrf2",
    "oxidative_antioxidant",
    "mitochondria_oxphos",
    "mitophagy",
    "autophagy_initiation",
    "autophagy_lysosome",
    "apoptosis_pro",
    "apoptosis_anti",
    "immune_antigen_presentation",
    "immune_t_cell",
    "immune_privilege",
    "content_macrophage",
    "content_endothelial",
    "content_neutrophil",
    "endplate_calcified",
    "identity_np",
    "identity_af_ligament",
    "contamination_blood",
    "stress_dissociation",
]
BALANCES = [
    "balance_inflammation",
    "balance_macrophage",
    "balance_efferocytosis",
    "balance_matrix",
    "balance_angiogenesis",
    "balance_ferroptosis",
    "balance_redox",
    "balance_autophagy",
    "balance_apoptosis",
    "balance_immune",
]
SAID = [
    "title",
    "high_means",
    "basis",
    "rna_cannot_show",
    "assay",
    "evidence",
    "cautions",
    "curator",
    "side",
]
ALL = read_signatures("all")


def test_the_promised_ids_are_core():
    core = read_signatures()
    assert sorted(core.ids) == sorted(CORE)
    assert sorted(b.id for b in core.balances) == sorted(BALANCES)


def test_tiers_make_up_the_whole():
    extended = read_signatures("extended")
    assert len(ALL) == 57
    assert len(extended) == 18
    assert {b.id for b in ALL.balances} == {*BALANCES, "balance_mitochondria"}
    assert [b.id for b in extended.balances] == ["balance_mitochondria"]


def test_the_composition_panel():
    assert set(read_signatures().panel().ids) == {
        "content_macrophage",
        "content_endothelial",
        "content_neutrophil",
        "immune_t_cell",
    }


@pytest.mark.parametrize("signature", ALL, ids=lambda s: s.id)
def test_every_signature_says_what_it_is(signature):
    for field in SAID:
        assert getattr(signature, field), field
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", signature.date)
    assert re.fullmatch(r"\d+\.\d+", signature.version)
    assert signature.citations
    for citation in signature.citations:
        assert re.fullmatch(r"PMID \d+|PMC\d+|doi 10\.\S+|unverified: .+", citation), citation
    assert bool(signature.strict_without) == bool(signature.strict_reason)


@pytest.mark.parametrize("signature", ALL, ids=lambda s: s.id)
def test_what_was_seen_stands_in_the_evidence(signature):
    """No citation without the sentence that it supports."""
    for citation in signature.citations:
        if not citation.startswith("unverified"):
            assert citation.removeprefix("doi ") in signature.evidence, citation


@pytest.mark.parametrize("species", ["human", "mouse", "rat"])
def test_every_direction_can_be_measured(species):
    for signature in for_species(ALL, species):
        assert min(map(len, signature.directions.values())) >= 5, signature.id
    # The strict M2b is four genes, and says that all of them must be found.
    for signature in strict(for_species(ALL, species)):
        least = 4 if signature.id == "macrophage_m2b" else 5
        assert min(map(len, signature.directions.values())) >= least, signature.id


def test_one_of_two_mechanisms_that_share_a_gene_drops_it_in_its_strict_variant():
    for one, other in combinations(ALL, 2):
        if one.mechanism != other.mechanism:
            shared = {*one.genes} & {*other.genes}
            left = shared - {*one.strict_without, *other.strict_without}
            assert not left, (one.id, other.id)
    dropped = {s.id: set(s.strict_without) for s in ALL}
    assert {"HMOX1", "ATG5", "ATG7", "BECN1"} <= dropped["ferroptosis_driver"]
    overlap_of_nrf2 = {"SLC7A11", "GCLC", "GCLM", "FTH1", "FTL", "NQO1", "TXNRD1", "GSR", "AKR1C1"}
    assert overlap_of_nrf2 <= dropped["ferroptosis_suppressor"] & dropped["oxidative_nrf2"]
    assert {"ATG5", "ATG7", "BECN1"} <= dropped["autophagy_initiation"]
    assert "HMOX1" in dropped["oxidative_nrf2"] & dropped["ferroptosis_iron"]


def test_a_gene_that_two_mechanisms_share_has_a_note_in_each():
    homes = defaultdict(set)
    for signature in ALL:
        for gene in signature.genes:
            homes[gene].add(signature.mechanism)
    bare = [
        (s.id, gene)
        for s in ALL
        for gene in s.genes
        if len(homes[gene]) > 1 and gene not in s.gene_notes
    ]
    assert not bare


def test_notes_name_signatures_that_hold_the_gene():
    """'also matrix_mmp' is true."""
    for signature in ALL:
        for gene, note in signature.gene_notes.items():
            told = note.partition("also ")[2]
            for id in set(re.findall(r"\b[a-z]+_[a-z0-9_]+", told)) & {*ALL.ids}:
                assert gene in ALL[id].genes, (signature.id, gene, id)


def test_no_exact_duplicate_and_no_unexplained_near_duplicate():
    for species in ("human", "mouse", "rat"):
        assert overlap(for_species(ALL, species))["jaccard"].max() < 0.5


def test_what_differs_in_rodents():
    mouse, rat = for_species(ALL, "mouse"), for_species(ALL, "rat")
    assert "Nos2" in mouse["macrophage_m1"].up
    for id in ("macrophage_m2", "macrophage_m2a"):
        assert {"Arg1", "Chil3", "Retnla"} <= {*mouse[id].up}
        assert {"Arg1", "Chi3l3", "Retnla"} <= {*rat[id].up}
    assert "MMP1" not in mouse["matrix_mmp"].up
    assert "MMP13" in mouse["matrix_mmp"].up
    assert {"H2-Eb1", "HLA-DQA1"} <= {*mouse["immune_antigen_presentation"].up}
    assert "HLA-DRA" not in mouse["immune_antigen_presentation"].up
    assert "RT1-Db1" in rat["immune_antigen_presentation"].up
    assert all(s.rodent_reason for s in ALL if s.rodent)
    assert {s.id for s in ALL if "NOS2" in s.genes} == {"oxidative_producer"}


@pytest.mark.data
def test_comparators_exist_where_the_public_files_hold_them(data_dir):
    folder = data_dir.parent / "reference" / "gene_sets"

    def first_cells(name):
        opened = gzip.open if name.endswith(".gz") else open
        with opened(folder / name, "rt", encoding="utf-8") as lines:
            return [line.split("\t")[:2] for line in lines]

    hallmark = {a for a, _ in first_cells("h.all.v2023.1.Hs.symbols.gmt")}
    reactome = {a for a, _ in first_cells("c2.cp.reactome.v2023.1.Hs.symbols.gmt")}
    pathways = {a.split("%")[-1] for a, _ in first_cells("wikipathways_human_2026-08-22.gmt")}
    processes = {b for _, b in first_cells("GO_BP_human_org.Hs.eg.db_3.16.gmt.gz")}
    # Large or small sets that the file leaves out, and terms of the other two ontologies.
    elsewhere = {"GO:0001525", "GO:0043066", "GO:0005764", "GO:0061909", "GO:0061753"}
    elsewhere |= {"GO:0097707", "GO:0110076", "GO:0006954", "GO:0061702", "GO:0030167"}
    elsewhere |= {"GO:0007005", "GO:0016209"}
    checked = 0
    for signature in ALL:
        for comparator in signature.comparators:
            names = set(re.findall(r"HALLMARK_\w+|REACTOME_\w+|WP\d+|GO:\d+", comparator))
            checked += len(names)
            assert names <= hallmark | reactome | pathways | processes | elsewhere, signature.id
            assert ("R-HSA-" in comparator) == ("REACTOME_" in comparator), signature.id
    assert checked > 80


@pytest.mark.parametrize("balance", ALL.balances, ids=lambda b: b.id)
def test_the_sides_of_a_balance_share_no_gene(balance):
    def genes(members):
        for member in members:
            stem, _, direction = member.partition(":")
            yield from ALL[stem].directions[direction] if direction else ALL[stem].genes

    assert balance.reading
    assert not set(genes(balance.plus)) & set(genes(balance.minus))


def test_every_gene_is_an_approved_symbol_of_the_table():
    assert not set(ALL.genes) - set(known_genes())
    assert len(ALL.genes) == 1030


def test_each_file_holds_one_mechanism_and_says_how_to_edit_it():
    for entry in files("mechanisms.gene_sets").iterdir():
        if entry.name.endswith(".yaml"):
            text = entry.read_text(encoding="utf-8")
            assert text.startswith("# ")
            assert "# To edit:" in text
            assert set(re.findall(r"^  mechanism: (\w+)$", text, re.MULTILINE)) == {
                entry.name.removesuffix(".yaml")
            }
