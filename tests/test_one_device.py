"""``execution.device`` reaches whatever has a network, and changes nothing else.

A network on torch's ``meta`` device is asked but never answers: a part that computes anywhere else
than it was told is seen by a hook on every network, without any GPU.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
import yaml
from typer.testing import CliRunner

from emotiw.analysis.ablation.spaces import _upstream
from emotiw.checks.small_examples import JOINED, small_examples
from emotiw.cli.backbone import train_backbone as train_backbone_command
from emotiw.core import device as device_module
from emotiw.core.device import Movable, OnDevice, placed
from emotiw.core.errors import ConfigError
from emotiw.core.execution import Outcome
from emotiw.core.feature_table import FeatureSpec
from emotiw.models.backbone import face_source
from emotiw.models.backbone import train_backbone as backbone_module
from emotiw.models.backbone.recipe_faces import faces_for
from emotiw.models.groups.composed import Composed
from emotiw.models.network_model import NetworkModel
from emotiw.models.registry import MODELS
from emotiw.models.training import loop
from emotiw.predict import predict_files as files_module
from emotiw.predict.face_and_voice import FaceAndVoice
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.runs import workforce
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages import features as features_module
from emotiw.runs.stages.faces import find_all_faces
from emotiw.runs.stages.features import extract_all, feature_table
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import train_all
from features.extractor import ClipSource, Extractor
from features.faces.detect import load_detector
from features.faces.find_faces import find_faces
from features.faces.mtcnn import MtcnnDetector
from features.registry import EXTRACTORS
from features.text.transcript import Segment, Transcript
from tests.device_spies import TOLD
from tests.features.test_clip_features import caffe_state
from tests.features.test_clip_features import write_card as write_clip_card
from tests.features.test_speech_network import write_card as write_speech_card
from tests.in_process import IN_PROCESS
from tests.models import test_groups, test_networks
from tests.models.test_train_backbone import drawn_faces, small_recipe, write_folder
from tests.predict.videos import LIGHT, SquareDetector, brightness_card, frame, write_video
from tests.small_parts import extractor_options
from tests.small_weights import write_small_weights

HERE = "tests.test_one_device"


@contextmanager
def devices_of_networks() -> Iterator[set[str]]:
    """Yield the kinds of device that networks compute on in the meantime; ``meta`` ends it."""
    seen: set[str] = set()

    def note(network: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        tensors = [*network.parameters(), *(x for x in inputs if isinstance(x, torch.Tensor))]
        seen.update(tensor.device.type for tensor in tensors)

    hook = torch.nn.modules.module.register_module_forward_pre_hook(note)
    try:
        with suppress(NotImplementedError):  # nothing can be read from meta
            yield seen
    finally:
        hook.remove()


@pytest.fixture
def meta(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every choice mean ``meta``; what was asked for is kept."""
    asked: list[str] = []

    def resolve(name: str) -> str:
        asked.append(name)
        return "meta"

    for module in (device_module, backbone_module):
        monkeypatch.setattr(module, "resolve_device", resolve)
    monkeypatch.setattr(loop, "training_identity", lambda *_: "")  # it reads the weights
    return asked


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    folder = tmp_path_factory.mktemp("clip")
    path = write_video(folder / "a.mp4", [frame((20, 200))] * 20, has_sound=True)
    tracks, _ = find_faces(path, detector=SquareDetector())
    return ClipSource("a", path, tracks, Transcript((Segment("I am happy."),)))


def options_of(extractor: str, folder: Path) -> dict[str, Any]:
    """What an extractor needs to be made; one with a network gets a small one."""
    if extractor in ("frames", "people", "scene"):
        return {"weights": str(write_small_weights(folder))}
    if extractor in ("c3d", "c3d_scene"):
        return {"weights": write_clip_card(folder, caffe_state())}
    if extractor == "speech_network":
        return {"weights": str(write_speech_card(folder))}
    if extractor in ("word_list", "sentence_encoder"):
        return extractor_options(extractor, folder)
    return {"path": "x.npz"} if extractor == "imported" else {}


