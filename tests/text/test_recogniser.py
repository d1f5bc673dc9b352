"""A recogniser of the user's own: run once per clip, its failures told, its time limited."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import wave
from pathlib import Path
from threading import Thread, Timer
from time import monotonic, sleep
from typing import Any

import numpy as np
import psutil
import pytest
import yaml
from pydantic import ValidationError

from emotiw.core.errors import MachineError, MediaError
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from emotiw.runs.stages.features import extract_all, feature_table
from features.extractor import ClipSource
from features.text.recogniser import recognise
from features.text.text_extractor import TextOptions
from features.text.transcript import Segment, text_in
from tests.in_process import IN_PROCESS
from tests.predict.videos import LIGHT

pytestmark = pytest.mark.slow
HEAR = """
import json, os, sys, time, wave
audio, out, log = sys.argv[1:4]
with wave.open(audio) as file:
    about = (file.getnchannels(), file.getsampwidth(), file.getframerate())
    samples = memoryview(file.readframes(file.getnframes())).cast("h")
assert about == (1, 2, 16000), about
loudest = max(samples)
with open(log, "a") as file:
    file.write(f"{os.getpid()} {os.getcwd()}\\n")
if loudest > 30000:
    sys.exit("too much text before " * 50 + "clipped; can't hear; that")
if loudest > 25000:
    time.sleep(60)
