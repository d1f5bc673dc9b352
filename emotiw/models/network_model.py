"""What all models that are networks have in common: fitting, scores, and files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from emotiw.core.device import OnDevice
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.notices import warn
from emotiw.core.several import Several
from emotiw.core.task import Task
from emotiw.evaluation.metrics import metric_named
from emotiw.models.model import EVERY_KIND, Examples, Model
from emotiw.models.network_options import NetworkOptions
from emotiw.models.training.guessed_examples import weigh_guesses, with_guesses
from emotiw.models.training.inner_part import split_inner
from emotiw.models.training.training_options import answer_weights

if TYPE_CHECKING:
    from torch import Tensor, nn

    from emotiw.models.training.example_source import ExampleSource
    from emotiw.models.training.training_state import TrainingReport

WEIGHTS = "model.safetensors"


class NetworkModel(OnDevice, Model, ABC):
    """A model that is a network and its examples; this class does the rest.

    A kind of model says what features it reads, what network it is and how clips become batches.
    Nothing here imports torch before it is needed, so that options can be checked at once.

    Attributes:
        Options: what a recipe may set.
        version: raised whenever the same input would give other scores than before.
        report: how the last fit went; None before it, and after loading.
    """

    Options: ClassVar[type[NetworkOptions]]
    task_kinds = EVERY_KIND

    def __init__(self, options: Any, *, spec: FeatureSpec, task: Task, seed: int) -> None:
        super().__init__(options, spec=spec, task=task, seed=seed)
        self.report: TrainingReport | None = None
        self.by_step = False  # whether it has learnt to answer at every step
        self._centre: Any = 0.0  # of the training targets, where they are numbers; or of each
        self._spread: Any = 1.0
        self._network: nn.Module | None = None
        answer_weights(options.training, task)
        if options.training.monitor != "loss":
            metric_named(options.training.monitor, task)
        self.check()

    @classmethod
    def reads_unlabelled(cls, options: NetworkOptions) -> bool:
        """Return whether it is trained to say the same of two views of a clip."""
        return options.training.consistency > 0

    @classmethod
    def learns_guesses(cls, options: NetworkOptions) -> bool:
        """Return True."""
        return True

    @abstractmethod
    def check(self) -> None:
        """Raise ConfigError if the feature or the options are none that this model can use."""

    @abstractmethod
    def build(self) -> nn.Module:
        """Return a new network; the caller has seeded its weights."""

    @abstractmethod
    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return the examples as the network reads them."""

    def adapt(self, network: nn.Module, examples: Examples) -> None:
        """Set what is counted rather than learnt (scales of the input), from training examples."""

    def finish(self, network: nn.Module, examples: Examples) -> None:
        """Set once more what needs no validation part, from all examples; nothing, here."""

    def keeps(self, network: nn.Module, judged: Examples) -> bool:
        """Return whether what was learnt is kept, by clips that nothing was learnt from."""
        return True

    @property
    def has_start(self) -> bool:
        """Whether the network is of use before its first step, and may be the best as it is."""
        return False

    @property
    def predict_batch(self) -> int:
        """Clips that are scored together."""
        return 64

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Learn; early stopping goes by an inner part of the training groups alone."""
        import torch

        from emotiw.models.training.loop import train

        self.by_step = bool(examples.n_steps)
        if self.by_step and self.options.training.consistency:
            raise ConfigError("training.consistency: not for answers step by step; leave it out")
        learnt, judged = split_inner(examples, self.options.validation_fraction, seed=self.seed)
        examples = self._standardised(examples, learnt)
        training = examples.subset(learnt)
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            network = self._built()
        self.adapt(network, training)
        network.to(self.device)
        source = self.source(with_guesses(training), augments=True)
        weigh_guesses(source, training, self.task)
        self.report = train(
            network,
            source,
            self.options.training,
            task=self.task,
            unlabelled=self._unlabelled(examples),
            inner=None if judged is None else self.source(examples.subset(judged), augments=False),
            seed=self.seed,
            folder=folder,
            start_counts=self.has_start,
        )
        if judged is not None and not self.keeps(network, examples.subset(judged)):
            self.report.best_epoch = 0
            warn(
                f"{type(self).__name__}: on the validation part the network isn't clearly better "
                "than the regression that it starts with, so it stays that regression"
            )
        self.finish(network, examples)
        self._network = network

    def _unlabelled(self, examples: Examples) -> ExampleSource | None:
        """Return the clips without labels that are viewed for consistency."""
        found = examples.unlabelled
        if found is None or not len(found) or not self.options.training.consistency:
            return None
        return self.source(found.clips, augments=True)

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return ``(n, n_labels)`` probabilities, or ``(n, 1)`` targets within their range.

        Of steps that is a row each, of NaN where the step's row is not present.

        Raises:
            ConfigError: if it has learnt to answer step by step and isn't asked so, or the reverse.
        """
        from emotiw.models.training.loop import predict

        if not len(examples):
            return np.zeros((0, len(self.task.labels)))
        if self.by_step != bool(examples.n_steps):
            learnt, asked = ("step by step", "once a clip")[:: 1 if self.by_step else -1]
            raise ConfigError(f"this model has learnt to answer {learnt}; it is asked {asked}")
        batch = 1 if self.by_step else self.predict_batch
        options = self.options.training.model_copy(update={"batch_size": batch})
        outputs = predict(self.network, self.source(examples, augments=False), options)
        if not self.by_step:
            return self._as_scores(outputs)
        present = np.concatenate([array.present for array in examples.arrays()])
        scores = np.full((len(present), len(self.task.labels)), np.nan)
        scores[present] = self._as_scores(outputs)
        return scores

    @property
    def network(self) -> nn.Module:
        """The network, once there is one.

        Raises:
            WeightsError: if the model has neither learnt nor been loaded.
        """
        if self._network is None:
            raise WeightsError("this model has learnt nothing yet: fit it, or load one that has")
        return self._network

    def save(self, folder: Path) -> None:
        """Write a readable card, and the weights as safetensors."""
        from emotiw.models.training.checkpoint import save_tensors

        weights = self.network.state_dict()
        super().save(folder)
        notes = {
            "centre": np.asarray(self._centre).tolist(),
            "spread": np.asarray(self._spread).tolist(),
        }
        if self.by_step:
            notes["by_step"] = True
        save_tensors(folder / WEIGHTS, weights, notes)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote.

        Raises:
            ConfigError: as in any model, or if the weights don't fit the card.
            WeightsError: if the weights are missing or damaged.
        """
        from emotiw.models.training.checkpoint import load_tensors

        model = super().load(folder)
        tensors, notes = load_tensors(folder / WEIGHTS)
        try:
            model._centre, model._spread = (np.array(notes[name]) for name in ("centre", "spread"))
            model.by_step = notes.get("by_step", False)
            network = model._built()
            network.load_state_dict(tensors)
        except (ValueError, KeyError, RuntimeError) as error:
            raise ConfigError(f"{folder / WEIGHTS}: can't be loaded: {error}") from error
        model._network = network.eval()
        return model

    def _built(self) -> nn.Module:
        """Return a new network, with the weights of its answers where these are learnt."""
        import torch

        network = self.build()
        if isinstance(self.task, Several) and self.options.training.answer_weights == "learnt":
            from emotiw.models.networks.weighed_answers import WeighedAnswers

            network = WeighedAnswers(network, len(self.task.answers))
        assert isinstance(network, torch.nn.Module)
        return network

    def _as_scores(self, outputs: Tensor) -> npt.NDArray[np.float64]:
        values = outputs.double()
        if self.task.is_label:
            return np.asarray(values.softmax(1).numpy(), dtype=np.float64)
        # numbers in their own unit, the others as they are
        raw = values.numpy() * self._spread + self._centre
        return self.task.from_logits(raw)

    def _standardised(self, examples: Examples, learnt: npt.NDArray[np.intp]) -> Examples:
        # a network that begins at the mean of the targets, whatever their unit, learns them sooner
        is_number = [answer.kind == "regression" for answer in self.task.answers]
        if not any(is_number):
            return examples
        assert examples.targets is not None
        known = examples.targets[examples.target_rows(learnt)]
        if known.ndim == 1:
            self._centre, self._spread = float(known.mean()), float(known.std()) or 1.0
            return replace(examples, targets=(examples.targets - self._centre) / self._spread)
        centre, spread = np.zeros(known.shape[1]), np.ones(known.shape[1])
        for place in np.flatnonzero(is_number):
            numbers = known[~np.isnan(known[:, place]), place]
            if len(numbers):
                centre[place], spread[place] = numbers.mean(), numbers.std() or 1.0
        widths = [len(answer.labels) for answer in self.task.answers]  # columns of each answer
        self._centre, self._spread = np.repeat(centre, widths), np.repeat(spread, widths)
        return replace(examples, targets=(examples.targets - centre) / spread)
