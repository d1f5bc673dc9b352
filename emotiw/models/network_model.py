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
from emotiw.core.task import Task
from emotiw.models.model import Examples, Model
from emotiw.models.network_options import NetworkOptions
from emotiw.models.training.inner_part import split_inner

if TYPE_CHECKING:
    from torch import Tensor, nn

    from emotiw.models.training.loop import ExampleSource
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

    def __init__(self, options: Any, *, spec: FeatureSpec, task: Task, seed: int) -> None:
        super().__init__(options, spec=spec, task=task, seed=seed)
        self.report: TrainingReport | None = None
        self._centre, self._spread = 0.0, 1.0  # of the training targets, in regression
        self._network: nn.Module | None = None
        self.check()

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

        learnt, judged = split_inner(examples, self.options.validation_fraction, seed=self.seed)
        if not self.task.is_label:
            examples = self._standardised(examples, learnt)
        training = examples.subset(learnt)
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            network = self.build()
        self.adapt(network, training)
        network.to(self.device)
        self.report = train(
            network,
            self.source(training, augments=True),
            self.options.training,
            task=self.task,
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

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return ``(n, n_labels)`` probabilities, or ``(n, 1)`` targets within their range."""
        from emotiw.models.training.loop import predict

        if not len(examples):
            return np.zeros((0, len(self.task.labels)))
        options = self.options.training.model_copy(update={"batch_size": self.predict_batch})
        outputs = predict(self.network, self.source(examples, augments=False), options)
        return self._as_scores(outputs)

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
        notes = {"centre": self._centre, "spread": self._spread}
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
            model._centre, model._spread = notes["centre"], notes["spread"]
            network = model.build()
            network.load_state_dict(tensors)
        except (ValueError, KeyError, RuntimeError) as error:
            raise ConfigError(f"{folder / WEIGHTS}: can't be loaded: {error}") from error
        model._network = network.eval()
        return model

    def _as_scores(self, outputs: Tensor) -> npt.NDArray[np.float64]:
        values = outputs.double()
        if self.task.is_label:
            return np.asarray(values.softmax(1).numpy(), dtype=np.float64)
        low, high = self.task.target_range or (-np.inf, np.inf)
        targets = values.numpy() * self._spread + self._centre
        return np.asarray(targets.clip(low, high), dtype=np.float64)

    def _standardised(self, examples: Examples, learnt: npt.NDArray[np.intp]) -> Examples:
        # a network that begins at the mean of the targets, whatever their unit, learns them sooner
        assert examples.targets is not None
        known = examples.targets[learnt]
        self._centre, self._spread = float(known.mean()), float(known.std()) or 1.0
        return replace(examples, targets=(examples.targets - self._centre) / self._spread)