@pytest.mark.parametrize("name", EXTRACTORS.names())
def test_every_extractor_computes_where_it_is_told(
    name: str, source: ClipSource, tmp_path: Path, meta: list[str]
) -> None:
    kind: Any = EXTRACTORS.resolve(name)
    options = kind.Options.model_validate(options_of(name, tmp_path))
    extractor: Extractor = placed(kind(name, options), "cuda:1")
    with devices_of_networks() as seen:
        if extractor.needs != "table":
            extractor.extract(source)
    if isinstance(extractor, Movable):
        assert seen == {"meta"}
        assert meta == ["cuda:1"]
    else:
        assert seen == set(), f"{name} asks a network and has no to(device)"
        assert meta == []


def test_a_network_that_stays_where_it_is_would_be_seen(
    source: ClipSource, tmp_path: Path, meta: list[str]
) -> None:
    kind: Any = EXTRACTORS.resolve("frames")

    class Stubborn(kind):  # type: ignore[misc]
        def to(self, device: str) -> None:
            """Do nothing."""

    half = {"precision": "bfloat16"}  # on a processor, torch is asked for no other
    options = kind.Options.model_validate({**options_of("frames", tmp_path), **half})
    with devices_of_networks() as seen:
        placed(Stubborn("frames", options), "cuda").extract(source)
    assert seen == {"cpu"}


JOINT = ("gated", "low_rank", "cross_attention", "joint_attention")
BRIEF = {"epochs": 1, "batch_size": 4, "precision": "float32"}
NETWORKS: dict[str, tuple[FeatureSpec, dict[str, Any]]] = {
    **test_networks.TINY,
    "video": (test_networks.PICTURES, {"network": "r3d_18", "crop_size": 16}),
    "group_network": (test_groups.SPEC, {"channels": 4}),
    # what each feature answers alone is asked of those clips that have it: nobody knows on meta
    **dict.fromkeys(JOINT, (JOINED, {"channels": 4, "auxiliary": 0.0})),
}


def test_a_model_without_to_has_no_network() -> None:
    kinds = {name: MODELS.resolve(name) for name in MODELS.names()}
    told = {name for name, kind in kinds.items() if issubclass(kind, Movable)}
    assert told == {n for n, kind in kinds.items() if issubclass(kind, (NetworkModel, Composed))}
    for name in kinds.keys() - told:
        assert "import torch" not in inspect.getsource(sys.modules[kinds[name].__module__]), name


@pytest.mark.parametrize(
    "name", [n for n in MODELS.names() if issubclass(MODELS.resolve(n), NetworkModel)]
)
def test_every_network_learns_and_answers_where_it_is_told(name: str, meta: list[str]) -> None:
    spec, options = NETWORKS[name]
    kind: Any = MODELS.resolve(name)
    checked = kind.Options.model_validate({**options, "validation_fraction": 0, "training": BRIEF})
    if name in JOINT:
        known = small_examples(JOINED, test_networks.LABELS, 9)
    elif name == "group_network":
        shown = [[test_groups.EXPRESSIONS[n % 4]] * 2 for n in range(9)]
        arrays = {f"clip{n}": test_groups.rows(people) for n, people in enumerate(shown)}
        known = test_networks.examples(spec, arrays)
    else:
        known = test_networks.examples(spec, test_networks.clips(spec, (3, 17, 9)))

    def made() -> NetworkModel:
        model: NetworkModel = kind(checked, spec=spec, task=test_networks.LABELS, seed=0)
        return model

    learnt = made()
    with devices_of_networks() as seen:
        learnt.fit(known)
    assert seen == {"cpu"}
    for asked in (placed(learnt, "cuda:1").predict, placed(made(), "cuda:1").fit):
        with devices_of_networks() as seen:
            asked(known)
        assert seen == {"meta"}
    assert meta == ["cuda:1", "cuda:1"]


