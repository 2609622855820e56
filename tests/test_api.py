"""Python: the names of the contract, their signatures, and `compare` in one line."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from numpy.testing import assert_allclose
from scipy import stats

import mechanisms as mech
from mechanisms import vocabulary as words
from mechanisms.errors import DataError, DesignError, SignatureError

VERBS = [name for name in mech.__all__ if name != "__version__"]


@pytest.fixture(scope="module")
def cohort() -> AnnData:
    adata, _ = mech.simulate_cohort(6, 6, n_genes=1000, seed=3)
    return mech.load(adata, tissue="herniation", scale="counts")


# --- names and signatures ---------------------------------------------------------------------


def test_the_names_of_the_contract_are_there():
    wanted = (
        "read_study load read_signatures coverage score compare simulate_cohort write_report run"
    )
    assert set(wanted.split()) <= set(mech.__all__)
    assert set(mech.__all__) <= set(dir(mech))
    for name in wanted.split():
        assert callable(getattr(mech, name)), name
    with pytest.raises(AttributeError, match="has no attribute 'scroe'"):
        _ = mech.scroe


@pytest.mark.parametrize("name", VERBS)
def test_signature_conventions(name: str):
    """At most three positional parameters, everything documented, one return type."""
    function = getattr(import_module(mech._WHERE[name]), name)
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    assert len(positional) <= 3
    assert not [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    assert all(p.annotation is not p.empty for p in parameters)
    assert function.__annotations__.get("return")
    assert function.__doc__


@pytest.mark.parametrize(
    "imports",
    [
        "import mechanisms.score, mechanisms.compare",
        "import mechanisms.compare.run, mechanisms.score.run",
        "from mechanisms import compare, score",
        "import mechanisms.pipeline, mechanisms.api",
        "mech.score, mech.compare; import mechanisms.score, mechanisms.compare",
    ],
)
def test_score_and_compare_stay_callable_when_their_rooms_are_imported(imports: str):
    code = (
        f"import mechanisms as mech\n{imports}\n"
        "import pandas as pd\n"
        "calls = (lambda: mech.score(None, 'cor'), lambda: mech.compare(pd.DataFrame(), 'x'))\n"
        "for call in calls:\n"
        "    try:\n"
        "        call()\n"
        "    except Exception as error:\n"
        "        print(type(error).__name__)\n"
        "assert mech.score.METHODS and mech.compare.Contrast\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "SignatureError\nDataError\n", done.stderr


def test_importing_the_package_is_light():
    code = "import sys, mechanisms; print(sorted({'numpy', 'pandas', 'scanpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- compare ----------------------------------------------------------------------------------


def test_compare_in_one_line(cohort: AnnData):
    before = cohort.copy()
    effects = mech.compare(cohort, "outcome", donor="donor_id")
    assert list(effects.columns) == list(words.EFFECT_COLUMNS)
    scores = mech.score(cohort)
    assert list(effects["signature"]) == list(scores.columns)
    target = (cohort.obs["outcome"] == "resorbing").to_numpy()
    test = stats.ttest_ind(scores[target], scores[~target])
    assert_allclose(effects["p_value"], test.pvalue, rtol=1e-9)
    family = effects["fdr"].notna()
    core = mech.read_signatures("core")
    assert set(effects.loc[family, "signature"]) == {s.id for s in core if s.role == "mechanism"}
    q = stats.false_discovery_control(effects.loc[family, "p_value"])
    assert_allclose(effects.loc[family, "fdr"], q)
    assert_allclose(cohort.X, before.X)
    assert list(cohort.obsm) == []


def test_scores_with_their_sheet_give_the_same(cohort: AnnData):
    scores = mech.score(cohort)
    mixed = scores.sample(frac=1, random_state=1)
    effects = mech.compare(mixed, "outcome", donor="donor_id", obs=cohort.obs)
    expected = mech.compare(cohort, "outcome", donor="donor_id")
    pd.testing.assert_frame_equal(
        effects.drop(columns="coverage"), expected.drop(columns="coverage")
    )
    assert effects["coverage"].isna().all(), "a frame of scores knows no genes"


def test_own_signatures_and_other_methods(cohort: AnnData):
    own = {
        "mine": list(cohort.var_names[:12]),
        "both": {"up": list(cohort.var_names[20:30]), "down": list(cohort.var_names[40:50])},
    }
    for method in ("singscore", "ssgsea", "zscore"):
        effects = mech.compare(
            cohort, "outcome", donor="each_sample", signatures=own, method=method
        )
        assert list(effects["signature"]) == ["mine", "both"]
        assert set(effects["method"]) == {method}
        assert effects["p_value"].notna().all()


def test_samples_outside_the_comparison_change_nothing(cohort: AnnData):
    """zscore looks at the other samples: only the compared ones count, as in `run`."""
    obs = cohort.obs.assign(outcome=cohort.obs["outcome"].astype(object))
    wider = cohort.copy()
    wider.obs = obs
    wider.obs.loc[wider.obs_names[[0, 7]], "outcome"] = "unclear"
    inside = wider[wider.obs["outcome"] != "unclear"].copy()
    for method in ("singscore", "zscore"):
        a = mech.compare(wider, "outcome", donor="each_sample", method=method)
        b = mech.compare(inside, "outcome", donor="each_sample", method=method)
        pd.testing.assert_frame_equal(a, b)


def test_unknown_donors_are_the_default_and_are_not_tested(cohort: AnnData):
    effects = mech.compare(cohort, "outcome")
    assert effects["estimate"].notna().all()
    assert effects[["p_value", "fdr"]].isna().all().all()


def test_refusals(cohort: AnnData):
    scores = mech.score(cohort)
    with pytest.raises(DataError, match=r"without a sample sheet; give it as obs=adata.obs"):
        mech.compare(scores, "outcome")
    with pytest.raises(DesignError, match=r"'outcom', .* did you mean 'outcome'\?"):
        mech.compare(cohort, "outcom")
    with pytest.raises(DesignError, match=r"design.target is 'resorbed'"):
        mech.compare(cohort, "outcome", target="resorbed")
    with pytest.raises(SignatureError, match=r"1 columns of the scores, such as 'mine', are"):
        mech.compare(scores.assign(mine=1.0), "outcome", obs=cohort.obs)
    with pytest.raises(DesignError, match=r"3 of 12 compared samples have no row of scores, such"):
        mech.compare(scores.iloc[3:], "outcome", obs=cohort.obs)
    with pytest.raises(DataError, match=r"sample 'D01' stands twice in scores"):
        mech.compare(pd.concat([scores, scores.iloc[:1]]), "outcome", obs=cohort.obs)
    twice = cohort.copy()
    twice.obs_names = ["D01", *twice.obs_names[:-1]]
    with pytest.raises(DataError, match=r"sample 'D01' stands twice in adata.obs_names"):
        mech.compare(twice, "outcome")


def test_a_constant_sample_is_left_out_of_the_test(cohort: AnnData):
    flat = cohort.copy()
    flat.X = np.array(flat.X)
    flat.X[0] = 5.0
    effects = mech.compare(flat, "outcome", donor="donor_id", method="zscore")
    rest = mech.compare(flat[1:].copy(), "outcome", donor="donor_id", method="zscore")
    columns = [c for c in effects.columns if c != "note"]
    pd.testing.assert_frame_equal(effects[columns], rest[columns])
    assert effects["note"].str.startswith("1 of 12 units have no score").all()
