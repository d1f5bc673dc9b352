from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, LeakageError, TableError
from emotiw.core.imported_scores import import_scores
from emotiw.core.score_kinds import read_scores
from emotiw.core.task import Classification, Regression

LABELS = ("Angry", "Happy", "Sad")
CLIPS = {
    "000001": Clip("000001", Path(), "train", group="ann", fold=0),
    "000002": Clip("000002", Path(), "train", group="bob", fold=1),
    "000003": Clip("000003", Path(), "train", group="cat", fold=1),
    "000009": Clip("000009", Path(), "test", group="dan"),
}
TASK = Classification(LABELS)
TRAIN = {"000001": "ann", "000002": "bob", "000003": "cat"}


def cohort_of(clips: Mapping[str, Clip]) -> Cohort:
    # folds are of training clips whose label is known; here that doesn't matter
    return Cohort((replace(clip, label="Happy") for clip in clips.values()), task=TASK)


COHORT = cohort_of(CLIPS)
UNFOLDED = cohort_of({c: replace(clip, fold=None) for c, clip in CLIPS.items()})


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_found_by_name_in_any_vocabulary(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "sadness,clip_id,Anger,HAPPINESS\n0.1,000001,0.2,0.7\n")
    table = import_scores(path, COHORT, name="net")
    assert table.scores.tolist() == [pytest.approx([0.2, 0.7, 0.1])]
    assert table.clip_ids == ("000001",)


def test_published_folds_say_what_each_model_has_seen(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000002,0,1,0\n000003,0,0,1\n000009,0,0,1\n",
    )
    table = import_scores(path, COHORT, name="net")
    assert table.seen_groups == {0: {"bob", "cat"}, 1: {"ann"}, None: {"ann", "bob", "cat"}}
    table.require_unseen(TRAIN)


def test_a_folder_has_one_file_per_fold(tmp_path: Path) -> None:
    write(tmp_path / "fold0.csv", "clip_id,Angry,Happy,Sad\n000001,-1,2,0\n")
    write(tmp_path / "fold1.csv", "clip_id,Sad,Happy,Angry\n000002,3,0,-3\n")
    table = import_scores(tmp_path, UNFOLDED, name="net")
    assert table.fold == (0, 1)
    assert table.predictions() == {"000001": "Happy", "000002": "Sad"}
    table.require_unseen({"000001": "ann", "000002": "bob"})


def test_a_folder_that_contradicts_the_published_folds_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "fold1.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n")
    with pytest.raises(TableError, match="'000001' belongs to fold 0, not 1"):
        import_scores(tmp_path, COHORT, name="net")


def test_a_group_in_two_folds_is_refused(tmp_path: Path) -> None:
    torn = cohort_of({**CLIPS, "000003": replace(CLIPS["000003"], group="ann")})
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000003,0,1,0\n")
    with pytest.raises(TableError, match="group 'ann' is in folds 0 and 1"):
        import_scores(path, torn, name="net")


@pytest.mark.parametrize(
    ("trained_on", "is_allowed"), [("other data", True), ("train", False), ("unknown", False)]
)
def test_what_a_model_was_trained_on_decides_whether_it_is_fitted_on(
    tmp_path: Path, trained_on: str, is_allowed: bool
) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000002,0,1,0\n")
    table = import_scores(path, COHORT, name="net", trained_on=trained_on)
    if is_allowed:
        table.require_unseen(TRAIN)
    else:
        with pytest.raises(LeakageError):
            table.require_unseen(TRAIN)


def test_training_clips_without_a_fold_are_not_taken_on_trust(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000009,0,1,0\n")
    table = import_scores(path, UNFOLDED, name="net")
    with pytest.raises(LeakageError, match="was trained on its group 'ann'"):
        table.require_unseen(TRAIN)


@pytest.mark.parametrize("kind", ["auto", "log-probabilities", "logits"])
def test_logarithms_and_logits_become_probabilities(kind: str) -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.01, 0.01, 0.98]])
    assert np.allclose(read_scores(np.log(probabilities), kind).scores, probabilities)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angri,Happy,Sad\n000001,1,0,0\n")
    with pytest.raises(TableError) as caught:
        import_scores(path, COHORT, name="net")
    assert "column 'Angri' is no label; did you mean 'Angry'?" in str(caught.value)
    path = write(tmp_path / "b.csv", "clip_id,Angry,Happy,Sad\n000001,x,0,0\n000002,1,0,y\n")
    with pytest.raises(TableError) as caught:
        import_scores(path, COHORT, name="net")
    assert "line 2: Angry 'x'" in str(caught.value)
    assert "line 3: Sad 'y'" in str(caught.value)


