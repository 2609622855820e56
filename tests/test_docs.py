"""What the README says is true: its code runs, its commands and files exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mechanisms import cli

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [
    p
    for p in (README, ROOT / "workflows" / "README.md", ROOT / "notebooks" / "README.md")
    if p.is_file()
]


def blocks(page: Path, *languages: str) -> list[str]:
    """Fenced blocks of these languages, and with '' the indented ones too."""
    text = page.read_text("utf-8")
    fenced = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", text, flags=re.M | re.S)
    found = [body for language, body in fenced if language in languages]
    if "" in languages:
        plain = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        found += re.findall(r"(?:^    [^\n]+\n)+", plain, flags=re.M)
    return found


def shell_lines() -> list[str]:
    lines = []
    for page in PAGES:
        for block in blocks(page, "", "sh", "bash", "shell", "console", "text"):
            lines += [line.strip().removeprefix("$ ") for line in block.splitlines()]
    return lines


def test_the_code_of_the_readme_runs(tmp_path: Path):
    code = blocks(README, "python", "py") if README.is_file() else []
    if not code:
        pytest.skip("the README holds no Python code")
    script = tmp_path / "readme.py"
    script.write_text("\n".join(code), "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error::mechanisms.errors.MechanismsWarning", script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_make_targets_of_the_pages_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, flags=re.M))
    named = {
        word
        for line in shell_lines()
        for part in re.findall(r"(?:^|&& )make ([^#&]*)", line)
        for word in part.split()
        if "=" not in word
    }
    assert named <= targets
    if README.is_file():
        assert {"demo", "test"} <= named


def test_the_commands_of_the_pages_exist():
    called = [
        m for line in shell_lines() if (m := re.match(r"mechanisms ([a-z]+)( [a-z]+)?", line))
    ]
    assert called
    runner = CliRunner()
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    groups = {group.name for group in cli.app.registered_groups}
    for match in called:
        name = match[1]
        assert name in known | groups, match.string
        words = [name, *([match[2].strip()] if name in groups and match[2] else [])]
        shown = runner.invoke(cli.app, [*words, "--help"])
        assert shown.exit_code == 0, match.string
        for option in re.findall(r"(?<=\s)--[a-z-]+", match.string.split("#")[0]):
            assert option in shown.output, match.string


def test_the_links_of_the_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_workflows_page_lists_files_that_exist():
    page = ROOT / "workflows" / "README.md"
    first = page.read_text("utf-8").split("##")[0]
    for name in re.findall(r"^\| `([^`]+)`", first, flags=re.M):
        assert (page.parent / name).exists(), name


def test_the_sample_sheet_template_has_the_columns_that_the_page_explains():
    page = (ROOT / "workflows" / "README.md").read_text("utf-8")
    header = (ROOT / "workflows" / "samples_template.tsv").read_text("utf-8").split("\n")[0]
    columns = header.split("\t")
    assert columns == [
        "sample", "donor_id", "outcome", "age", "sex", "batch", "tissue", "level",
        "weeks_since_onset", "steroid", "nsaid",
    ]  # fmt: skip
    assert [c for c in columns[1:] if f"`{c}`" not in page] == []


def test_the_proofs_that_the_statistics_name_exist():
    page = (ROOT / "docs" / "statistics.md").read_text("utf-8")
    named = set(re.findall(r"`((?:tests|benchmarks|mechanisms)/[\w./]+)`", page))
    assert len(named) >= 8
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
