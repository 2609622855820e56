"""The page as a file: complete, escaped, under a policy that fits its own script and style."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from mechanisms.report.values import number

VOID = {"meta", "link", "br", "wbr", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects what the tests ask for; refuses tags that do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.within: dict[str, list[str]] = {}
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.within.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.within[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def pages(reports: dict[str, Path]) -> dict[str, Page]:
    texts = {n: (f / "report.html").read_text(encoding="utf-8") for n, f in reports.items()}
    return {name: Page(text) for name, text in texts.items()}


def text_of(reports: dict[str, Path], name: str) -> str:
    return (reports[name] / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["demo", "hostile"])
def test_the_policy_names_the_script_and_the_style_and_nothing_else(pages, name: str) -> None:
    page = pages[name]
    policy = next(
        str(m["content"]) for m in page.all("meta") if m.get("http-equiv", "")
    )  # fmt: skip
    hashes = {
        tag: base64.b64encode(hashlib.sha256(page.within[tag][0].encode()).digest()).decode()
        for tag in ("script", "style")
    }
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; "
        f"style-src 'sha256-{hashes['style']}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert page.all("script") == [{}]
    for _, attrs in page.tags:
        assert not [a for a in attrs if a.startswith("on") or a == "style"]


@pytest.mark.parametrize("name", ["demo", "hostile"])
def test_nothing_is_fetched(pages, reports, name: str) -> None:
    for tag, attrs in pages[name].tags:
        for key in ("src", "href"):
            link = attrs.get(key)
            if link is None or link.startswith(("#", "data:")):
                continue
            assert tag == "a"  # links to the files beside the page, followed by hand
            assert (reports[name] / link).is_file()


@pytest.mark.parametrize("name", ["demo", "hostile"])
def test_ids_are_unique_and_links_within_the_page_arrive(pages, name: str) -> None:
    ids = Counter(str(attrs["id"]) for _, attrs in pages[name].tags if "id" in attrs)
    assert [i for i, n in ids.items() if n > 1] == []
    wanted = {str(a["href"])[1:] for _, a in pages[name].tags if str(a.get("href"))[:1] == "#"}
    assert wanted <= set(ids)


@pytest.mark.parametrize("name", ["demo", "hostile"])
def test_the_page_can_be_read_by_everybody(pages, name: str) -> None:
    page = pages[name]
    assert page.all("html") == [{"lang": "en"}]
    assert page.within["title"][0]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attrs.get("scope") in ("col", "row") for attrs in page.all("th"))
    figures = [a for a in page.all("svg") if a.get("role") == "img"]
    assert len(figures) == 5
    assert all(a.get("role") == "img" or a.get("aria-hidden") == "true" for a in page.all("svg"))
    scrolled = [a for a in page.all("div") if "scroll" in str(a.get("class"))]
    assert all(a.get("tabindex") == "0" and a.get("aria-label") for a in scrolled)
    assert len(scrolled) == len(page.all("table"))


def test_hostile_text_is_only_text(pages, reports) -> None:
    text = text_of(reports, "hostile")
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "\x07" not in text
    assert not pages["hostile"].all("img")


def test_hostile_text_cannot_run_in_a_spreadsheet(reports) -> None:
    for path in (reports["hostile"] / "tables").glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for column in frame:
            bad = frame[column][frame[column].str.match(r"[=@\t\r]|[+-](?![0-9.])")]
            assert bad.empty, (path.name, column)


def test_simulated_data_are_named_first(pages, reports) -> None:
    text = text_of(reports, "demo")
    body = text[text.index("<body>") :]
    assert body.index("These data are simulated.") < body.index("<h1>")
    assert "simulated" not in text_of(reports, "hostile").split("<main>")[0].split("</style>")[1]
    assert "What was planted, and what was claimed" in pages["demo"].within["h2"]
    assert "What was planted, and what was claimed" not in pages["hostile"].within["h2"]


def test_the_first_screen_says_what_how_sure_and_why(reports) -> None:
    text = text_of(reports, "demo")
    first = text[text.index("<main>") : text.index('id="cells"')]
    for words in (
        "Of 11 mechanism signatures, 2 separate resorbing from non-resorbing beyond a change of "
        "cells: Matrix mmp (higher)",
        "12 resorbing against 12 non-resorbing (donors)",
        "Both groups have at least 5 donors, so claims are made.",
        "The truth was planted, so the claims can be checked against it",
        "Gates 4 (one gene) and 5 (random sets) were not applied in this version.",
        "Directions are hypotheses",
    ):
        assert words in first, words
    other = text_of(reports, "hostile")
    assert "No claim is made about yes" in other
    assert "the smaller group has 3 donors; claims need at least 5 in each group" in other


def test_each_signature_has_its_numbers_its_sentence_and_its_card(findings, reports) -> None:
    text = text_of(reports, "demo")
    made = findings(simulated=True)
    effects = made.effects[(made.effects["method"] == "singscore")]
    for row in effects.to_dict("records"):
        if not pd.isna(row["estimate"]):
            limits = f"{number(row['ci_low'])} to {number(row['ci_high'])}"
            shown = f"<strong>{number(row['estimate'])}</strong> "
            assert f'{shown}<span class="limits">{limits}</span>' in text
    for signature in made.signatures:
        if signature.role == "mechanism":
            assert signature.rna_cannot_show in text
            assert signature.assay in text
    assert "which may itself be the way to resorption." in text
    assert "Missing: MATRIX_MMP7." in text
    assert "2 matrix columns are not in the sample sheet" in text


def test_the_page_names_every_file_with_its_hash(reports) -> None:
    text = text_of(reports, "demo")
    for path in (reports["demo"] / "tables").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text
    assert str(reports["demo"]) not in text
    assert len(text) < 1_500_000


def test_there_is_no_index_and_no_prediction(reports) -> None:
    text = text_of(reports, "demo")
    assert "There is no single index of resorption and no prediction for a patient." in text
