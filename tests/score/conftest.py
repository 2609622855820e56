"""Small matrices for the tests of scoring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

Make = Callable[..., AnnData]


@pytest.fixture
def make_adata() -> Make:
    """Samples s0, s1, ... x genes g000, g001, ... (or as named) from an array."""

    def make(X: Any, genes: list[str] | None = None, samples: list[str] | None = None) -> AnnData:
        return AnnData(
            X,
            obs=pd.DataFrame(index=samples or [f"s{i}" for i in range(X.shape[0])]),
            var=pd.DataFrame(index=genes or [f"g{i:03d}" for i in range(X.shape[1])]),
        )

    return make


@pytest.fixture
def tied(rng: np.random.Generator) -> np.ndarray:
    """8 samples x 60 genes like counts of cells: two thirds are zeros, many values tie."""
    return rng.poisson(0.45, (8, 60)).astype(float)


@pytest.fixture
def sets() -> dict[str, Any]:
    """One signature of one direction, one of two, one downwards."""
    genes = [f"g{i:03d}" for i in range(60)]
    return {
        "one": genes[:12],
        "two": {"up": genes[8:20], "down": genes[20:29]},
        "falling": {"down": genes[30:37]},
    }
