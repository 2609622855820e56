"""The collection on public data: a check of it, by which no gene was chosen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mechanisms as mech
from mechanisms.genes import resolve
from mechanisms.signatures import for_species, read_signatures

pytestmark = pytest.mark.data
ROOT = Path(__file__).resolve().parents[2]
ALL = read_signatures("all")
# M1 against M2a within each study: Hedges g of M1, M2 and M2a, singscore.
STATES = ("macrophage_m1", "macrophage_m2", "macrophage_m2a")


def hedges_g(x: np.ndarray, y: np.ndarray) -> float:
    n, m = len(x), len(y)
    pooled = ((n - 1) * x.var(ddof=1) + (m - 1) * y.var(ddof=1)) / (n + m - 2)
    return float((x.mean() - y.mean()) / np.sqrt(pooled) * (1 - 3 / (4 * (n + m) - 9)))


@pytest.fixture(scope="module")
def macrophages(data_dir):
    folder = data_dir / "macrophage_m1_m2_6studies"
    return mech.load(
        folder / "gene_counts.tsv.gz",
        folder / "metadata.tsv",
        tissue="purified_cells",
        scale="counts",
    )


def test_macrophage_states_keep_their_direction_in_six_of_six_studies(macrophages, record_property):
    scores = mech.score(macrophages, ALL.select(ids=STATES))
    estimates = {}
    for study, obs in macrophages.obs.groupby("bioproject", observed=True):
        by_state = {s: scores.loc[obs.index[obs["state"] == s]] for s in ("M1", "M2a")}
        estimates[study] = {
            id: round(hedges_g(by_state["M1"][id].to_numpy(), by_state["M2a"][id].to_numpy()), 2)
            for id in STATES
        }
    table = pd.DataFrame(estimates).T
    record_property("hedges_g_m1_minus_m2a", json.dumps(estimates))
    print(table.to_string())
    assert len(table) == 6
    assert (table["macrophage_m1"] > 0).all(), table
    assert (table["macrophage_m2"] < 0).all(), table
    assert (table["macrophage_m2a"] < 0).all(), table
    reported = (ROOT / "gene_sets" / "README.md").read_text(encoding="utf-8")
    for study, row in table.iterrows():
        cells = " | ".join(f"{g:.2f}" for g in row)
        assert f"| {study} | {cells} |" in reported


def test_every_core_direction_is_covered_in_the_macrophages(macrophages):
    table = mech.coverage(macrophages, "core")
    assert table["fraction"].min() >= 0.9
    assert table["measurable"].all()


def test_steroid_genes_that_fake_m2c_are_flagged_by_the_notes(data_dir):
    counts = pd.read_csv(data_dir / "airway" / "airway_rawcounts.csv", index_col=0)
    sheet = pd.read_csv(data_dir / "airway" / "airway_metadata.csv").set_index("id")
    logs = np.log2(counts / counts.sum() * 1e6 + 0.5)
    paired = []
    for _, donor in sheet.groupby("celltype"):
        treated, control = (donor.index[donor["dex"] == d][0] for d in ("treated", "control"))
        paired.append(logs[treated] - logs[control])
    change = pd.concat(paired, axis=1)
    expressed = counts.mean(axis=1) > 10

    def rises(genes):
        found = resolve(genes, list(counts.index), space="ensembl").query("position >= 0")
        rows = found.set_index("gene")["position"]
        return {
            g
            for g, p in rows.items()
            if expressed.iloc[p] and change.iloc[p].min() > 0.5 and change.iloc[p].mean() > 1
        }

    faked = rises(ALL["macrophage_m2c"].genes)
    assert faked == {"CD163"}
    for id in ("macrophage_m2c", "macrophage_m2", "macrophage_m2a", "inflammation_resolution"):
        for gene in rises(ALL[id].genes):
            assert "steroid" in ALL[id].gene_notes[gene], (id, gene)
    assert "confounder_glucocorticoid" in ALL["macrophage_m2c"].cautions
    steroid = ALL["confounder_glucocorticoid"]
    assert rises(steroid.genes) == {*steroid.genes}
    for gene in ("FKBP5", "TSC22D3"):
        assert steroid.gene_notes[gene] == "steroid-induced; would fake macrophage_m2c"
        assert gene not in ALL["macrophage_m2c"].genes


def test_every_gene_without_a_mouse_ortholog_is_named_with_its_reason(data_dir):
    h5py = pytest.importorskip("h5py")
    path = next((data_dir / "mouse_disc_visium").rglob("*.h5"))
    with h5py.File(path) as store:
        names = list(dict.fromkeys(n.decode() for n in store["matrix/features/name"][:]))
    mouse = for_species(ALL, "mouse")
    found = resolve(mouse.genes, names, species="mouse").set_index("gene")
    lost = found[found["position"] < 0]
    no_ortholog = lost[lost["status"] == "no_ortholog"]
    assert len(no_ortholog) > 40
    assert (no_ortholog["detail"] != "").all()
    assert no_ortholog.loc["CXCL8", "detail"] == "no mouse ortholog"
    assert no_ortholog.loc["CCR1", "detail"] == "not one-to-one in mouse: Ccr1, Ccr1l1"
    assert no_ortholog.loc["CXCL5", "detail"] == (
        "not one-to-one: mouse Cxcl5 is the ortholog of another human gene too"
    )
    assert set(lost["status"]) == {"no_ortholog", "absent"}
    # What is lost because rodents differ is named in the signature's own reason.
    for before in ALL:
        gone = {*before.genes} - {*mouse[before.id].genes}
        assert bool(gone) <= bool(before.rodent_reason)
    # All that a core signature needs to be scored in mouse; this slide's probes lack some genes.
    core = [s for s in mouse if s.tier == "core"]
    known = resolve(mouse.genes, sorted(_mouse_symbols()), species="mouse").set_index("gene")
    for s in core:
        for direction, genes in s.directions.items():
            share = (known.loc[list(genes), "position"] >= 0).mean()
            assert share >= 0.6, (s.id, direction, share)


def _mouse_symbols() -> set[str]:
    from mechanisms.genes.tables import rodent_genes, table

    names = {g.orthologs["mouse"] for g in table("genes.tsv")}
    return {n for n in names if n != "none" and "many:" not in n} | {*rodent_genes("mouse")}
