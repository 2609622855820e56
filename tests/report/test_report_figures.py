"""Figures draw the numbers of the tables, and draw whatever the tables hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mechanisms import vocabulary as v
from mechanisms.report.coverage_bars import draw_coverage
from mechanisms.report.figures import draw_all
from mechanisms.report.forest import draw_forest, forest_rows, limit
from mechanisms.report.heatmap import heatmap_order, standardised
from mechanisms.report.inline_svg import COLOUR_CLASSES, inline_svg
from mechanisms.report.panels import draw_strip
from mechanisms.report.style import (
    CLAIM_COLOURS,
    house_style,
    mean_interval,
    new_figure,
    place,
    save,
    spread,
)
from mechanisms.report.tables import report_tables

GROUPS = ("resorbing", "non_resorbing")


def axes() -> Any:
    return place(new_figure(3), 1, 1, 3, 1)


def test_the_forest_draws_the_numbers_of_the_table(findings) -> None:
    made = findings()
    effects = report_tables(made)["effects"]
    rows = forest_rows(effects, "singscore", made.signatures)
    with house_style():
        ax = draw_forest(axes(), rows, *GROUPS)
    drawn = {line.get_gid(): line for line in ax.lines if line.get_gid()}
    main = effects[(effects["method"] == "singscore") & (effects["kind"] == "signature")]
    marks = 0
    for row in main.to_dict("records"):
        suffix = "raw" if row["adjustment"] == "none" else "adjusted"
        mark = drawn.get(f"row-{row['signature']}-{suffix}")
        if np.isnan(row["estimate"]):
            assert mark is None
            continue
        marks += 1
        assert mark.get_xdata() == [row["estimate"]]
        hollow = mark.get_markerfacecolor() == "#ffffff"
        assert hollow == (suffix == "adjusted")
        bar = drawn[f"row-{row['signature']}-{suffix}-interval"]
        assert list(bar.get_xdata()) == [row["ci_low"], row["ci_high"]]
    assert marks == len(drawn) / 2 == 20
    texts = [t.get_text() for t in ax.texts]
    assert texts.count("not measurable") == 2  # in the row, and as its claim
    assert "explained by composition" in texts


def test_the_forest_groups_by_mechanism_and_leaves_the_panel_out(findings) -> None:
    made = findings()
    rows = forest_rows(made.effects, "singscore", made.signatures)
    assert list(dict.fromkeys(rows["mechanism"])) == [
        "inflammation", "macrophage", "matrix", "angiogenesis", "ferroptosis",
    ]  # fmt: skip
    assert not rows["signature"].str.startswith(("content_", "identity_")).any()


def test_row_order_of_the_effects_does_not_matter(findings) -> None:
    made = findings()
    shuffled = made.effects.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        forest_rows(shuffled, "singscore", made.signatures),
        forest_rows(made.effects, "singscore", made.signatures),
    )


def test_a_huge_interval_is_cut_and_marked(findings) -> None:
    made = findings()
    effects = made.effects.copy()
    effects.loc[0, ["ci_low", "ci_high"]] = [-40.0, 44.0]
    rows = forest_rows(effects, "singscore", made.signatures)
    assert limit(rows) == pytest.approx(2.6 * 1.5 + 1)
    with house_style():
        ax = draw_forest(axes(), rows, *GROUPS)
    assert ax.get_xlim() == pytest.approx((-4.9, 4.9))
    assert sum(line.get_marker() in (8, 9) for line in ax.lines) == 2


def test_strips_show_every_value_and_the_t_interval() -> None:
    values = [1.0, 2.0, 4.0]
    with house_style():
        ax = draw_strip(axes(), (0, 1), (values, [np.nan, 3.0]), ("#c44e00", "#0b6aa8"))
    assert_allclose(ax.collections[0].get_offsets()[:, 1], values)
    assert_allclose(ax.collections[1].get_offsets()[:, 1], [3.0])
    # t(0.975, 2) = 4.302653; sd = 1.527525
    assert_allclose(mean_interval(values), (7 / 3, 7 / 3 - 3.794585, 7 / 3 + 3.794585), atol=1e-5)
    assert np.isnan(mean_interval([3.0])[1:]).all()


def test_the_sideways_spread_is_fixed_and_even() -> None:
    offsets = spread(50)
    assert offsets == spread(50)
    assert max(map(abs, offsets)) <= 0.16
    assert len(set(offsets)) == 50


def test_the_heat_map_standardises_each_signature_and_orders_the_units(findings) -> None:
    made = findings()
    units, names = heatmap_order(made.scores, made.signatures, GROUPS)
    values = standardised(units, names)
    known = ~np.isnan(values).any(axis=1)
    assert_allclose(values[known].mean(axis=1), 0, atol=1e-12)
    assert_allclose(values[known].std(axis=1, ddof=1), 1)
    assert list(units["group"]) == ["resorbing"] * 12 + ["non_resorbing"] * 12
    assert (units["content_macrophage"].iloc[:12].diff().dropna() <= 0).all()
    shuffled = made.scores.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(heatmap_order(shuffled, made.signatures, GROUPS)[0], units)
    constant = standardised(pd.DataFrame({"a": [2.0, 2.0, np.nan]}), ["a"])
    assert_allclose(constant, [[0, 0, np.nan]])


def test_the_coverage_bars_are_the_found_shares(findings) -> None:
    coverage = findings().coverage
    with house_style():
        ax = draw_coverage(axes(), coverage)
    bars = [p.get_width() for p in ax.patches][len(coverage) :]
    assert_allclose(bars, coverage["n_found"] / coverage["n_genes"])
    assert "3/8 too few" in [t.get_text() for t in ax.texts]


def long_names(findings: Any) -> Any:
    made = findings(prefix="a sample <b> $x$ " + "long" * 60)
    return replace(made, design=made.design | {"target": "resorbing", "n_target": 12})


def all_missing(findings: Any) -> Any:
    made = findings()
    effects = made.effects.assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan)
    effects["claim"] = v.NOT_MEASURABLE
    scores = made.scores.copy()
    scores.iloc[:, 4:] = np.nan
    return replace(
        made,
        effects=effects,
        scores=scores,
        sides=made.sides.assign(score=np.nan),
        composition=made.composition.assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan),
    )


def nothing_at_all(findings: Any) -> Any:
    made = findings()
    empty = {
        name: getattr(made, name).iloc[:0]
        for name in ("effects", "sides", "coverage", "composition", "robustness", "notices")
    }
    return replace(made, **empty, scores=made.scores.iloc[:0])


@pytest.mark.parametrize(
    "case",
    [
        lambda f: f(n=(2, 2), level="descriptive"),
        lambda f: f(n=(60, 40)),
        long_names,
        all_missing,
        nothing_at_all,
    ],
    ids=["2+2", "100 units", "long names", "all missing", "nothing"],
)
def test_whatever_comes_is_drawn(findings, case: Any) -> None:
    made = case(findings)
    with house_style():
        drawings = draw_all(made, report_tables(made))
        for drawing in drawings:
            drawing.figure.canvas.draw()
    assert [d.name for d in drawings] == [
        "effect_forest", "composition", "balances", "heatmap", "coverage",
    ]  # fmt: skip
    for drawing in drawings:
        assert drawing.caption
        assert drawing.alt


def test_captions_say_n_and_unit(findings) -> None:
    made = findings()
    with house_style():
        drawings = draw_all(made, report_tables(made))
    for drawing in drawings[:4]:
        assert "resorbing n = 12, non-resorbing n = 12 (donors)" in drawing.caption
    assert "95 % interval" in drawings[0].caption
    assert "two-sided t test" in drawings[0].caption


def test_the_users_settings_neither_enter_nor_change(findings) -> None:
    made = findings()
    tables = report_tables(made)
    with matplotlib.rc_context({"font.size": 31, "svg.hashsalt": "mine"}):
        before = dict(matplotlib.rcParams)
        with house_style():
            assert matplotlib.rcParams["font.size"] == 7.5
            draw_all(made, tables)
        assert dict(matplotlib.rcParams) == before


def test_the_svg_in_the_page_has_no_style_and_its_own_ids(findings, tmp_path: Path) -> None:
    made = findings()
    with house_style():
        drawings = draw_all(made, report_tables(made))[:2]
        for drawing in drawings:
            save(drawing, tmp_path)
    ids: list[str] = []
    for drawing in drawings:
        source = (tmp_path / f"{drawing.name}.svg").read_text(encoding="utf-8")
        assert "<text" in source  # text stays text
        page = inline_svg(source, drawing.name, "A <title>", 'Words & "more"')
        assert " style=" not in page
        assert "<style" not in page
        assert "xlink:" not in page
        root = ET.fromstring(page)
        here = [e.get("id") for e in root.iter() if e.get("id")]
        wanted = {e.get("href", "").removeprefix("#") for e in root.iter() if e.get("href")} | {
            e.get("clip-path", "")[5:-1] for e in root.iter() if e.get("clip-path")
        }
        assert wanted <= set(here)
        assert root.find("title").text == "A <title>"  # type: ignore[union-attr]
        assert "f-ink" in page
        ids += [str(i) for i in here]
    assert len(ids) == len(set(ids))
    assert any("row-matrix_mmp-raw" in i for i in ids)


def test_each_colour_has_one_meaning() -> None:
    assert set(CLAIM_COLOURS) == set(v.CLAIMS)
    assert len(set(CLAIM_COLOURS.values())) == len(CLAIM_COLOURS)
    assert len(COLOUR_CLASSES) == len(CLAIM_COLOURS) + 7
