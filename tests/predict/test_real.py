"""Real clips with the real detector: alone and beside others, and turned."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.core.media import MediaReader
from emotiw.predict.inputs import media_files
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.predict.prediction_rows import FilePrediction
from tests.predict.videos import brightness_card, write_video

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(brightness_card(tmp_path_factory.mktemp("card")))


@pytest.mark.slow
def test_actors_have_one_face_and_the_same_answer_alone_and_in_a_folder(
    real_data: Path, tmp_path: Path
) -> None:
    """By the network that comes along."""
    for name in ("1001_DFA_ANG_XX.flv", "1001_DFA_HAP_XX.flv"):
        (tmp_path / name).write_bytes((real_data / "crema_d" / name).read_bytes())
    files = media_files([tmp_path])
    together = predict_files(files, Wanted())
    assert [len(one.whole()) for one in together] == [1, 1]
    assert all(one.whole()[0].n_faces > 50 for one in together)
    last = list(files)[-1]
    assert predict_files({last: files[last]}, Wanted())[0] == together[-1]
    assert best(together[-1], "face") == "Happy"


def best(found: FilePrediction, model: str) -> str:
    scores = found.whole()[0].by_model[model]
    return found.labels[scores.index(max(scores))]


@pytest.mark.slow
def test_some_emotions_of_an_actor_are_recognised(real_data: Path) -> None:
    """By the face network, from the mean over all frames, however sure; chance would be one of six.

    The actor's disgust, brows drawn together, is taken for anger; the neutral face for a sad one.
    """
    files = media_files([real_data / "crema_d"])
    answers = {"ANG": "Angry", "DIS": "Disgust", "FEA": "Fear", "HAP": "Happy", "NEU": "Neutral"}
    answers |= {"SAD": "Sad"}
    found = predict_files(files, Wanted())
    right = [
        best(one, "face") == answers[Path(name).stem.split("_")[2]]
        for name, one in zip(files, found, strict=True)
    ]
    assert len(right) == 6
    assert all(one.whole()[0].speech_sec > 0.5 for one in found)
    assert sum(right) >= 4


@pytest.mark.slow
def test_a_turned_recording_of_an_actor_shows_the_same_face(
    real_data: Path, card: str, tmp_path: Path
) -> None:
    import numpy as np

    with MediaReader(real_data / "crema_d" / "1001_DFA_HAP_XX.flv") as reader:
        frames = [frame.rgb for frame in reader.frames()][:12]
    lying = [np.ascontiguousarray(np.rot90(picture)) for picture in frames]
    plain = write_video(tmp_path / "plain.mp4", frames)
    turned = write_video(tmp_path / "turned.mp4", lying, rotation=90)
    found = predict_files({"p": plain, "t": turned}, Wanted(weights=card))
    assert found[0].whole()[0].n_faces == found[1].whole()[0].n_faces == 12
    assert found[0].whole()[0].scores == pytest.approx(found[1].whole()[0].scores, abs=0.03)
