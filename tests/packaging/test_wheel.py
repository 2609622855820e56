"""The wheel holds what the tree holds, and works where the tree is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {"mechanisms": "mechanisms", "gene_sets": "mechanisms/gene_sets"}
SHIPPED |= {"workflows": "mechanisms/workflows"}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Files of the tree, new ones too, without what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout: what belongs to the tree is unknown")
    return sorted({name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()})


@pytest.fixture(scope="module")
def wheel(tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a clean copy: setuptools would reuse a build folder, and ship deleted files."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in tracked:
        if name.startswith(tuple(f"{folder}/" for folder in SHIPPED)) or "/" not in name:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out)]
    run(sys.executable, "-m", "pip", "wheel", "--quiet", *options, ".", cwd=copy)
    (built,) = out.glob("ldh_mechanisms-*.whl")
    return built


def test_wheel_equals_the_tree(wheel: Path, tracked: list[str]):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        f"{SHIPPED[top]}/{rest}"
        for top, _, rest in (name.partition("/") for name in tracked)
        if top in SHIPPED
    }
    assert inside == expected


def test_wheel_holds_the_data(wheel: Path):
    inside = zipfile.ZipFile(wheel).namelist()
    assert "mechanisms/py.typed" in inside
    assert "mechanisms/gene_sets/genes.tsv" in inside
    assert sum(n.startswith("mechanisms/gene_sets/") and n.endswith(".yaml") for n in inside) >= 10
    assert any(n.startswith("mechanisms/workflows/") and n.endswith(".yaml") for n in inside)
    # A template and style, whatever their names: the report is more than its modules.
    assert any(n.startswith("mechanisms/report/") and not n.endswith(".py") for n in inside)
    assert any(n.endswith("dist-info/licenses/LICENSE") for n in inside)


@pytest.mark.slow
def test_installed_wheel_makes_the_demo_elsewhere(wheel: Path, tmp_path: Path):
    target, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    options = ["--quiet", "--no-deps", "--no-index", "--target", target]
    run(sys.executable, "-m", "pip", "install", *options, wheel, cwd=elsewhere)
    environment = {"PYTHONPATH": str(target), "MECHANISMS_CACHE": str(tmp_path / "cache")}
    where = "import mechanisms; print(mechanisms.__file__)"
    found = run(sys.executable, "-c", where, cwd=elsewhere, **environment).stdout
    assert found.startswith(str(target)), "the test would run the checkout, not the wheel"
    run(sys.executable, "-m", "mechanisms", "demo", "--out", "x", cwd=elsewhere, **environment)
    written = {path.name for path in (elsewhere / "x").iterdir()}
    assert {"report.html", "results.xlsx", "manifest.json", "tables", "figures"} <= written
