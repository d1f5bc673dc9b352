"""What all models of one vector per clip share: preparation, inner folds, calibration, files."""

from __future__ import annotations

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.files import atomic_write
from emotiw.core.folds import assign_folds
from emotiw.core.probabilities import fit_temperature
from emotiw.core.task import Task
from emotiw.evaluation.metrics import metric_named
from emotiw.models.answers_apart import AnswersApart
from emotiw.models.model import Examples
from emotiw.models.tabular.beside import Beside
from emotiw.models.tabular.pooling import (
    Copies,
    copies_in,
    pooled_matrix,
    require_vectors,
)
from emotiw.models.tabular.preparation import Preparation, Vectors
from emotiw.models.tabular.tabular_options import TabularOptions, several

MODEL = "model.skops"
Values = npt.NDArray[np.float64]
State = dict[str, Any]


@dataclass(frozen=True)
class InnerScores:
    """What one setting said about training clips that it was not fitted on.

    Attributes:
        raw: ``(n, n_labels)`` logits or ``(n, 1)`` targets; NaN where no inner fold held a row out.
        merit: larger is better.
    """

    raw: Values
    merit: float


class TabularModel(AnswersApart, ABC):
    """A model that reads one vector per clip; features of frames are pooled first.

    Its settings (those of its hyper-parameters for which a recipe gives several values) are
    tried on inner folds over the training groups. The same inner folds give the temperature
    that turns logits into probabilities. With a single training group there are no inner folds:
    the first setting is taken, and the temperature is 1.

    A clip's score does not depend on the clips beside it, unless vectors are standardised per
    speaker: then on the other clips of its speaker, and only on these.

    Attributes:
        tried: the option for which a recipe may give several values, where it is one alone.
        trusted: names of what a saved model may hold beside arrays and plain estimators.
    """

    tried: ClassVar[str]
    trusted: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, options: TabularOptions, *, spec: FeatureSpec, task: Task, seed: int
    ) -> None:
        self.require_readable(spec)
        super().__init__(options, spec=spec, task=task, seed=seed)
        self._preparation = self.made_preparation()
        self._state: State = {}
        self.encoder: State = {}
        self._temperature = 1.0
        self.chosen: Any = None

    @classmethod
    def reads_unlabelled(cls, options: TabularOptions) -> bool:
        """Return whether it goes by what corpora are like as a whole."""
        return options.preparation.goes_by_corpora

    @classmethod
    def learns_guesses(cls, options: TabularOptions) -> bool:
        """Return True; some models only with the weight of a label."""
        return True

    @classmethod
    def takes_together(cls, options: TabularOptions) -> Literal["", "group", "corpus"]:
        """Return whose statistics vectors are standardised by."""
        by = options.preparation.standardise
        return "group" if by == "speaker" else "corpus" if by == "corpus" else ""

    def settings(self) -> Sequence[Any]:
        """Return the settings to try, at least one; ties go to the first."""
        return several(getattr(self.options, self.tried))

    @abstractmethod
    def learn(self, vectors: Vectors, targets: npt.NDArray[Any], setting: Any) -> State:
        """Return what was learned: arrays, numbers and fitted scikit-learn objects.

        Args:
            vectors: ``(n, dim)`` prepared.
            targets: class indices 0, 1, … without gaps, at least two of them; or targets.
            setting: one of :meth:`settings`.
        """

    def learn_weighed(
        self, vectors: Vectors, targets: npt.NDArray[Any], weights: Values, setting: Any
    ) -> State:
        """Learn labels of which some count less; raises ConfigError where a model can't.

        Args:
            vectors: as in :meth:`learn`.
            targets: likewise.
            weights: ``(n,)``, above 0: how much each counts.
            setting: one of :meth:`settings`.
        """
        raise ConfigError(
            f"{type(self).__name__} learns from every clip alike, and can't learn from guessed "
            "labels as from half a label: pseudo_labels: {weight: 1}, or another learner"
        )

    @abstractmethod
    def raw_scores(self, state: State, vectors: Vectors) -> Values:
        """Return ``(n, n_classes)`` logits, or ``(n, 1)`` targets."""

    def require_readable(self, spec: FeatureSpec) -> None:
        """Raise ConfigError unless vectors can be made of the rows of this feature."""
        require_vectors(spec)

    def made_preparation(self, state: State | None = None) -> Any:
        """Return what learns how vectors are prepared, or has learnt it, as ``state`` says."""
        return Preparation(self.options.preparation, state)

    def learn_vectors(self, examples: Examples) -> Vectors:
        """Return ``(n, dim)`` vectors of training clips, having learned how to make them.

        Whatever is learned goes into :attr:`encoder`, and uses no targets.
        """
        return self.vectors_of(examples)

    def vectors_of(self, examples: Examples) -> Vectors:
        """Return ``(n, dim)`` vectors of any clips."""
        return pooled_matrix(examples, self.options.pooling)

    def fit_one(self, examples: Examples) -> None:
        """Learn from examples with labels or targets.

        Raises:
            ConfigError: if all training clips have the same label.
        """
        assert examples.targets is not None
        if self.task.is_label and len(set(examples.targets.tolist())) < 2:
            raise ConfigError(
                f"all training clips are {self.task.labels[int(examples.targets[0])]!r}; "
                "nothing can be told apart"
            )
        vectors = self.learn_vectors(examples)
        copies, beside = copies_in(examples), Beside.of(examples, self.vectors_of)
        settings = self.settings()
        tried = self._on_inner_folds(vectors, copies, beside, examples, settings)
        best = int(np.argmax([scores.merit for scores in tried]))
        self.chosen = settings[best]
        if self.task.is_label:
            self._temperature = fit_temperature(tried[best].raw, examples.targets)
        everyone = np.arange(len(examples))
        self._state = self._learn_rows(
            self._preparation, vectors, copies, beside, examples, everyone, [self.chosen]
        )[0]

    def predict_one(self, examples: Examples) -> Values:
        """Return ``(n, n_labels)`` probabilities or ``(n, 1)`` targets within their range."""
        prepared = self._preparation.apply(
            self.vectors_of(examples), examples.groups, examples.corpora
        )
        raw = self._raw_for_all_labels(self._state, prepared)
        return self.task.from_logits(raw, self._temperature)

    def save_one(self, folder: Path) -> None:
        """Write the fitted parts, as a skops file."""
        import skops.io

        parts = {
            "encoder": self.encoder,
            "preparation": self._preparation.state,
            "state": self._state,
            "temperature": self._temperature,
            "chosen": self.chosen,
        }
        atomic_write(folder / MODEL, skops.io.dumps(parts))

    def load_one(self, folder: Path) -> None:
        """Read the fitted parts; ConfigError if these are none."""
        import skops.io

        try:
            parts = skops.io.load(folder / MODEL, trusted=list(self.trusted))
        except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
            raise ConfigError(f"{folder / MODEL}: can't be loaded: {error}") from error
        self._preparation = self.made_preparation(parts["preparation"])
        self.encoder = parts["encoder"]
        self._state = parts["state"]
        self._temperature = parts["temperature"]
        self.chosen = parts["chosen"]

    def _on_inner_folds(
        self,
        vectors: Vectors,
        copies: Copies,
        beside: Beside | None,
        examples: Examples,
        settings: Sequence[Any],
    ) -> list[InnerScores]:
        """Return what each setting says about clips of groups that it has not seen."""
        targets = examples.targets
        assert targets is not None
        raw = np.full((len(settings), len(examples), len(self.task.labels)), np.nan)
        for learned, held_out in self._inner_folds(examples):
            preparation = self.made_preparation()
            known = vectors, copies, beside, examples
            states = self._learn_rows(preparation, *known, learned, settings)
            others_are = examples.subset(held_out)
            others = preparation.apply(vectors[held_out], others_are.groups, others_are.corpora)
            for number, state in enumerate(states):
                raw[number, held_out] = self._raw_for_all_labels(state, others)
        scored = ~np.isnan(raw[0]).any(axis=1)
        if not scored.any():
            return [InnerScores(each, 0.0) for each in raw]
        return [InnerScores(each, self._merit(targets[scored], each[scored])) for each in raw]

    def _learn_rows(
        self,
        preparation: Any,
        vectors: Vectors,
        copies: Copies,
        beside: Beside | None,
        examples: Examples,
        rows: npt.NDArray[np.intp],
        settings: Sequence[Any],
    ) -> list[State]:
        """Learn every setting from the clips at these rows, their copies and what was guessed."""
        targets = examples.targets
        assert targets is not None
        copied = copies.of(rows)
        both = vectors[rows]
        if len(copied):
            both = np.concatenate([both, copies.vectors[copied]])
        learned = np.concatenate([rows, copies.owners[copied]])
        groups = [*(examples.groups[row] for row in rows), *(copies.groups[c] for c in copied)]
        statistics = None if beside is None else (beside.vectors, beside.corpora)
        corpora = examples.subset(learned).corpora
        prepared = preparation.fit(both, groups, corpora, statistics)
        answered, weights = targets[learned], None
        if beside is not None and len(beside.learnt):
            prepared, answered, weights = beside.added_to(prepared, answered, preparation)
        return [self._learn_present(prepared, answered, weights, setting) for setting in settings]

    def _inner_folds(
        self, examples: Examples
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        n_folds = min(self.options.inner_folds, len(set(examples.groups)))
        if n_folds < 2:
            return
        targets = examples.targets
        assert targets is not None
        is_label = self.task.is_label
        known = [str(a) if is_label else float(a) for a in targets.tolist()]
        fold_of = assign_folds(
            dict(zip(examples.clip_ids, examples.groups, strict=True)),
            dict(zip(examples.clip_ids, known, strict=True)),
            scheme="grouped",
            n_folds=n_folds,
            seed=self.seed,
        )
        folds = np.array([fold_of[clip_id] for clip_id in examples.clip_ids])
        for fold in range(n_folds):
            learned, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            if len(held_out) and (not is_label or len(set(targets[learned].tolist())) > 1):
                yield learned, held_out

    def _merit(self, targets: npt.NDArray[Any], raw: Values) -> float:
        is_label = self.task.is_label
        metric = metric_named(self.options.scoring or ("uar" if is_label else "ccc"))
        decided = raw.argmax(axis=1) if is_label else raw[:, 0]
        if metric.task == "presence" and len(self.task.labels) == 2:  # not there, there
            return metric.signed(metric.value(targets.astype(float), decided.astype(float), 1))
        if metric.task != self.task.kind:
            raise ConfigError(f"scoring: {metric.name!r} does not judge a {self.task.kind}")
        return metric.signed(metric.value(targets, decided, len(self.task.labels)))

    def _learn_present(
        self,
        prepared: Vectors,
        targets: npt.NDArray[Any],
        weights: Values | None,
        setting: Any,
    ) -> State:
        """Learn with the labels that occur numbered without gaps."""
        if not self.task.is_label:
            return self.learn(prepared, targets, setting)
        classes, codes = np.unique(targets, return_inverse=True)
        if weights is None or (weights == 1).all():
            return {**self.learn(prepared, codes, setting), "classes": classes}
        return {**self.learn_weighed(prepared, codes, weights, setting), "classes": classes}

    def _raw_for_all_labels(self, state: State, prepared: Vectors) -> Values:
        raw = self.raw_scores(state, prepared)
        if not self.task.is_label:
            return raw
        full = np.full((len(raw), len(self.task.labels)), -np.inf)  # never seen: probability 0
        full[:, state["classes"]] = raw
        return full
