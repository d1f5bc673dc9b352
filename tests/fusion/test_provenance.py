from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emotiw.core.errors import LeakageError
from fusion.cross_fitting import fuse
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
