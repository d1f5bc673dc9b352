"""What isn't needed isn't imported: every command and kind of worker against a table.

Seconds depend on the machine and what else it does; which modules are there in the end doesn't.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emotiw.core.device import has_driver
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from features.backbones.mtcnn_onet_graph import onet_session
from features.faces.face_options import is_fetched
from tests.features.test_signal import write_wav
from tests.media.twins import tone
from tests.predict.videos import frame, write_video

ROOT = Path(__file__).parents[1]
COMPILERS = ("torch._dynamo", "torchvision", "facenet_pytorch", "timm", "accelerate")
LEARNING = ("sklearn", "scipy.stats", "scipy.optimize", "skops")
DRAWING, SOUND = ("matplotlib", "skimage"), ("librosa", "torchaudio", "numba")
MEDIA = ("av", "cv2", "onnxruntime", "opensmile")
TORCH = () if has_driver() else ("torch",)  # it is asked for a GPU
NO_TORCH = TORCH if is_fetched("centerface") else ()  # else it is MTCNN, which needs torch
NEVER = (*COMPILERS, *LEARNING, *DRAWING, *SOUND)
COMMAND = "from emotiw.cli.app import main; sys.argv[0] = 'emotiw'; main()"
FACES = """
import emotiw.runs.stages.faces
from features.faces.find_faces import find_faces
from features.faces.face_options import FaceOptions
find_faces(Path(sys.argv[1]), FaceOptions(detector=sys.argv[2]))
"""
VOICE = """
import emotiw.runs.stages.features
from features.audio.voice_scores import Voice, VoiceOptions
from features.extractor import ClipSource
voice = Voice("voice", VoiceOptions())
voice.extract(ClipSource("a", Path(sys.argv[1])))
assert voice._scorer.scores(voice._scorer.tensors["mean"][None]).shape == (1, 4)
"""
TABLE = {  # what is done: the code, its arguments, what it must not import
    "--version": (COMMAND, ["--version"], ("torch", "pandas", "numpy", "pydantic", *MEDIA, *NEVER)),
    "status": (COMMAND, ["status", "RECIPE"], ("torch", *MEDIA, *NEVER)),
    "run, nothing to do": (COMMAND, ["run", "RECIPE"], ("torch", *MEDIA, *NEVER)),
    "predict": (COMMAND, ["predict", "CLIP"], (*NO_TORCH, *NEVER)),
    "predict, a recording": (COMMAND, ["predict", "SOUND"], (*TORCH, "onnxruntime", *NEVER)),
    "predict, whose workers do it": (
        COMMAND,
        ["predict", "CLIP", "ANOTHER", "--workers", "2"],
        (*TORCH, "onnxruntime", "opensmile", *NEVER),
    ),
    "worker of faces": (FACES, ["CLIP", "auto"], (*NO_TORCH, "pandas", "opensmile", *NEVER)),
    "worker of faces, by MTCNN": (FACES, ["CLIP", "mtcnn"], ("pandas", "opensmile", *NEVER)),
    "worker of voices": (VOICE, ["CLIP"], ("torch", "onnxruntime", *NEVER)),
    "a stage, before it has work": (
        "import emotiw.runs.pipeline, emotiw.runs.stages.train, emotiw.models.registry",
        [],
        ("torch", "pandas", *MEDIA, *NEVER),
    ),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A clip, and a recipe whose run is finished."""
    home = tmp_path_factory.mktemp("start")
    onet_session()  # whose weights torch reads once on a machine
    clip = write_video(home / "clip.mp4", [frame((20, 200))] * 5, has_sound=True)
    labels = ("Angry", "Happy", "Sad", "Disgust", "Fear", "Neutral", "Surprise")
    lines = [",".join(("clip_id", *labels))]
    for number in range(9):
        folder = home / "clips" / labels[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.wav").write_bytes(bytes([number]) * 64)
        scores = ("0.4" if place == number % 3 else "0.1" for place in range(len(labels)))
        lines.append(",".join((str(number), *scores)))
    (home / "scores.csv").write_text("\n".join(lines))
    recipe = home / "recipe.yaml"
    recipe.write_text(
        "challenge: folder\nname: still\ndata: {root: clips}\nfolds: {n_folds: 2}\n"
        "models: {one: {model: imported, path: ../scores.csv, trained_on: other data}}\n"
        "fusion: {method: mean, calibration: none}\n"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(home)
        run_all(open_run(recipe))
    spoken = write_wav(home / "spoken.wav", tone(220.0, 1.0)[None], 16_000)
    another = write_video(home / "other.mp4", [frame((20, 200))] * 2)
    return {"CLIP": str(clip), "ANOTHER": str(another), "SOUND": str(spoken), "RECIPE": str(recipe)}


@pytest.mark.parametrize("what", TABLE)
def test_what_is_not_needed_is_not_imported(what: str, places: dict[str, str]) -> None:
    code, arguments, forbidden = TABLE[what]
    told = (
        "import sys, atexit\nfrom pathlib import Path\n"
        f"tell = lambda: print('IMPORTED', [m for m in {forbidden!r} if m in sys.modules])\n"
        f"atexit.register(tell)\n{code}"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, *(places.get(each, each) for each in arguments)],
        capture_output=True,
        text=True,
        cwd=Path(places["RECIPE"]).parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    # nobody is seen or heard in these clips: files without an answer
    assert done.returncode == ("predict" in arguments), done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "IMPORTED []"
