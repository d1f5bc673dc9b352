"""TF-IDF as scikit-learn has it, learnt in the fit alone; any language, any length."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.feature_extraction.text import TfidfVectorizer

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec, FeatureTable
from emotiw.core.task import Classification
from emotiw.models.model import Examples, Unlabelled
from emotiw.models.sequence.recurrent import Recurrent
from emotiw.models.tabular.svm import Svm
from emotiw.models.tabular.terms import TermOptions, TermWeights, Vocabulary
from emotiw.models.tabular.text_logistic import TextLogistic, TextLogisticOptions
from features.text.tokens import tokens_of
from features.text.transcript import Segment, Transcript, text_spec

TASK = Classification(("Calm", "Glad"))
GLAD = ("so glad; glad!", "Ich freue mich 😀", "我很高兴", "أنا سعيد", "मैं खुश हूँ", "glad, 'tis true")
CALM = ("it is noon.", "Es ist Mittag 🕛", "现在是中午", "إنه الظهر", "अभी दोपहर है", 'noon, "noon"')
SPEC = text_spec("words")


def examples(texts: dict[str, str], labels: list[int] | None = None) -> Examples:
    arrays = {c: Transcript.of([Segment(text)]).to_array() for c, text in texts.items()}
    groups = tuple(f"speaker{n // 2 % 3}" for n in range(len(texts)))
    targets = None if labels is None else np.array(labels, dtype=np.int64)
    return Examples(FeatureTable(SPEC, arrays), tuple(arrays), groups, targets)


def learnt(**options: Any) -> TextLogistic:
    texts = {
        f"{kind}{n}": t for kind, told in (("g", GLAD), ("c", CALM)) for n, t in enumerate(told)
    }
    made = TextLogisticOptions.model_validate({"terms": {"min_clips": 1}, **options})
    model = TextLogistic(made, spec=SPEC, task=TASK, seed=0)
    model.fit(examples(texts, [1] * len(GLAD) + [0] * len(CALM)))
    return model


@pytest.mark.parametrize("kind", ["word", "char_wb"])
def test_weights_are_those_of_scikit_learn(kind: str) -> None:
    texts = ["so glad so glad it is", "it is noon, noon", "glad it is over", "over and out"]
    spans: dict[str, Any] = {"words": None, "characters": None}
    spans["words" if kind == "word" else "characters"] = (1, 3)
    options = TermOptions(**spans, min_clips=2)
    vocabulary = Vocabulary(options, {})
    counts = vocabulary.fit(texts)
    weights = TermWeights(options)
    found = weights.fit(counts)
    theirs = TfidfVectorizer(
        analyzer=kind, ngram_range=(1, 3), min_df=2, sublinear_tf=True, tokenizer=tokens_of,
        preprocessor=lambda text: " ".join(tokens_of(text)), token_pattern=None,
    )  # fmt: skip
    expected = theirs.fit_transform(texts)
    terms = vocabulary.state["words" if kind == "word" else "characters"]
    assert terms.tolist() == theirs.get_feature_names_out().tolist()
    assert found.toarray() == pytest.approx(expected.toarray())
    new = ["glad and over"]
    again = weights.apply(vocabulary.count(new)).toarray()
    assert again == pytest.approx(theirs.transform(new).toarray())


def test_any_language_is_learnt_from() -> None:
    model = learnt()
    new = {"a": "glad?!", "b": "高兴", "c": "سعيد جدا", "d": "खुश", "e": "Freue dich! 😀"}
    assert (model.predict(examples(new))[:, 1] > 0.5).all()


def test_texts_of_any_length_have_scores() -> None:
    scores = learnt().predict(
        examples({"a": "x", "b": "glad " * 100_000, "c": "\u200d", "d": "\0"})
    )
    assert np.isfinite(scores).all()
    assert scores.sum(axis=1) == pytest.approx([1, 1, 1, 1])


def test_a_term_of_held_out_clips_has_no_weight() -> None:
    options = TermOptions(characters=None, words=(1, 1), min_clips=1)
    vocabulary = Vocabulary(options, {})
    counts = vocabulary.fit(["glad noon", "noon", "zebra zebra"])
    assert vocabulary.state["words"].tolist() == ["glad", "noon", "zebra"]
    weights = TermWeights(options)
    weights.fit(counts[[0, 1]])
    assert weights.state["weights"].tolist() == pytest.approx([np.log(3 / 2) + 1, 1.0, 0.0])
    assert weights.apply(counts[[2]]).nnz == 0


def test_order_and_names_of_clips_change_no_bit(tmp_path: Path) -> None:
    texts = {f"clip{n}": text for n, text in enumerate((*GLAD, *CALM))}
    labels = [1] * 6 + [0] * 6
    told = examples(texts, labels)
    model = TextLogistic(TextLogisticOptions(), spec=SPEC, task=TASK, seed=0)
    model.fit(told)
    names = {clip: f"z{n}" for n, clip in enumerate(reversed(told.clip_ids))}
    table = FeatureTable(SPEC, {names[c]: told.table[c] for c in told.clip_ids})
    other = TextLogistic(TextLogisticOptions(), spec=SPEC, task=TASK, seed=0)
    other.fit(replace(told, table=table, clip_ids=tuple(names[c] for c in told.clip_ids)))
    new = examples({"a": "glad noon", "b": "noon"})
    assert np.array_equal(model.predict(new), other.predict(new))
    assert np.array_equal(model.predict(new.subset([1, 0])), model.predict(new)[::-1])
    model.save(tmp_path)
    assert np.array_equal(TextLogistic.load(tmp_path).predict(new), model.predict(new))


def test_text_is_no_vector_and_vectors_are_no_text() -> None:
    with pytest.raises(ConfigError, match=r"'words' is text; .* take model: text_logistic"):
        Svm(Svm.Options(), spec=SPEC, task=TASK, seed=0)
    with pytest.raises(ConfigError, match="per character"):
        Recurrent(Recurrent.Options(), spec=SPEC, task=TASK, seed=0)
    vectors = FeatureSpec("voice", (3,), "clip")
    with pytest.raises(ConfigError, match=r"'voice' is no text, but \(3,\) per clip"):
        TextLogistic(TextLogisticOptions(), spec=vectors, task=TASK, seed=0)
    with pytest.raises(ValidationError, match="preparation is of models of vectors"):
        TextLogisticOptions.model_validate({"preparation": {"pca": 3}})
    with pytest.raises(ValidationError, match=r"from 1 to 20, got \[3, 2\]"):
        TermOptions(words=(3, 2))


def test_texts_with_guessed_labels_are_learnt_from() -> None:
    texts = {"a": "glad", "b": "noon", "c": "day", "d": "day", "e": "glad", "f": "noon"}
    labelled = examples(texts, [1, 0, 1, 0, 1, 0])
    others = examples({"u": "day", "v": "day"})
    guessed = Unlabelled(others).guessed(np.array([1, 1]), np.array([0.5, 0.5]), taught_by=())
    found = []
    for unlabelled in (None, guessed):
        options = TextLogisticOptions.model_validate({"terms": {"min_clips": 1}, "c": 1})
        model = TextLogistic(options, spec=SPEC, task=TASK, seed=0)
        model.fit(replace(labelled, unlabelled=unlabelled))
        found.append(model.predict(others)[0, 1])
    assert found[0] == pytest.approx(0.5)
    assert found[1] > 0.6
