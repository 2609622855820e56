"""What the report is told: one value that holds every frame it may show, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from mechanisms.errors import DataError
from mechanisms.vocabulary import (
    COMPOSITION_COLUMNS,
    COVERAGE_COLUMNS,
    EFFECT_COLUMNS,
    ROBUSTNESS_COLUMNS,
)

if TYPE_CHECKING:
    from mechanisms.signatures import Collection

DESIGN_KEYS = (
    "contrast",  # "resorbing vs non_resorbing"
    "variable",
    "target",
    "reference",
    "n_target",
    "n_reference",
    "n_pairs",  # None when unpaired
    "units",  # donors | samples declared independent | samples, donors unknown
    "level",  # describe | descriptive | tested
    "level_text",
    "label_basis",
    "label_text",
    "tissue",
    "tissue_note",
    "method",  # the primary scorer
    "test_text",
    "adjustment_text",
    "components",
    "p_floor",
    "detectable_g",
    "family",  # ids of the signatures that are tested together
    "formula",
    "covariates",
    "batch",
    "gates_text",  # which gates of the claim function were not applied
)
NOTICE_COLUMNS = ("topic", "text")
SCORE_KEYS = ("unit", "donor", "group", "cell_type")  # then one column a signature or balance
SENSITIVITY_COLUMNS = ("unit", "group", "method", "signature", "score")
SIDE_COLUMNS = ("unit", "group", "balance", "side", "score")  # side: plus | minus
TRUTH_COLUMNS = ("signature", "truth", "planted_sd")


@dataclass(frozen=True)
class Findings:
    """Everything the report may say. Frames are tidy and are not modified."""

    title: str
    study: dict[str, Any]
    """The normalised study file, plain values that JSON can hold."""
    design: dict[str, Any]
    """The facts of the comparison: every key of ``DESIGN_KEYS``."""
    notices: pd.DataFrame
    """Everything that was decided, dropped or guessed: topic, text."""
    effects: pd.DataFrame
    """Primary method raw and adjusted, then the sensitivity methods."""
    scores: pd.DataFrame
    """One row a unit: unit, donor, group, cell_type (pair optional), then signatures, balances."""
    sensitivity: pd.DataFrame
    """Long: unit, group, method, signature, score."""
    sides: pd.DataFrame
    """Both sides of each balance: unit, group, balance, side, score."""
    coverage: pd.DataFrame
    composition: pd.DataFrame
    robustness: pd.DataFrame
    signatures: Collection
    truth: pd.DataFrame | None
    """Simulated data only: signature, truth, planted_sd."""
    inputs: list[dict[str, Any]]
    """name, sha256, bytes of each file that was read."""
    seed: int
    certificate: pd.DataFrame | None = None
    """What the study says when nothing is regulated; None or empty where it claims nothing."""
    specification: pd.DataFrame | None = None
    """Every signature under every choice of method, genes and adjustment."""
    genes: pd.DataFrame | None = None
    """The moderated test of every gene."""

    @property
    def simulated(self) -> bool:
        """Whether the data were made by the simulator."""
        return self.truth is not None or self.design.get("label_basis") == "simulated"


def check_findings(findings: Findings) -> None:
    """Refuse findings whose columns or design keys are not the agreed ones (DataError)."""
    expected = {
        "notices": NOTICE_COLUMNS,
        "effects": EFFECT_COLUMNS,
        "scores": SCORE_KEYS,
        "sensitivity": SENSITIVITY_COLUMNS,
        "sides": SIDE_COLUMNS,
        "coverage": COVERAGE_COLUMNS,
        "composition": COMPOSITION_COLUMNS,
        "robustness": ROBUSTNESS_COLUMNS,
        "truth": TRUTH_COLUMNS,
    }
    for name, columns in expected.items():
        frame = getattr(findings, name)
        if frame is None:
            continue
        missing = [c for c in columns if c not in frame.columns]
        if missing:
            raise DataError(
                f"The report's frame {name!r} lacks the column {missing[0]!r}; it has "
                f"{', '.join(map(str, frame.columns)) or 'no column'}, and needs "
                f"{', '.join(columns)}. Build it with the functions of the room before this one."
            )
    absent = [k for k in DESIGN_KEYS if k not in findings.design]
    if absent:
        raise DataError(
            f"The report's design lacks {absent[0]!r}; it needs {', '.join(DESIGN_KEYS)}. "
            "Add the key, with None or an empty text where nothing applies."
        )
