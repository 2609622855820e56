"""The shipped collection: the ids others rely on, and promises its files make."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from mechanisms.genes import known_genes
from mechanisms.signatures import read_signatures

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
    assert (signature.date, signature.version) == ("2026-11-20", "1.0")
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


@pytest.mark.parametrize("signature", ALL, ids=lambda s: s.id)
def test_every_direction_can_be_measured(signature):
    variants = [signature, signature.strict()] if signature.strict_without else [signature]
    for variant in variants:
        assert min(map(len, variant.directions.values())) >= 5


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