def test_a_cell_that_is_no_number_is_placed_where_an_editor_shows_it(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "clip_id,Angry,Happy,Sad\n"  # 1
        "\n"  # 2
        '000001,1,0,"0\n"\n'  # 3, 4
        "\n"  # 5
        "000002,oops,0,1\n",  # 6
    )
    with pytest.raises(TableError) as caught:
        import_scores(path, COHORT, name="net")
    assert f"{path}: 1 problem\n  - line 6: Angry 'oops' is not a number" in str(caught.value)


def test_a_clip_twice_a_fold_that_is_no_number_and_no_id_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,fold,Angry,Happy,Sad\n,0,1,0,0\n000001,x,1,0,0\n")
    with pytest.raises(TableError) as caught:
        import_scores(path, COHORT, name="net")
    assert "line 2: no clip id" in str(caught.value)
    assert "line 3: fold 'x' is not a number" in str(caught.value)
    path = write(tmp_path / "b.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n000001,1,0,0\n")
    with pytest.raises(TableError, match="clip '000001' has more than one row"):
        import_scores(path, COHORT, name="net")


def test_what_the_clips_are_asked_has_to_be_known(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n000001,1,0,0\n")
    with pytest.raises(ConfigError, match="doesn't say what is asked"):
        import_scores(path, Cohort(CLIPS.values()), name="net")
    with pytest.raises(ConfigError, match=r"unknown trained_on 'tran'; did you mean 'train'\?"):
        import_scores(path, COHORT, name="net", trained_on="tran")  # type: ignore[arg-type]


def test_targets_are_taken_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,joy\n000001,-3.5\n000002,7\n000009,\n")
    cohort = Cohort(
        (replace(clip, target=0.5) for clip in CLIPS.values()), task=Regression(("joy",))
    )
    table = import_scores(path, cohort, name="net")
    assert table.task == Regression(("joy",))
    assert table.predictions() == {"000001": -3.5, "000002": 7.0}


def test_ids_that_lost_their_zeros_are_explained(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "clip_id,Angry,Happy,Sad\n00001,1,0,0\n")
    with pytest.raises(TableError, match=r"e.g. '00001'; with the zeros before them they would be"):
        import_scores(path, COHORT, name="net")


def test_rounded_probabilities_get_their_sum_back_and_percentages_are_asked_about() -> None:
    assert read_scores(np.array([[0.33, 0.33, 0.33]])).scores.sum() == pytest.approx(1)
    with pytest.raises(TableError, match="say which kind"):
        read_scores(np.array([[33.0, 33.0, 34.0]]))
    assert read_scores(np.array([[50.0, 50.0]]), "probabilities").scores.tolist() == [[0.5, 0.5]]
    with pytest.raises(TableError, match="above 1, and not percent"):  # logits, none below 0
        read_scores(np.array([[0.2, 0.8], [3.0, 0.5]]), "probabilities")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "accuracy"),
    [("audio_wav2vec2", 81.94), ("video_au_mlp", 60.42), ("video_au_bilstm", 62.36)],
)
def test_published_scores_have_their_published_accuracy(
    real_data: Path, name: str, accuracy: float
) -> None:
    labels = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    ids = [path.stem for path in (real_data / "ravdess").iterdir()]
    clips = [Clip(clip_id, Path(), "train", group=clip_id[-2:]) for clip_id in ids]
    cohort = Cohort(clips, task=Classification(labels))
    table = import_scores(real_data / "ravdess_scores" / name, cohort, name=name)
    right = [labels[int(c.split("-")[2]) - 1] == p for c, p in table.predictions().items()]
    assert len(right) == 1440
    assert 100 * np.mean(right) == pytest.approx(accuracy, abs=0.005)
    table.require_unseen(cohort.groups)
