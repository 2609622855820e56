"""The house rules that a parser can check: floors, packages, no asserts, nothing of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "mechanisms"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    0: {"vocabulary", "errors"},
    1: {"genes", "signatures"},
    2: {"cohort", "outcome", "score", "simulate"},
    3: {"compare"},
    4: {"challenge", "pool"},
    5: {"report"},
    # What serves the five verbs (account, api, check, folder, frames) stands with them.
    6: {"study", "plan", "pipeline", "cli", "api", "account", "check", "folder", "frames", "freeze"}
    | {"analysis", "cli_cohorts", "cli_score", "cli_signatures", "study_messages"}
    | {"__init__", "__main__"},
}
# Rooms of floors 1 to 5 do not know their neighbours; floor 6 joins everything.
IMPORTS_FROM = {0: set(), 1: {0}, 2: {0, 1}, 3: {0, 1}, 4: {0, 1, 2, 3}, 5: {0, 1}}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
DATA_PACKAGES = {"gene_sets", "workflows"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def first_room(dotted: str) -> str | None:
    """``mechanisms.score.ranks`` -> ``score``; ``mechanisms.load`` -> ``__init__``."""
    parts = dotted.split(".")
    if parts[0] != "mechanisms":
        return None
    name = parts[1] if len(parts) > 1 else "__init__"
    return name if name in FLOOR_OF or name in DATA_PACKAGES else "__init__"


def imported_names(source: str, package: list[str]) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of every import, at whatever depth it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{stem}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            target = node.args[0]
            if called in {"import_module", "__import__"} and isinstance(target, ast.Constant):
                yield node.lineno, str(target.value)


def floor_breaks(source: str, room: str, package: list[str]) -> list[str]:
    floor = FLOOR_OF[room]
    if floor == 6:
        return []
    breaks = []
    for line, dotted in imported_names(source, package):
        other = first_room(dotted)
        if other is None or other == room or other in DATA_PACKAGES:
            continue
        if FLOOR_OF[other] not in IMPORTS_FROM[floor]:
            breaks.append(f"line {line}: {room} (floor {floor}) imports {dotted}")
    return breaks


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path):
    room = room_of(path)
    assert room in FLOOR_OF, f"{room} stands on no floor: give it one in this table and in the docs"
    package = list(path.parent.relative_to(ROOT).parts)
    assert floor_breaks(path.read_text("utf-8"), room, package) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("vocabulary", "from mechanisms.errors import DataError"),
        ("genes", "import mechanisms.signatures.model"),
        ("score", "def f():\n    from mechanisms import cohort"),
        ("score", "if TYPE_CHECKING:\n    from ..cohort.load import load"),
        ("score", "from mechanisms import load"),
        ("compare", "from mechanisms.score import ranks"),
        ("challenge", "from .. import pool"),
        ("report", "import importlib\nimportlib.import_module('mechanisms.compare')"),
    ],
)
def test_a_broken_floor_is_seen(room: str, source: str):
    assert len(floor_breaks(source, room, ["mechanisms", room])) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("score", "from . import ranks\nfrom ..errors import DataError\nimport numpy"),
        ("report", "from mechanisms.signatures import Collection"),
        ("challenge", "from mechanisms.compare.run import compare"),
        ("cli", "import mechanisms\nfrom mechanisms import load"),
    ],
)
def test_an_import_downwards_is_allowed(room: str, source: str):
    assert floor_breaks(source, room, ["mechanisms", room]) == []


def test_no_assert_stands_in_the_package():
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == [], "python -O removes asserts: raise one of the four errors"


def test_the_package_list_equals_the_tree():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    homes = {path.parent for path in MODULES}
    assert [name_of(home) for home in homes if not (home / "__init__.py").is_file()] == []
    tree = {name_of(home).replace("/", ".") for home in homes}
    tree |= {f"mechanisms.{name}" for name in DATA_PACKAGES}
    assert sorted(tool["packages"]) == sorted(tree)
    for name in DATA_PACKAGES:
        assert tool["package-dir"][f"mechanisms.{name}"] == name
        assert (ROOT / name / "__init__.py").is_file()
        assert not (PACKAGE / f"{name}.py").exists(), "a module would hide the data package"


# --- committed files ------------------------------------------------------------------------

LOCK_FILES = re.compile(r"(^|/)(uv|poetry|Pipfile|conda|pixi)[.-]?lock|pylock.*\.toml$")
REQUIREMENT = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [A-Za-z0-9_.' <>=!]+)?")
# Spelled in pieces, so that this file passes its own test.
PATHS = re.compile(r"(?<![\w.~/-])/(" + "|".join(["work", "tmp", "root"]) + r")\b")
HOMES = re.compile(r"(?<![\w./-])/(" + "|".join(["home", "Users"]) + ")/(?!someone/)")
REGISTRIES = re.compile("|".join([f"{host}[.]org" for host in ("pypi", "pythonhosted", "npmjs")]))


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout: the list of committed files is unknown")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_machine_path_and_no_registry_is_committed(committed: list[Path]):
    found = []
    for path in committed:
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            hit = PATHS.search(line) or HOMES.search(line) or REGISTRIES.search(line)
            if hit:
                found.append(f"{name_of(path)}:{number}: {hit.group()}")
    assert found == []


def test_no_lock_file_with_addresses_is_committed(committed: list[Path]):
    assert [name_of(path) for path in committed if LOCK_FILES.search(name_of(path))] == []


def test_constraints_are_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not REQUIREMENT.fullmatch(line)] == []
