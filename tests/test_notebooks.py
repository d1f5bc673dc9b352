"""The notebooks run from a clean kernel of an installed wheel, on the public API."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tests.installed import ROOT, from_wheel

nbformat = pytest.importorskip("nbformat", reason="notebooks are run with nbclient and nbformat")
nbclient = pytest.importorskip("nbclient", reason="notebooks are run with nbclient and nbformat")

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALLOWED = {"emotiw", "matplotlib", "numpy", "os", "pandas", "pathlib", "tempfile"}
CORPORA = {"emotiw.demo.corpus", "emotiw.demo.group_corpus"}  # there is nothing else to show
SECONDS = 280
SHORT = """
import emotiw
from emotiw.demo import group_corpus, synthetic_clip

assert emotiw.__file__.startswith({installed!r}), emotiw.__file__

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


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a kernel of an installed wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    python, _ = from_wheel(folder)
    spec = folder / "kernels" / "wheel" / "kernel.json"
    spec.parent.mkdir(parents=True)
    words = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": words, "display_name": "wheel", "language": "python"}))
    return folder


def executed(path: Path, folder: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a notebook from a clean kernel; return what it printed."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("JUPYTER_PATH", str(kernels))
    notebook = nbformat.read(path, as_version=4)
    first = SHORT.format(installed=str(kernels))
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    client = nbclient.NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="wheel",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    told = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert told
    assert not [output for output in told if output.output_type == "error"]
    return "".join(output.get("text", "") for output in told)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_a_clean_kernel(
    path: Path, tmp_path: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMOTIW_REAL_DATA", raising=False)
    executed(path, tmp_path, kernels, monkeypatch)


@pytest.mark.slow
@pytest.mark.real_data
def test_fusion_runs_on_the_published_scores(
    real_data: Path, tmp_path: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTIW_REAL_DATA", str(real_data.resolve()))
    notebook = ROOT / "notebooks/3_fusion_on_ravdess_scores.ipynb"
    told = executed(notebook, tmp_path, kernels, monkeypatch)
    assert "published scores of RAVDESS" in told
    assert "cross-fitted on 1,440 clips of 24 groups in 5 folds" in told, told
    assert "accuracy 87.43 %" in told, told
