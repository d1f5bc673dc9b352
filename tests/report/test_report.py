"""The file itself: what it says, what it leaves out, and that it is whole."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotiw.analysis.report import page as page_module
from emotiw.analysis.report import samples as samples_module
from emotiw.analysis.report.page import write_report
from emotiw.analysis.report.samples import strip_of
from emotiw.challenges.synthetic import MARK
from emotiw.core.errors import MissingStageError
from emotiw.core.score_table import ScoreTable
from emotiw.runs.run import Run, reopen_run
from submissions.attempts import Attempts
from tests.report.runs import BROKEN, FACELESS, classified, data_of, drawn_tracks, regressed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return classified(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(run: Run) -> Path:
    return write_report(run).path


def clips_of(page: Path) -> dict[str, dict[str, Any]]:
    data: Any = data_of(page)
    return {clip["id"]: clip for clip in data["clips"]}


def test_every_clip_has_the_scores_of_its_tables(run: Run, page: Path) -> None:
    data: Any = data_of(page)
    assert data["models"] == ["voice", "face", "fused"]
    clips = clips_of(page)
    assert sorted(clips) == list(run.cohort().clip_ids)
    fused = ScoreTable.read_csv(run.folder / "fused.csv")
    expected = np.round(1000 * fused.aligned_to(sorted(clips)))
    assert [clips[c]["s"][2] for c in sorted(clips)] == expected.astype(int).tolist()
    assert clips[FACELESS]["s"][1] is None
    assert clips[FACELESS]["s"][0] is not None


def test_the_headline_is_the_figure_of_the_run(run: Run, page: Path) -> None:
    figures = pd.read_csv(run.metrics_path)
    fused = figures[(figures["modality"] == "fused") & (figures["metric"] == "accuracy")]
    text = page.read_text(encoding="utf-8")
    assert f'<p class="figure">{100 * fused["value"].iloc[0]:.2f} % <small' in text
    assert "audio and video, luna-jimenez folds" in text  # what was published
    assert "synthetic" not in text


def test_gaps_are_told_with_their_reasons(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert f"{BROKEN}.wav: the file is empty" in text
    assert clips_of(page)[FACELESS]["note"] == "no face found"


def test_nothing_is_asked_of_the_outside(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "Content-Security-Policy\" content=\"default-src 'none'" in text
    for outside in ('src="http', "url(", "@import", '<link rel="stylesheet'):
        assert outside not in text.replace("\\u003c", "<").split('id="data"')[0]


def test_faces_and_sounds_can_be_seen_and_heard(page: Path) -> None:
    data: Any = data_of(page)
    assert len(data["strips"]) == 38
    with Image.open(io.BytesIO(base64.b64decode(data["strips"]["clip 00"]))) as strip:
        assert strip.size == (6 * 48, 48)
    assert len(data["sounds"]) == 40
    with av.open(io.BytesIO(base64.b64decode(data["sounds"]["clip 03"]))) as sound:
        waveform = np.concatenate([f.to_ndarray()[0] for f in sound.decode(audio=0)])
    assert len(waveform) / 16_000 == pytest.approx(1 / 3, abs=0.15)
    spectrum = np.abs(np.fft.rfft(waveform))
    heard_hz = spectrum.argmax() * 16_000 / len(waveform)
    assert heard_hz == pytest.approx((0.1 + 0.005 * 3) / (2 * np.pi) * 16_000, abs=15)


def test_a_photograph_shows_its_people_side_by_side() -> None:
    tracks = drawn_tracks(1, n_frames=5)
    crowd = type(tracks)(**{**vars(tracks), "n_frames": 1, "time_sec": np.zeros(1),
                            "track": np.arange(5, dtype=np.int32),
                            "frame": np.zeros(5, np.int32)})  # fmt: skip
    with Image.open(io.BytesIO(strip_of(crowd, 3))) as strip:
        assert strip.size == (3 * 48, 48)


def test_what_does_not_fit_is_left_out_mistakes_last(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_report(run, tmp_path / "whole.html")
    bare = write_report(run, tmp_path / "bare.html", has_samples=False)
    limit = bare.size + page_module.SPARE + (whole.size - bare.size) // 5
    monkeypatch.setattr(page_module, "MOST_BYTES", limit)
    small = write_report(run, tmp_path / "small.html")
    assert small.size <= limit
    assert any(line.startswith("Sound is kept of") for line in small.told)
    data: Any = data_of(small.path)
    kept, clips = set(data["sounds"]), clips_of(small.path)
    assert 0 < len(kept) < 40
    top = {c: int(np.argmax(clip["s"][2])) for c, clip in clips.items()}
    wrong = {c for c, clip in clips.items() if top[c] != clip["y"]}
    assert wrong <= kept or kept <= wrong
    assert len(data["strips"]["clip 00"]) < len(data_of(whole.path)["strips"]["clip 00"])  # type: ignore[index]


def test_clips_themselves_are_left_out_before_the_file_grows_too_large(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = write_report(run, tmp_path / "bare.html", has_samples=False)
    limit = bare.size + page_module.SPARE - 1000
    monkeypatch.setattr(page_module, "MOST_BYTES", limit)
    small = write_report(run, tmp_path / "small.html")
    assert small.size <= limit
    clips, everyone = clips_of(small.path), clips_of(bare.path)
    assert 0 < len(clips) < 40
    assert f"{40 - len(clips)} clips are not listed: there are too many for one page." in small.told
    top = {c: int(np.argmax(clip["s"][2])) for c, clip in everyone.items()}
    wrong = {c for c, clip in everyone.items() if top[c] != clip["y"]}
    assert wrong <= set(clips) or set(clips) <= wrong


def test_all_sounds_are_cut_before_any_is_left_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples_module, "SECONDS", (0.3, 0.05))
    monkeypatch.setattr(samples_module, "FACES", (1,))
    monkeypatch.setattr(samples_module, "FACES_SHARE", 0.9)
    whole = write_report(run, tmp_path / "whole.html")
    used = sum(map(len, data_of(whole.path)["sounds"].values()))  # type: ignore[attr-defined]
    monkeypatch.setattr(page_module, "MOST_BYTES", whole.size + page_module.SPARE - used // 4)
    small = write_report(run, tmp_path / "small.html")
    assert "Sound is cut after 0.05 s, to keep this file small." in small.told
    assert len(data_of(small.path)["sounds"]) == 40  # type: ignore[arg-type]


def test_the_same_run_gives_the_same_bytes(run: Run, page: Path, tmp_path: Path) -> None:
    again = write_report(reopen_run(run.folder), tmp_path / "again.html")
    assert again.path.read_bytes() == page.read_bytes()


def test_attempts_and_ablation_are_shown_where_there_are_any(run: Run, tmp_path: Path) -> None:
    handed_in = tmp_path / "x.csv"
    handed_in.write_text("clip_id,label\n")
    ledger = Attempts(run.folder.parent)
    ledger.add(run.recipe.spec, handed_in, run="small", val=61.5)
    ledger.record_value(run.recipe.spec, 1, 58.25)
    table = run.folder / "ablation" / "ablation.csv"
    table.parent.mkdir()
    table.write_text(
        "row,modalities,metric,split,value,low,high,n,n_scored,n_groups,difference,difference_low,"
        "difference_high,p,p_holm,is_significant,is_reference,seconds,megabytes\n"
        "all,all,accuracy,train,0.75,0.5,0.875,40,40,5,,,,,,,true,12.345,1.5\n"
        "<b>face</b>,face,accuracy,train,0.5,0.25,0.6,40,38,5,-0.25,-0.3,-0.1,0.01,0.03,true,false,,\n"
    )
    text = write_report(run, tmp_path / "r.html").path.read_text(encoding="utf-8")
    assert "Attempts: test is -3.25 against validation" in text
    assert '<th scope="col">accuracy (%) [95 %]</th>' in text
    assert "<td>75.00 [50.00–87.50]</td><td></td>" in text
    assert (
        "&lt;b&gt;face&lt;/b&gt;</td><td>50.00 [25.00–60.00]</td><td>-25.00 [-30.00–-10.00]" in text
    )
    assert "<td>0.0300</td><td>yes</td>" in text
    table.unlink()
    (run.folder.parent / "attempts.csv").unlink()


def test_a_demo_is_not_compared_with_published_figures(run: Run, tmp_path: Path) -> None:
    marker = run.recipe.settings.data.root / MARK
    marker.write_text("{}")
    text = write_report(run, tmp_path / "r.html", has_samples=False).path.read_text()
    marker.unlink()
    assert "These clips are synthetic" in text
    assert "luna-jimenez folds" not in text.split('id="recipe"')[0]


def test_a_regression_shows_targets_against_predictions(tmp_path: Path) -> None:
    run = regressed(tmp_path)
    page = write_report(run).path
    text = page.read_text(encoding="utf-8")
    assert "from the line on average, where all would be right" in text
    assert "Which label is taken" not in text
    assert "CCC on training clips, out of fold" in text
    clip = clips_of(page)["clip 05"]
    assert clip["y"] == pytest.approx(run.cohort().answer_key()["clip 05"])


def test_a_run_without_scores_still_shows_its_data(run: Run, tmp_path: Path) -> None:
    early = reopen_run(run.folder, ["models={}"])
    text = write_report(early, tmp_path / "early.html").path.read_text(encoding="utf-8")
    assert "No scores of clips with an answer yet" in text
    assert f"{BROKEN}.wav: the file is empty" in text


def test_a_run_without_a_manifest_says_what_to_do(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    recipe = (run.folder / "recipe.yaml").read_text()
    (tmp_path / "empty" / "recipe.yaml").write_text(recipe)
    with pytest.raises(MissingStageError, match="emotiw index"):
        write_report(reopen_run(tmp_path / "empty"))
