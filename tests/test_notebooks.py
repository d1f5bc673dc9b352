"""The notebooks run from a clean kernel, on the public API, and are committed without outputs."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks are run with nbclient and nbformat")
nbclient = pytest.importorskip("nbclient", reason="notebooks are run with nbclient and nbformat")

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALLOWED = {"emotiw", "matplotlib", "numpy", "os", "pandas", "pathlib", "tempfile"}
CORPORA = {"emotiw.demo.corpus", "emotiw.demo.group_corpus"}  # there is nothing else to show
SECONDS = 280
SHORT = """
from emotiw.demo import group_corpus, synthetic_clip

group_corpus.CLIP_SIZE = (160, 120)
synthetic_clip.FEWEST_FRAMES, synthetic_clip.MOST_FRAMES = 10, 12
"""


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(path, as_version=4).cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_without_outputs(path: Path) -> None:
    for cell in cells(path):
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
    nbformat.validate(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_the_public_api_is_used(path: Path) -> None:
    for cell in cells(path):
        if cell.cell_type != "code":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                assert node.module == "pathlib" or node.module in CORPORA, node.module
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    assert alias.name.split(".")[0] in ALLOWED, alias.name
                    assert not alias.name.startswith("emotiw.")


def executed(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a notebook from a clean kernel, its clips made short; return what it printed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("TMPDIR", str(folder))
    startup = folder / "ipython" / "profile_default" / "startup" / "short.py"
    startup.parent.mkdir(parents=True)
    startup.write_text(SHORT)
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=SECONDS, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    told = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert told
    assert not [output for output in told if output.output_type == "error"]
    return "".join(output.get("text", "") for output in told)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_a_clean_kernel(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMOTIW_REAL_DATA", raising=False)
    executed(path, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.real_data
def test_fusion_runs_on_the_published_scores(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTIW_REAL_DATA", str(real_data.resolve()))
    told = executed(ROOT / "notebooks/3_fusion_on_ravdess_scores.ipynb", tmp_path, monkeypatch)
    assert "published scores of RAVDESS" in told
    assert "cross-fitted on 1,440 clips of 24 groups in 5 folds" in told, told
    assert "accuracy 87.43 %" in told, told
