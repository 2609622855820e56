"""The page in a browser: silent, within its width, sortable, and whole without its script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, reports: dict[str, Path]) -> Iterator[Any]:
    contexts = []

    def go(name: str, width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: page.said.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((reports[name] / "report.html").as_uri())
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [360, 420, 1280])
@pytest.mark.parametrize("name", ["demo", "hostile"])
def test_the_page_is_silent_and_keeps_to_its_width(visit, name: str, width: int) -> None:
    page = visit(name, width)
    assert page.said == []
    assert len([u for u in page.asked if not u.startswith("data:")]) == 1  # the page itself
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
    outside = page.evaluate(
        """() => Array.from(document.querySelectorAll("main *")).filter((e) => {
          if (e.closest(".scroll") || e.closest("svg")) return false;
          const box = e.getBoundingClientRect();
          return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
        }).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert outside == []


def first_column(page: Any) -> list[str]:
    return page.locator("#table-mechanisms tbody tr:not([hidden]) th a").all_inner_texts()


def test_columns_sort_both_ways_with_missing_values_last(visit) -> None:
    page = visit("demo")
    assert first_column(page)[:3] == ["Matrix mmp", "Matrix inhibitor", "Inflammation pro"]
    table = page.locator("#table-mechanisms")
    button = table.get_by_role("button", name="g, raw")
    button.click()
    values = page.locator("#table-mechanisms tbody tr td:nth-child(4)").evaluate_all(
        "cells => cells.map(c => c.dataset.value)"
    )
    numbers = [float(x) for x in values if x]
    assert numbers == sorted(numbers)
    assert values[-1] == ""
    assert page.locator("th[aria-sort=ascending]").count() == 1
    button.click()
    assert first_column(page)[0] == "Matrix mmp"
    assert first_column(page)[-1] == "Ferroptosis suppressor"
    table.get_by_role("button", name="Signature").click()
    assert first_column(page)[:2] == ["Inflammation pro", "Inflammation resolution"]
    assert page.said == []


def test_rows_are_filtered_by_word_and_by_claim(visit) -> None:
    page = visit("demo")
    page.get_by_label("Filter").fill("macrophage")
    assert first_column(page) == ["Macrophage m1", "Efferocytosis", "Macrophage m2"]
    assert page.locator("output").inner_text() == "3 of 11 shown"
    chosen = page.get_by_role("button", name="1 one gene")
    chosen.click()
    assert first_column(page) == ["Efferocytosis"]
    assert chosen.get_attribute("aria-pressed") == "true"
    chosen.click()
    page.get_by_label("Filter").fill("")
    assert len(first_column(page)) == 11


def test_a_row_leads_to_its_card(visit) -> None:
    page = visit("demo")
    page.get_by_role("link", name="Matrix mmp").click()
    card = page.locator("article:target")
    assert card.locator("h4").inner_text() == "Matrix mmp"
    nav = page.locator("nav").bounding_box()
    assert card.bounding_box()["y"] >= nav["height"] - 1


def test_without_the_script_everything_is_there(visit) -> None:
    page = visit("demo", java_script_enabled=False)
    assert len(first_column(page)) == 11
    assert page.locator("button").count() == 0
    assert page.locator("svg.figure").count() == 5
    assert page.locator("article").count() == 11
    assert page.get_by_text("which may itself be the way to resorption").first.is_visible()
    assert page.locator(".counts li").first.is_visible()


def test_the_keyboard_reaches_tables_and_controls(visit) -> None:
    page = visit("demo")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    for region in page.locator(".scroll").all():
        region.focus()
        assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


CONTRAST = """() => {
  const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const weights = [0.2126, 0.7152, 0.0722];
  const light = (rgb) => weights.reduce((sum, w, i) => sum + w * linear(rgb[i] / 255), 0);
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || ["SCRIPT", "STYLE", "TITLE", "DESC"].includes(e.tagName.toUpperCase())) continue;
    const style = getComputedStyle(e);
    const svg = e instanceof SVGElement;
    const a = light(parse(svg ? style.fill : style.color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(e.tagName + "." + e.getAttribute("class") + " " + ratio.toFixed(2));
  }
  return Array.from(bad);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark(visit, scheme: str) -> None:
    page = visit("demo", color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_the_page_prints(visit) -> None:
    assert visit("demo").pdf(format="A4")[:5] == b"%PDF-"
