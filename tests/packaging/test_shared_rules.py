"""What tests/conftest.py promises: no network, and real data that are never skipped in silence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TWO_TESTS = "def test_real(data_dir):\n    pass\n\n\ndef test_other():\n    pass\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with our rules and two tests; no ../shared/data beside it."""
    home = tmp_path / "neighbours" / "project"
    (home / "tests").mkdir(parents=True)
    shutil.copy2(ROOT / "pyproject.toml", home)
    shutil.copy2(ROOT / "tests" / "conftest.py", home / "tests")
    (home / "tests" / "test_two.py").write_text(TWO_TESTS, "utf-8")
    return home


def pytest_in(project: Path, **environment: str) -> tuple[int, str, str]:
    clean = {k: v for k, v in os.environ.items() if k != "MECHANISMS_TEST_DATA"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=project,
        env=clean | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip().splitlines()[-1] if done.stdout else "", done.stderr


def test_absent_data_are_skipped_and_the_last_line_counts_them(project: Path):
    code, last, _ = pytest_in(project)
    assert code == 0
    assert last.startswith("1 real-data tests skipped: set MECHANISMS_TEST_DATA")


def test_present_data_are_used(project: Path, tmp_path: Path):
    code, last, _ = pytest_in(project, MECHANISMS_TEST_DATA=str(tmp_path))
    assert (code, last) == (0, "All 1 real-data tests ran.")
    (project.parent / "shared" / "data").mkdir(parents=True)
    code, last, _ = pytest_in(project)
    assert (code, last) == (0, "All 1 real-data tests ran.")


def test_a_named_folder_that_is_missing_fails_the_run(project: Path, tmp_path: Path):
    code, _, errors = pytest_in(project, MECHANISMS_TEST_DATA=str(tmp_path / "nowhere"))
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "MECHANISMS_TEST_DATA is set to" in errors


def test_no_test_leaves_this_machine():
    with (
        socket.socket() as plain,
        pytest.raises(RuntimeError, match=r"socket.connect with \('192.0.2.1', 80\)"),
    ):
        plain.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match=r"looked up the host 'example.invalid'"):
        socket.getaddrinfo("example.invalid", 80)


def test_loopback_stays_open():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        socket.create_connection(server.getsockname(), timeout=5).close()
