"""Fixtures and rules that every test shares: real data, no network, seeded randomness."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "MECHANISMS_TEST_DATA"
NEIGHBOUR = ROOT.parent / "shared" / "data"
DATA_TESTS = pytest.StashKey[set[str]]()


# --- real data ------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DATA_TESTS] = set()
    named = os.environ.get(VARIABLE)
    if named and not Path(named).is_dir():
        raise pytest.UsageError(f"{VARIABLE} is set to {named!r}, which is no folder.")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the public data: $MECHANISMS_TEST_DATA, else ../shared/data, else a skip."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if NEIGHBOUR.is_dir():
        return NEIGHBOUR
    pytest.skip(f"real data: {VARIABLE} is not set and ../shared/data is absent")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "data_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.data)


def pytest_collection_finish(session: pytest.Session) -> None:
    session.config.stash[DATA_TESTS] = {
        item.nodeid for item in session.items if item.get_closest_marker("data")
    }


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Say after everything else, as the last line, how many real-data tests were skipped."""
    yield
    terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    wanted = session.config.stash[DATA_TESTS]
    if terminal is None or not wanted or session.config.option.collectonly:
        return
    skipped = wanted & {report.nodeid for report in terminal.stats.get("skipped", ())}
    if not skipped:
        terminal.write_line(f"All {len(wanted)} real-data tests ran.")
    elif os.environ.get(VARIABLE) or NEIGHBOUR.is_dir():
        terminal.write_line(
            f"{len(skipped)} of {len(wanted)} real-data tests skipped, though the folder is there."
        )
    else:
        terminal.write_line(
            f"{len(skipped)} real-data tests skipped: set {VARIABLE} to the folder of public data."
        )


# --- no network -----------------------------------------------------------------------------


class NetworkUsedError(RuntimeError):
    """Not an OSError, so that no code under test takes it for an ordinary failure."""


def is_local(address: Any) -> bool:
    """Is it this machine: loopback, a Unix socket's path, or no host at all?"""
    if not isinstance(address, tuple):
        return True
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if not host or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """No test leaves the machine: connections and name look-ups beyond loopback raise."""
    resolve = socket.getaddrinfo
    own_name = socket.gethostname()

    def guarded(name: str) -> Any:
        original = getattr(socket.socket, name)

        def call(self: socket.socket, *args: Any) -> Any:
            if not is_local(args[-1]):
                raise NetworkUsedError(f"a test called socket.{name} with {args[-1]!r}")
            return original(self, *args)

        return call

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != own_name and not is_local((host,)):
            raise NetworkUsedError(f"a test looked up the host {host!r}")
        return resolve(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(name))
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Downloads of the tests never reach, or come from, the user's own cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MECHANISMS_CACHE", str(folder))
        yield folder


# --- randomness -----------------------------------------------------------------------------


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in every test and every run."""
    return np.random.default_rng(20260101)


# --- a small simulated study ----------------------------------------------------------------


@pytest.fixture(scope="session")
def small_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts (genes x 12 samples) and the sheet of six resorbing and six non-resorbing donors."""
    from mechanisms.simulate import simulate_cohort

    adata, _ = simulate_cohort(6, 6, n_genes=1000, seed=3)
    counts = pd.DataFrame(adata.X.T.astype(int), index=adata.var_names, columns=adata.obs_names)
    sheet = adata.obs[["outcome", "donor_id", "age", "sex"]].rename_axis("sample").reset_index()
    return counts.rename_axis("gene"), sheet


@pytest.fixture(scope="session")
def lay_study(small_tables: tuple[pd.DataFrame, pd.DataFrame]) -> Callable[..., Path]:
    """Write counts.tsv, samples.tsv and study.yaml into a folder; return the study file.

    `counts` and `sheet` replace the small tables; `data`, `design` and further keywords are laid
    over the blocks of the study (a value of None takes the key away).
    """

    def lay(
        folder: Path,
        *,
        counts: pd.DataFrame | None = None,
        sheet: pd.DataFrame | None = None,
        data: dict[str, Any] | None = None,
        design: dict[str, Any] | None = None,
        **top: Any,
    ) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (small_tables[0] if counts is None else counts).to_csv(folder / "counts.tsv", sep="\t")
        used = small_tables[1] if sheet is None else sheet
        used.to_csv(folder / "samples.tsv", sep="\t", index=False)
        blocks: dict[str, Any] = {
            "study": "small",
            "data": {"matrix": "counts.tsv", "samples": "samples.tsv", "tissue": "herniation"},
            "design": {
                "variable": "outcome",
                "target": "resorbing",
                "reference": "non_resorbing",
                "label_basis": "simulated",
                "donor": "donor_id",
            },
        }
        blocks["data"] |= data or {}
        blocks["design"] |= design or {}
        blocks |= top
        for block in (blocks["data"], blocks["design"]):
            for key in [k for k, v in block.items() if v is None]:
                del block[key]
        path = folder / "study.yaml"
        path.write_text(yaml.safe_dump(blocks, sort_keys=False), encoding="utf-8")
        return path

    return lay
