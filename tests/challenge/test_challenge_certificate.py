"""The certificate: what a study says when nothing is regulated, on simulated studies."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mechanisms import plan
from mechanisms import score as scoring
from mechanisms.challenge import (
    certificate_of_study,
    genes_of_study,
    panel_expression,
    prepare,
    sets_of_study,
)
from mechanisms.challenge.certificate import ANY, CERTIFICATE_COLUMNS, cell_direction
from mechanisms.cohort import load
from mechanisms.compare import family
from mechanisms.compare.genes import GENE_COLUMNS
from mechanisms.simulate import simulate_cohort
from mechanisms.study import make_study


def study_of(donor="donor_id", tissue="herniation"):
    return make_study(
        {
            "study": "tested",
            "data": {"matrix": "none", "tissue": tissue},
            "design": {
                "variable": "outcome",
                "target": "resorbing",
                "reference": "non_resorbing",
                "label_basis": "simulated",
                "donor": donor,
            },
        }
    )


class Room:
    """A loaded cohort with everything that a certificate takes."""

    def __init__(self, n=10, *, regulated=None, macrophages=(0.1, 0.1), donor="donor_id", seed=3):
        study = study_of(donor)
        simulated, _ = simulate_cohort(
            n, n, regulated=regulated or {}, macrophages=macrophages, n_genes=2500, seed=seed
        )
        self.cohort = load(simulated, tissue="herniation", scale="counts")
        self.collection = plan.collection_of(study)
        self.units, self.design = plan.design_of(study, self.cohort.obs)
        members = scoring.score_members(self.cohort, self.collection, ["singscore"])["singscore"]
        self.scores = self.units.average(members)
        self.again = prepare(self.cohort, self.units, self.collection, "singscore")
        self.panel = panel_expression(self.cohort, self.units, self.collection)

    def certificate(self, unadjusted="", seed=1):
        return certificate_of_study(
            self.scores,
            self.panel,
            self.again,
            self.design,
            self.collection,
            unadjusted=unadjusted,
            seed=seed,
        )


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture(scope="module")
def certificate(room):
    return room.certificate()


def test_it_has_a_row_for_each_mechanism_and_one_for_any(room, certificate):
    assert tuple(certificate.columns) == CERTIFICATE_COLUMNS
    assert certificate["signature"].tolist() == [ANY, *family(room.collection)]
    assert certificate["draws"].eq(500).all()


def test_little_is_claimed_from_nothing_or_from_cells_alone(certificate):
    first = certificate.iloc[0]
    assert first["false_claims"] <= 0.06
    assert first["cells_alone"] <= 0.15
    assert (certificate["false_claims"].iloc[1:] <= first["false_claims"]).all()


def test_large_shifts_are_seen_and_smaller_ones_less_often(certificate):
    rows = certificate.iloc[1:]
    assert rows["smallest_shift"].notna().mean() > 0.8
    seen = rows.dropna(subset="smallest_shift")
    assert (seen["claimed_share"] >= 0.8).all()
    assert (seen["smallest_shift"] >= 0.25).all()


def test_more_donors_see_smaller_shifts(certificate):
    larger = Room(20).certificate()
    assert larger["smallest_shift"].median() < certificate["smallest_shift"].median()


def test_the_true_groups_do_not_shape_what_is_claimed_from_nothing(certificate):
    moved = Room(regulated={"matrix_aggrecanase": 4.0}).certificate()
    assert moved.iloc[0]["false_claims"] <= 0.1


def test_the_same_seed_gives_the_same_certificate(room, certificate):
    pd.testing.assert_frame_equal(room.certificate(), certificate)
    assert not room.certificate(seed=2).equals(certificate)


def test_without_composition_cells_alone_is_not_asked(room):
    table = room.certificate(unadjusted="purified cells")
    assert table["cells_alone"].isna().all()
    assert table.iloc[0]["false_claims"] <= 0.06


@pytest.mark.parametrize("changes", [{"n": 4}, {"donor": "unknown"}])
def test_a_study_that_makes_no_claims_has_no_certificate(changes):
    assert Room(**changes).certificate().empty


def test_cells_move_genes_of_the_panel_and_not_the_groups_difference(room):
    panel = room.panel.to_numpy()
    direction = cell_direction(room.again.expression, panel, room.design)
    place = {s: i for i, s in room.again.symbols.items()}
    macrophage = [place[g] for g in room.collection["content_macrophage"].up if g in place]
    assert np.median(direction[macrophage]) > 0.2
    assert abs(np.median(direction)) < 0.1
    # A difference between the groups alone is not a direction of cells.
    shifted = room.again.expression + 5.0 * room.design.target[:, None]
    again = cell_direction(shifted, panel, room.design)
    assert_allclose(again, direction, atol=1e-8)


def test_genes_and_sets_are_tested_beside_the_scores(room):
    genes = genes_of_study(room.again, room.design)
    assert list(genes.columns) == [GENE_COLUMNS[0], "symbol", *GENE_COLUMNS[1:]]
    assert set(genes["gene"]) <= set(room.cohort.var_names)
    assert genes.loc[genes["gene"] == "MMP1", "symbol"].tolist() in ([], ["MMP1"])
    sets = sets_of_study(room.again, room.design, room.collection)
    assert sets["signature"].tolist() == list(room.collection.ids)
    assert sets["fry_p"].between(0, 1).all()


def test_shifted_scores_are_those_of_a_shifted_matrix(room):
    name = "matrix_mmp"
    moved = room.cohort.copy()
    up, _ = room.again.sets[name]
    moved.X[:, up] += 1.0
    expected = room.units.average(scoring.score(moved, room.collection))[name]
    got = room.again.shifted(1.0, [name])[name]
    assert_allclose(got, expected, rtol=1e-12)