@pytest.mark.parametrize(
    "name", [n for n in MODELS.names() if issubclass(MODELS.resolve(n), Composed)]
)
def test_a_model_inside_another_is_told_too(name: str, meta: list[str]) -> None:
    cases = {kind: (options, task) for kind, options, task in test_groups.CASES}
    of_others = {"n": 2, "learner": {"model": "group", "learner": test_groups.LOGISTIC}}
    options, task = cases.get(name, (of_others, test_groups.LABELS))
    spec = test_groups.SPEC
    if name in ("segments", "pseudo_labels"):  # of frames
        options, spec = {"learner": test_groups.LOGISTIC}, FeatureSpec("rows", (2,), "frame")
    if name == "early":
        options = {"learner": test_groups.LOGISTIC}
    model: Any = test_groups.make(name, options, task, spec)
    placed(model, "cuda")  # the classifier inside knows nothing of devices
    model.learner = OnDevice()
    model.members = [OnDevice()]  # of an ensemble
    placed(model, "cuda")
    assert model.learner.device == "meta"
    assert name != "ensemble" or model.members[0].device == "meta"


def test_mtcnn_keeps_its_networks_where_it_is_told() -> None:
    detector = MtcnnDetector("meta")
    own = [*detector._rnet.parameters(), *detector._proposals._layers.values()]
    assert {tensor.device.type for tensor in own} == {"meta"}