word = "dark" if loudest < 5000 else "bright"
said = [{"start": 0.0, "end": 0.5, "text": f" so {word}, {word}"}] if loudest > 1000 else []
json.dump({"text": "", "segments": said}, open(out, "w"))
"""


def clip(path: Path, level: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        tone = level * np.sin(np.arange(8000) * 0.3)
        file.writeframes(np.repeat(tone.astype("<i2"), 2).tobytes())
    return path


def hearing(home: Path) -> str:
    (home / "hear.py").write_text(HEAR)
    words = (sys.executable, str(home / "hear.py"), "{audio}", "{out}", str(home / "log"))
    return shlex.join(words)


def n_asked(home: Path) -> int:
    return len((home / "log").read_text().splitlines())


def small_recipe(home: Path, features: dict[str, Any], **changes: Any) -> Path:
    (home / "light.yaml").write_text(yaml.safe_dump(LIGHT))
    recipe = {
        "challenge": str(home / "light.yaml"),
        "name": "small",
        "data": {"root": str(home / "clips")},
        "paths": {"runs": str(home / "runs")},
        "features": features,
        "models": {"text": {"model": "text_logistic", "features": "words", "inner_folds": 2}},
        "folds": {"n_folds": 2},
        "fusion": {"method": "weighted"},
        "submission": {"fallback": "Dark"},
        "execution": IN_PROCESS,
        **changes,
    }
    path = home / "small.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for number in range(8):
        label, level = (("Dark", 2000), ("Bright", 9000))[number % 2]
        clip(tmp_path / "clips" / label / f"clip{number}.wav", level + 10 * number)
    return tmp_path


def test_a_run_asks_once_per_clip_and_learns_from_what_it_hears(home: Path) -> None:
    clip(home / "clips/faint.wav", 500)
    clip(home / "clips/loud.wav", 32000)
    clip(home / "clips/none.wav", 0)
    lexicon = home / "list.csv"
    lexicon.write_text("word,light\ndark,0\nbright,1\n")
    command = {"command": hearing(home)}
    features = {
        "light": {"extractor": "word_list", "path": str(lexicon), **command},
        "words": {"extractor": "transcript", **command},
    }
    run = open_run(small_recipe(home, features))
    run_all(run)
    assert n_asked(home) == 10  # and not of the one without sound
    rows = {row.clip_id: row for row in run.ledger("features:words").rows()}
    assert {c: (rows[c].status, rows[c].reason) for c in ("faint", "none")} == dict.fromkeys(
        ("faint", "none"), ("missing", "no words")
    )
    assert rows["loud"].status == "failed"
    assert rows["loud"].reason.endswith("clipped; can't hear; that")
    assert "ended with status 1: …" in rows["loud"].reason
    assert len(rows["loud"].reason) < 500
    words = feature_table(run, "words")
    assert text_in(words["clip1"]) == "so bright, bright"
    assert words["clip1"].times[0].tolist() == [0.0, 0.5]  # type: ignore[index]
    assert feature_table(run, "light")["clip1"].values[0].tolist() == pytest.approx([1.0, 2 / 3])
    assert run.scores("text").present.sum() == 8

    more = {**features, "again": {**features["light"], "rows": "segment"}}
    later = open_run(small_recipe(home, more))
    extract_all(later, ["again"])
    assert n_asked(home) == 11  # what could not be heard is tried again
    other = {"words": {**features["words"], "command_version": "large"}}
    extract_all(open_run(small_recipe(home, other)), ["words"])
    assert n_asked(home) == 11 + 10

    loud = clip(home / "new.wav", 8000)
    told = predict_files({"new": loud}, Wanted(run=run.folder))[0]
    assert told.answer(told.whole()[0]) == "Bright"


def test_when_its_time_is_over_it_ends_with_all_it_has_started(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    pid = tmp_path / "pid"
    inner = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    words = (sys.executable, "-c", code, "-c", inner, "{media}")

    def end(*_: Any) -> None:  # as a worker does that is told to stop
        sys.exit(143)

    before = signal.signal(signal.SIGTERM, end)
    watch = Timer(20, os.kill, (os.getpid(), signal.SIGTERM))
    thread = Thread(target=lambda: (_wait_for(pid), os.kill(os.getpid(), signal.SIGTERM)))
    thread.start()
    try:
        watch.start()
        with pytest.raises(SystemExit):
            recognise(source(tmp_path), shlex.join(words))
    finally:
        watch.cancel()
        thread.join()
        signal.signal(signal.SIGTERM, before)
    until = monotonic() + 10
    while psutil.pid_exists(int(pid.read_text())) and monotonic() < until:
        sleep(0.05)
    assert not psutil.pid_exists(int(pid.read_text()))


def _wait_for(path: Path) -> None:
    until = monotonic() + 15
    while not (path.is_file() and path.read_text()) and monotonic() < until:
        sleep(0.05)


def source(folder: Path) -> ClipSource:
    return ClipSource("a", clip(folder / "a clip; 'quoted'.wav", 4000))


def test_what_it_makes_is_read_however_it_is_given(tmp_path: Path) -> None:
    program = f"{shlex.quote(sys.executable)} -c "
    srt = "1\\n00:00:00,000 --> 00:00:01,000\\nHi; $HOME\\n"
    for code, arguments, timed in (
        (f"print('{srt}')", "{media}", True),
        ("print('Hi; $HOME')", "{media}", False),
        (f"import sys; open(sys.argv[1], 'w').write('{srt}')", "{out}.srt {media}", True),
        (
            f"import sys; open(sys.argv[1] + '/any.srt', 'w').write('{srt}')",
            "{folder} {audio}",
            True,
        ),
        (
            "import os, sys; assert os.path.isfile(sys.argv[1]); print('Hi; $HOME')",
            "{media}",
            False,
        ),
    ):
        said = recognise(source(tmp_path), f"{program} {shlex.quote(code)} {arguments}")
        times = (0.0, 1.0) if timed else (None, None)
        assert said.segments == (Segment("Hi; $HOME", *times),)


def test_what_goes_wrong_is_told(tmp_path: Path) -> None:
    program = f"{shlex.quote(sys.executable)} -c "
    with pytest.raises(MediaError, match=r"ended with status 3: it said nothing"):
        recognise(source(tmp_path), program + "'raise SystemExit(3)' {media}")
    with pytest.raises(MediaError, match=r"wrote nothing to \{out\}"):
        recognise(source(tmp_path), program + "'pass' {media} {out}")
    bad = "'print(\"{1\")' {media}"
    with pytest.raises(MediaError, match=r": transcript.json:1: no JSON"):
        recognise(source(tmp_path), program + bad)
    with pytest.raises(MachineError, match=r"the recogniser 'no-such-program' can't be started"):
        recognise(source(tmp_path), "no-such-program {audio}")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    with pytest.raises(MediaError):
        recognise(ClipSource("a", broken), program + "'pass' {audio}")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"command": "hear {sound}"}, r"unknown place \{sound\}"),
        ({"command": "hear {medai}"}, r"did you mean 'media'\?"),
        ({"command": "hear --all"}, r"neither \{media\} nor \{audio\}"),
        ({"command": "hear '{media}"}, "No closing quotation"),
        ({"command": " "}, "an empty command"),
        ({"command": "hear {media}", "transcripts": "said.csv"}, "exclude each other"),
    ],
)
def test_a_command_is_checked_before_any_clip(options: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TextOptions.model_validate(options)
