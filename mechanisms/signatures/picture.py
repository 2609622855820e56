"""The overlap of signatures as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mechanisms.errors import SignatureError
from mechanisms.signatures.model import Collection
from mechanisms.signatures.overlap import overlap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES_A_SET = 0.19
DARK = 0.3  # above it the colour asks for white letters
FORMATS = (".svg", ".png", ".pdf")


def draw_overlap(ax: Axes, collection: Collection) -> Axes:
    """Draw every pair that shares genes: their number, coloured by the Jaccard index.

    Signatures that share no gene with any other are left out, and counted below.
    """
    pairs = overlap(collection)
    sharing = {*pairs["signature"], *pairs["other"]}
    ids = [id for id in collection.ids if id in sharing]
    place = {id: i for i, id in enumerate(ids)}
    shares = np.full((len(ids), len(ids)), np.nan)
    for row in pairs.to_dict("records"):
        i, j = sorted((place[row["signature"]], place[row["other"]]))
        shares[j, i] = row["jaccard"]
        colour = "white" if row["jaccard"] > DARK else "black"
        ax.text(i, j, row["n_shared"], ha="center", va="center", fontsize=6, color=colour)
    image = ax.imshow(shares, cmap="Blues", vmin=-0.05, vmax=0.5, interpolation="nearest")
    ax.set_xticks(range(len(ids)), ids, rotation=90, fontsize=6)
    ax.set_yticks(range(len(ids)), ids, fontsize=6)
    ax.set_xticks(np.arange(len(ids)) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(ids)) - 0.5, minor=True)
    ax.grid(which="minor", color="0.93", linewidth=0.4)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("Genes that signatures share", fontsize=9, loc="left")
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((0.62, 0.93, 0.3, 0.015)), location="top")
    bar.set_label("shared genes / all genes of both (Jaccard)", fontsize=7)
    bar.ax.set_xlim(0, 0.5)
    bar.ax.tick_params(labelsize=6)
    alone = len(collection) - len(ids)
    ax.text(
        0.62, 0.9, f"signatures that share no gene: {alone}", transform=ax.transAxes, fontsize=7
    )
    return ax


def save_overlap(collection: Collection, path: str | Path) -> None:
    """Write the picture as SVG, PNG or PDF, by the ending of the name.

    Raises
    ------
    SignatureError
        On another ending.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise SignatureError(
            f"{path}: a picture cannot be written as {path.suffix or 'a file without ending'!r}. "
            f"Allowed: {', '.join(FORMATS)}."
        )
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The same picture twice has the same bytes: ids from a fixed salt, and no clock.
    with mpl.rc_context({"svg.hashsalt": "mechanisms", "svg.fonttype": "none"}):
        side = 2.5 + INCHES_A_SET * len(collection)
        figure = Figure(figsize=(side + 1, side), layout="constrained")
        FigureCanvasAgg(figure)
        draw_overlap(figure.add_subplot(), collection)
        clock = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
        figure.savefig(path, dpi=150, metadata=clock)
