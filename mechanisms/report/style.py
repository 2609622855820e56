"""How figures look and how they are saved: one palette, one size, the same bytes every time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mechanisms import vocabulary as v

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 6.0  # inches (152 mm): readable at its own size on a phone, and in a column and a half

# Each colour has one meaning, and the page maps it to a class: dark mode changes it there.
INK = "#1f2328"
MUTED = "#5b626b"
GRID = "#d8dce1"
BAND = "#f3f5f7"
PAPER = "#ffffff"
TARGET = "#c44e00"
REFERENCE = "#0b6aa8"
CLAIM_COLOURS = {
    v.SUPPORTED: "#00704f",
    v.SUPPORTED_OPPOSITE: "#00704e",
    v.EXPLAINED: "#8a5a00",
    v.NOT_SEPARABLE: "#8f3f77",
    v.ONE_GENE: "#8f3f78",
    v.NOT_BEYOND_RANDOM: "#8f3f79",
    v.SUGGESTIVE: "#2c5f9e",
    v.ONE_SIDE: "#8f3f7a",
    v.DESCRIPTIVE: "#4a5058",
    v.NO_EVIDENCE: "#5b626c",
    v.NOT_MEASURABLE: "#5b626d",
}


def claim_slug(claim: str) -> str:
    """Return the class of the page that colours a claim."""
    return "c-" + claim.replace(",", "").replace(" ", "-")


FORMATS = ("svg", "pdf", "png")

_RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: the same layout on every machine
    "font.size": 7.5,
    "text.color": INK,
    "text.parse_math": False,  # names of samples may hold dollar signs
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Drawing:
    """A finished figure with the words that go with it."""

    name: str
    figure: Figure
    title: str
    caption: str
    """n, unit, test, interval, and what the marks mean."""
    alt: str


@contextmanager
def house_style() -> Iterator[None]:
    """Draw and save in here: the user's own settings neither enter nor change."""
    import matplotlib.style

    with matplotlib.style.context(["default", _RC]), warnings.catch_warnings():
        # A name may hold letters that the font lacks; the page shows it in the reader's font.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from")
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return a figure without pyplot's state; sizes in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a place given in inches from the upper left corner."""
    total_w, total_h = figure.get_size_inches()
    return figure.add_axes(
        (left / total_w, 1 - (top + height) / total_h, width / total_w, height / total_h)
    )


def save(drawing: Drawing, folder: Path) -> list[Path]:
    """Write NAME.svg, .pdf and .png without dates; equal figures give equal bytes."""
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": "mechanisms", "Title": drawing.title},
        "pdf": {"CreationDate": None, "Creator": "mechanisms", "Title": drawing.title},
        "png": {"Software": None, "Title": drawing.title},
    }
    paths = []
    with matplotlib.rc_context({"svg.hashsalt": f"mechanisms-{drawing.name}"}):
        for kind in FORMATS:
            path = folder / f"{drawing.name}.{kind}"
            drawing.figure.savefig(path, format=kind, dpi=200, metadata=metadata[kind])
            paths.append(path)
    return paths


def spread(n: int, width: float = 0.16) -> list[float]:
    """Return ``n`` sideways offsets: even, fixed by the order, no random numbers."""
    golden = (math.sqrt(5) - 1) / 2
    return [((i * golden + 0.5) % 1 - 0.5) * 2 * width for i in range(n)]


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and its 95 % t interval; NaN limits below two values."""
    import numpy as np
    from scipy import stats

    x = np.asarray([x for x in values if not math.isnan(x)], dtype=float)
    if x.size == 0:
        return math.nan, math.nan, math.nan
    mean = float(x.mean())
    if x.size < 2:
        return mean, math.nan, math.nan
    half = float(stats.t.ppf(0.975, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size))
    return mean, mean - half, mean + half


def nothing(ax: Axes, text: str) -> Axes:
    """Say on empty axes why they are empty."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=MUTED)
    return ax
