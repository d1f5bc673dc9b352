from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotiw.core.errors import LeakageError, TableError
from emotiw.core.imported_scores import ClipFacts, import_scores, to_probabilities

LABELS = ("Angry", "Happy", "Sad")
CLIPS = {
    "000001": ClipFacts("train", "ann", 0),
    "000002": ClipFacts("train", "bob", 1),
    "000003": ClipFacts("train", "cat", 1),
    "000009": ClipFacts("test", "dan"),
}
GROUPS = {clip_id: facts.group for clip_id, facts in CLIPS.items()}
TRAIN = {clip_id: group for clip_id, group in GROUPS.items() if group != "dan"}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_found_by_name_in_any_vocabulary(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "sadness,clip_id,Anger,HAPPINESS\n0.1,000001,0.2,0.7\n")
    table = import_scores(path, name="net", labels=LABELS, clips=CLIPS)
    assert table.scores.tolist() == [pytest.approx([0.2, 0.7, 0.1])]
    assert table.clip_ids == ("000001",)


def test_published_folds_say_what_each_model_has_seen(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000002,0,1,0\n000003,0,0,1\n000009,0,0,1\n",
    )
    table = import_scores(path, name="net", labels=LABELS, clips=CLIPS)
    assert table.seen_groups == {0: {"bob", "cat"}, 1: {"ann"}, None: {"ann", "bob", "cat"}}
    table.require_unseen(TRAIN)


def test_a_folder_has_one_file_per_fold(tmp_path: Path) -> None:
    write(tmp_path / "fold0.csv", "clip_id,Angry,Happy,Sad\n000001,-1,2,0\n")
    write(tmp_path / "fold1.csv", "clip_id,Sad,Happy,Angry\n000002,3,0,-3\n")
    unfolded = {c: ClipFacts(f.split, f.group) for c, f in CLIPS.items()}
    table = import_scores(tmp_path, name="net", labels=LABELS, clips=unfolded)
    assert table.fold == (0, 1)
    assert table.predictions() == {"000001": "Happy", "000002": "Sad"}
    table.require_unseen({"000001": "ann", "000002": "bob"})


def test_a_folder_that_contradicts_the_published_folds_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "fold1.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n")
    with pytest.raises(TableError, match="'000001' belongs to fold 0, not 1"):
        import_scores(tmp_path, name="net", labels=LABELS, clips=CLIPS)


def test_a_group_in_two_folds_is_refused(tmp_path: Path) -> None:
    clips = {**CLIPS, "000003": ClipFacts("train", "ann", 1)}
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000003,0,1,0\n")
    with pytest.raises(TableError, match="group 'ann' is in folds 0 and 1"):
        import_scores(path, name="net", labels=LABELS, clips=clips)


@pytest.mark.parametrize(
    ("trained_on", "is_allowed"), [("other data", True), ("train", False), ("unknown", False)]
)
def test_what_a_model_was_trained_on_decides_whether_it_is_fitted_on(
    tmp_path: Path, trained_on: str, is_allowed: bool
) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000002,0,1,0\n")
    table = import_scores(path, name="net", labels=LABELS, clips=CLIPS, trained_on=trained_on)
    if is_allowed:
        table.require_unseen(TRAIN)
    else:
        with pytest.raises(LeakageError):
            table.require_unseen(TRAIN)


def test_training_clips_without_a_fold_are_not_taken_on_trust(tmp_path: Path) -> None:
    unfolded = {c: ClipFacts(f.split, f.group) for c, f in CLIPS.items()}
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000009,0,1,0\n")
    table = import_scores(path, name="net", labels=LABELS, clips=unfolded)
    with pytest.raises(LeakageError, match="was trained on its group 'ann'"):
        table.require_unseen(TRAIN)


@pytest.mark.parametrize("kind", ["auto", "log-probabilities", "logits"])
def test_logarithms_and_logits_become_probabilities(kind: str) -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.01, 0.01, 0.98]])
    assert np.allclose(to_probabilities(np.log(probabilities), kind), probabilities)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angri,Happy,Sad\n000001,1,0,0\n")
    with pytest.raises(TableError) as caught:
        import_scores(path, name="net", labels=LABELS, clips=CLIPS)
    assert "column 'Angri' is no label; did you mean 'Angry'?" in str(caught.value)
    path = write(tmp_path / "b.csv", "clip_id,Angry,Happy,Sad\n000001,x,0,0\n000002,1,0,y\n")
    with pytest.raises(TableError) as caught:
        import_scores(path, name="net", labels=LABELS, clips=CLIPS)
    assert "line 2: Angry 'x'" in str(caught.value)
    assert "line 3: Sad 'y'" in str(caught.value)


def test_ids_that_lost_their_zeros_are_explained(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n00001,1,0,0\n")
    with pytest.raises(TableError, match=r"no clip of this challenge, e.g. '00001'; did you mean"):
        import_scores(path, name="net", labels=LABELS, clips=CLIPS)


def test_rounded_probabilities_get_their_sum_back_and_percentages_are_asked_about() -> None:
    assert to_probabilities(np.array([[0.33, 0.33, 0.33]])).sum() == pytest.approx(1)
    with pytest.raises(TableError, match="say which kind"):
        to_probabilities(np.array([[33.0, 33.0, 34.0]]))
    assert to_probabilities(np.array([[50.0, 50.0]]), "probabilities").tolist() == [[0.5, 0.5]]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "accuracy"),
    [("audio_wav2vec2", 81.94), ("video_au_mlp", 60.42), ("video_au_bilstm", 62.36)],
)
def test_published_scores_have_their_published_accuracy(
    real_data: Path, name: str, accuracy: float
) -> None:
    labels = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    clips = {
        path.stem: ClipFacts("train", path.stem[-2:]) for path in (real_data / "ravdess").iterdir()
    }
    table = import_scores(
        real_data / "ravdess_scores" / name, name=name, labels=labels, clips=clips
    )
    right = [labels[int(c.split("-")[2]) - 1] == p for c, p in table.predictions().items()]
    assert len(right) == 1440
    assert 100 * np.mean(right) == pytest.approx(accuracy, abs=0.005)
    table.require_unseen({c: facts.group for c, facts in clips.items()})