def test_backbones_are_trained_where_they_are_told(
    tmp_path: Path, meta: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(faces: torch.Tensor, *_: Any, side: int) -> torch.Tensor:
        return faces[..., :side, :side]  # there is no chance on meta

    monkeypatch.setattr(face_source, "augment_faces", plain)
    recipe = small_recipe()
    faces = faces_for(recipe, write_folder(tmp_path / "faces", drawn_faces(40)))
    with devices_of_networks() as seen:
        backbone_module.train_backbone(recipe, faces, tmp_path / "out", device="cuda:1")
    assert seen - {"cpu"} == {"meta"}  # the embedding is measured on the CPU, before it begins
    assert meta == ["cuda:1"]


def test_train_backbone_refuses_a_device_before_it_reads_anything() -> None:
    command = typer.Typer()
    command.command()(train_backbone_command)
    told = CliRunner().invoke(
        command, ["none.yaml", "--folder", "out", "--faces", "none", "--device", "cuda:99"]
    )
    assert isinstance(told.exception, ConfigError)
    assert "no cuda:99 on this machine" in str(told.exception)


# a run whose parts write down where they were told to compute


class SpyDetector(SquareDetector):
    def __init__(self, device: str = "nowhere") -> None:
        super().__init__()
        TOLD.append(("detector", device))


class PlainDetector(SquareDetector):
    """One of a user who knows nothing of devices."""

    def __init__(self) -> None:
        super().__init__()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("light")
    for n in range(6):
        label = ("Dark", "Bright")[n % 2]
        write_video(home / "data" / label / f"{n}.mp4", [frame((20 + 5 * n, 100 + 20 * n))] * 4)
    (home / "light.yaml").write_text(yaml.safe_dump(LIGHT))
    return home


def recipe_for(corpus: Path, home: Path, *, detector: str = "SpyDetector") -> Path:
    recipe = {
        "challenge": str(corpus / "light.yaml"),
        "name": "light",
        "data": {"root": str(corpus / "data")},
        "paths": {"runs": str(home / "runs")},
        "execution": IN_PROCESS,
        "faces": {"detector": f"{HERE}:{detector}"},
        "features": {
            "spy": {"extractor": "tests.device_spies:SpyExtractor"},
            "plain": {"extractor": "tests.device_spies:PlainExtractor"},
        },
        "models": {
            "spy": {"model": "tests.device_spies:SpyModel", "features": "spy"},
            "plain": {"model": "tests.device_spies:PlainModel", "features": "plain"},
        },
        "folds": {"n_folds": 2},
    }
    path = home / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    from features.faces import detect

    for module in (device_module, detect):
        monkeypatch.setattr(module, "resolve_device", lambda asked: f"<{asked}>")
    for cache in (load_detector, features_module._extractor):
        cache.cache_clear()
    TOLD.clear()
    yield TOLD
    for cache in (load_detector, features_module._extractor):
        cache.cache_clear()


def all_stages(run: Run) -> None:
    index(run)
    find_all_faces(run)
    extract_all(run)
    train_all(run)


def test_a_run_hands_its_device_to_every_stage(
    corpus: Path, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    all_stages(open_run(recipe_for(corpus, tmp_path), ["execution.device=cuda:1"]))
    assert {kind for kind, _ in told} == {"detector", "extractor", "fit", "predict"}
    assert {device for _, device in told} == {"<cuda:1>"}


def test_models_that_are_fitted_already_are_told_too(
    corpus: Path, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    run = open_run(recipe_for(corpus, tmp_path), ["execution.device=cuda:1"])
    all_stages(run)
    for scores in (run.store.root / "scores").rglob("*.csv"):
        scores.unlink()
    run.scores_path("spy").unlink()
    told.clear()
    train_all(run)
    assert set(told) == {("predict", "<cuda:1>")}


def test_a_device_changes_no_file_and_makes_nothing_stale(
    corpus: Path, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    def files(home: Path) -> dict[str, bytes]:
        kept = (path for path in (home / "runs").rglob("*") if path.is_file())
        return {
            str(path.relative_to(home)): path.read_bytes()
            for path in kept
            # how long it took, when files changed, and the settings themselves
            if path.name not in ("complete", "ledger.csv", "hashes.json", "recipe.yaml")
            and not {"ledger", ".emotiw"} & set(path.parts)
        }

    for device in ("cpu", "cuda:1"):
        (tmp_path / device).mkdir()
        all_stages(open_run(recipe_for(corpus, tmp_path / device), [f"execution.device={device}"]))
    assert files(tmp_path / "cpu") == files(tmp_path / "cuda:1")
    told.clear()
    again = open_run(recipe_for(corpus, tmp_path / "cpu"), ["execution.device=cuda"])
    all_stages(again)
    assert told == []
    other = open_run(recipe_for(corpus, tmp_path / "cpu"), ["execution.device=cpu"])
    assert _upstream(again.recipe) == _upstream(other.recipe)


def test_parts_that_know_nothing_of_devices_still_work(
    corpus: Path, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    run = open_run(recipe_for(corpus, tmp_path, detector="PlainDetector"))
    index(run)
    find_all_faces(run)
    extract_all(run, ["plain"])
    train_all(run, ["plain"])
    assert {row.status for row in run.ledger().rows()} == {"ok"}
    assert run.scores("plain").present.all()


def test_processes_are_told_too(corpus: Path, tmp_path: Path) -> None:
    run = open_run(recipe_for(corpus, tmp_path), ["execution.workers=2", "execution.device=cpu"])
    index(run)
    extract_all(run, ["spy"])
    rows = [array.values.tolist() for _, array in feature_table(run, "spy").items()]
    assert rows == [[[1, 1]]] * 6


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    found: list[str] = []
    monkeypatch.setattr(device_module, "_gpus", lambda: found)
    device_module.resolve_device.cache_clear()
    yield found
    device_module.resolve_device.cache_clear()


def test_processes_on_a_gpu_are_few_where_networks_are_asked(
    corpus: Path, tmp_path: Path, gpus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus.append("A")
    counts: list[int] = []

    def nothing(_: Any, jobs: Any, *, workers: int, **__: Any) -> Iterator[Outcome[Any]]:
        counts.append(workers)
        return (Outcome(name, None, "not now", 0.0) for name in jobs)

    monkeypatch.setattr("emotiw.core.device.usable_cores", lambda: 16)
    monkeypatch.setattr(workforce, "run_jobs", nothing)
    run = open_run(recipe_for(corpus, tmp_path), ["execution.workers=0"])
    index(run)
    find_all_faces(run)
    extract_all(run, ["spy"])
    extract_all(run, ["plain"])
    assert counts == [4, 4, 6]  # of six clips
    again = open_run(recipe_for(corpus, tmp_path), ["execution.workers=5"])
    find_all_faces(again)
    assert counts[3:] == []  # what failed stays so, until it is asked for
    find_all_faces(again, force=True)
    assert counts[3:] == [5]
    gpus.append("B")
    assert device_module.worker_count(0, "auto") == 2 * device_module.worker_count(0, "cuda") == 8


def test_a_device_that_is_not_there_ends_a_run_before_it_begins(
    corpus: Path, tmp_path: Path, gpus: list[str]
) -> None:
    gpus.append("A")
    run = open_run(recipe_for(corpus, tmp_path), ["execution.device=cuda:9"])
    for begin in (run_all, find_all_faces, extract_all, train_all):
        with pytest.raises(ConfigError, match=r"no cuda:9 on this machine .*cuda:0 \(A\), cpu"):
            begin(run)  # type: ignore[operator]
    assert not run.folder.exists()
    with pytest.raises(ConfigError, match="no cuda:9 on this machine"):
        predict_files({}, Wanted(device="cuda:9"))


def test_with_dask_the_device_is_the_workers(
    corpus: Path, tmp_path: Path, gpus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workforce, "Cluster", lambda *_: ThreadPoolExecutor(1))
    run = open_run(
        recipe_for(corpus, tmp_path), ["execution.device=cuda", "execution.dask=tcp://far:1"]
    )
    index(run)
    with pytest.raises(ConfigError, match=r"no cuda on this machine \(there is: cpu\)"):
        find_all_faces(run)
    assert run.ledger().rows("faces") == []


def test_predictions_are_computed_where_they_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meta: list[str]
) -> None:
    asked: list[str] = []

    def detector(name: str, *, device: str, weights: str | None) -> SquareDetector:
        asked.append(device)
        return SquareDetector()

    monkeypatch.setattr(files_module, "load_detector", detector)
    files_module._predictor.cache_clear()
    path = write_video(tmp_path / "a.mp4", [frame((20, 200))] * 4)
    with devices_of_networks() as seen:
        predict_files({"a": path}, Wanted(weights=str(brightness_card(tmp_path)), device="cuda:1"))
    assert asked == ["cuda:1"]
    assert seen == {"meta"}
    assert set(meta) == {"cuda:1"}
    assert FaceAndVoice(str(tmp_path / "brightness.yaml")).device == "cpu"


def test_recipes_say_it_once_and_in_words_that_are_known(corpus: Path, tmp_path: Path) -> None:
    path = recipe_for(corpus, tmp_path)
    with pytest.raises(ConfigError, match=r"execution.device: .*expected auto, cpu, cuda.*'gpu'"):
        open_run(path, ["execution.device=gpu"])
    spy = "  spy:\n    extractor"
    text = path.read_text().replace(spy, spy.replace("\n", "\n    device: cuda\n"))
    path.write_text(text)
    line = text.splitlines().index("    device: cuda") + 1
    with pytest.raises(ConfigError) as found:
        open_run(path, ["faces.device=cuda:1", "models.spy.device=cuda"])
    for said in (
        f"{path}:{line}: features.spy.device: say it once, for all: execution.device: cuda",
        "faces.device: say it once, for all: execution.device: cuda:1",
        "models.spy.device: say it once, for all: execution.device: cuda",
    ):
        assert said in str(found.value)
    assert "unknown key" not in str(found.value)
