from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import emotiw
from emotiw.core.errors import LeakageError
from fusion.attribution import attribute
from fusion.cross_fitting import fuse
from fusion.single_answers import answers_of
from tests.fusion.made_up import Corpus, out_of_fold


def test_modalities_with_folds_of_their_own_stay_unseen(corpus: Corpus) -> None:
    other_folds = {
        c: (fold + int(corpus.groups[c][-1] > "4")) % 5 for c, fold in corpus.folds.items()
    }
    face = corpus.tables["face"]
    scores = face.aligned_to(face.clip_ids)
    tables = {
        "voice": corpus.tables["voice"],
        "face": out_of_fold("face", scores, face.clip_ids, corpus.groups, other_folds),
    }
    table = fuse(tables, corpus.cohort).table
    table.require_unseen(corpus.groups)
    fold_of = dict(zip(table.clip_ids, table.fold, strict=True))
    for clip_id, fold in fold_of.items():
        seen_by_face = tables["face"].seen_groups[other_folds[clip_id]]
        assert seen_by_face <= table.seen_groups[fold]
    assert len(set(fold_of.values())) == 10


def test_a_model_of_unknown_training_makes_the_fused_row_unknown(corpus: Corpus) -> None:
    voice = corpus.tables["voice"]
    is_test = np.array([corpus.groups[c] == "speaker9" for c in voice.clip_ids])
    split = tuple(np.where(is_test, "test", "train"))
    tables = {
        name: replace(
            table,
            split=split,
            fold=tuple(None if t else f for t, f in zip(is_test, table.fold, strict=True)),
        )
        for name, table in corpus.tables.items()
    }
    table = fuse(tables, replace(corpus, tables=tables).cohort).table
    assert None not in table.seen_groups
    with pytest.raises(LeakageError, match="nothing says"):
        table.require_unseen(
            {c: "speaker9" for c, t in zip(voice.clip_ids, is_test, strict=True) if t}
        )


def test_no_fusion_learns_from_a_copy_of_what_it_scores() -> None:
    rng = np.random.default_rng(0)
    n, labels = 48, ("Angry", "Happy", "Sad")
    noise = rng.dirichlet(np.ones(3), (2, n))
    clips = pd.DataFrame(
        {
            "clip_id": [f"c{row:03}" for row in range(2 * n)],
            "label": np.array(labels)[np.tile(rng.integers(0, 3, n), 2)],
            "group": [f"{who}{row % 8}" for who in "st" for row in range(n)],
            "fold": [(row % 8 + turn) % 4 for turn in (0, 1) for row in range(n)],
            "content": 2 * [f"{row:064x}" for row in range(n)],
        }
    )
    tables = {
        name: pd.DataFrame(np.tile(own, (2, 1)), columns=labels).assign(clip_id=clips["clip_id"])
        for name, own in zip(("face", "voice"), noise, strict=True)
    }
    fused = emotiw.fuse(tables, clips, method="boosting")
    assert fused.result("accuracy").value < 0.5  # 0.8 of noise, where it knows the copies
    assert attribute(fused).modalities["shapley"].abs().max() < 0.1  # 0.23 with them
    alone = clips.assign(content="00" * 32)
    with pytest.raises(LeakageError, match="repeats a clip that it holds out"):
        emotiw.fuse(tables, alone)


@pytest.mark.parametrize("method", ["boosting", "logistic", "auto"])
def test_inner_folds_hold_a_clip_and_its_copy_out_together(method: str) -> None:
    rng = np.random.default_rng(1)
    n, labels = 24, ("Angry", "Happy")
    clips = pd.DataFrame(
        {
            "clip_id": [f"c{row:03}" for row in range(2 * n)],
            "label": np.array(labels)[np.tile(rng.integers(0, 2, n), 2)],
            "group": [f"{who}{row % 6}" for who in "st" for row in range(n)],
            "fold": [(row % 6) % 2 for _ in range(2) for row in range(n)],
            "content": 2 * [f"{row:064x}" for row in range(n)],
        }
    )
    tables = {
        name: pd.DataFrame(np.tile(rng.dirichlet(np.ones(2), n), (2, 1)), columns=labels).assign(
            clip_id=clips["clip_id"]
        )
        for name in ("face", "voice")
    }
    rows = emotiw.fuse(tables, clips, method=method).rows
    partner = {f"c{row:03}": f"c{(row + n) % (2 * n):03}" for row in range(2 * n)}
    unit = dict(zip(rows.clip_ids, rows.units.tolist(), strict=True))
    assert all(unit[clip_id] == unit[other] for clip_id, other in partner.items())
    assert len(set(unit.values())) == 6
    assert len(set(rows.groups.tolist())) == 12
    half = rows.subset(rows.groups < 6).answering(answers_of(rows.task)[0])
    assert half.units.shape == (len(half),)
