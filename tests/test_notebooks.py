"""Every notebook runs from start to end in a kernel of its own."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))


def test_there_are_notebooks_and_no_outputs():
    assert NOTEBOOKS
    assert not list(FOLDER.rglob("*.ipynb")), "commit py:percent files only"
    listed = (FOLDER / "README.md").read_text("utf-8")
    assert [n.name for n in NOTEBOOKS if f"`{n.name}`" not in listed] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[n.stem for n in NOTEBOOKS])
def test_notebook_runs(path: Path, tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the notebook tools, not of ours
        import jupytext
        from nbclient import NotebookClient

        notebook = jupytext.read(path)
        assert notebook.cells[0].cell_type == "markdown"
        client = NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
        )
        client.execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    complaints = [o["text"] for o in outputs if o.get("name") == "stderr"]
    assert complaints == []
    assert any("image/png" in o.get("data", {}) for o in outputs), "a story has a picture"
