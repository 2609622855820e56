"""Sample sheets for the tests of comparisons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mechanisms.compare import Contrast, Design, build_design, build_units


@pytest.fixture
def sheet() -> Callable[[int, int], pd.DataFrame]:
    """A sheet of n target and m reference samples, each from a donor of its own."""

    def make(n: int, m: int) -> pd.DataFrame:
        rng = np.random.default_rng(5)
        total = n + m
        return pd.DataFrame(
            {
                "outcome": ["resorbing"] * n + ["non_resorbing"] * m,
                "donor": [f"P{i:03d}" for i in range(total)],
                "age": rng.integers(25, 65, total),
                "sex": rng.choice(["female", "male"], total),
            },
            index=pd.Index([f"S{i:03d}" for i in range(total)], name="sample"),
        )

    return make


@pytest.fixture
def designed() -> Callable[..., Design]:
    """The design of a sheet, the contrast given as keywords."""

    def make(obs: pd.DataFrame, **words: object) -> Design:
        contrast = contrast_of(**words)
        return build_design(build_units(obs, contrast), contrast)

    return make


def contrast_of(**words: object) -> Contrast:
    usual = {"variable": "outcome", "target": "resorbing", "reference": "non_resorbing"}
    return Contrast(**{**usual, "donor": "donor", **words})  # type: ignore[arg-type]


@pytest.fixture
def contrast() -> Callable[..., Contrast]:
    """Resorbing against non-resorbing by `outcome`, donors in `donor`, changed by keywords."""
    return contrast_of
