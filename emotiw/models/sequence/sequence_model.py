"""Models of sequences: rows of numbers, frame after frame, clips of any length."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.models.crops.snippet_source import SnippetSource
from emotiw.models.model import Examples, Model
from emotiw.models.network_model import NetworkModel
from emotiw.models.network_options import NetworkOptions
from emotiw.models.stepwise.step_source import StepSource
from emotiw.models.training.training_options import TrainingOptions
from features.clips.snippets import STRIDE

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from emotiw.models.training.example_source import ExampleSource


class SequenceTraining(TrainingOptions):
    """How a sequence model learns, unless a recipe says otherwise."""

    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    patience: int | None = Field(default=12, ge=1)


class SequenceOptions(NetworkOptions):
    """Options of every model of sequences.

    Attributes:
        window: frames that the network sees at a time, 16 say: a clip is scored by the mean over
            its windows, and each epoch of training sees one window per clip, from anywhere in it.
            A track shorter than a window is filled with its last row. None: whole clips. Step by
            step, it is the steps that are seen at a time, 512 by default: windows overlap by half,
            and their answers are blended.
        stride: frames from one window to the next; not used step by step.
        start: ``statistics`` begins with a logistic regression (ridge regression of targets) on
            mean, deviation and extremes of the clip's rows, which is frozen, and lets the network
            add to it what helps on the validation part by more than two standard errors: nothing,
            if nothing does. For a few hundred clips, with one label or number each. It reads whole
            clips.
    """

    window: int | None = Field(default=None, ge=2)
    stride: int = Field(default=STRIDE, ge=1)
    start: Literal["none", "statistics"] = "none"
    training: SequenceTraining = SequenceTraining()


LONGEST = 512  # steps at a time, where no window is asked for


class SequenceModel(NetworkModel):
    """A network over the present rows of a clip, in time order; absent rows are left out.

    Where answers are asked for step by step, it answers at every row.

    Rows are standardised with the mean and deviation of the training rows, column by column.
    """

    options: SequenceOptions

    @classmethod
    def reads_steps(cls, options: Any) -> bool:
        """Return that it answers every step of a clip."""
        return True

    @property
    def head(self) -> dict[str, Any]:
        """Whether a network answers at every step, as its constructor takes it."""
        return {"by_step": self.by_step}

    @property
    def is_causal(self) -> bool:
        """Whether no frame knows what comes after it."""
        return bool(getattr(self.options, "is_causal", False))

    @property
    def own_options(self) -> dict[str, Any]:
        """The options that only this kind of network has, as its constructor takes them."""
        return self.options.model_dump(exclude=set(SequenceOptions.model_fields))

    @abstractmethod
    def build_sequence(self) -> nn.Module:
        """Return a new network over ``(batch, time, dim)`` frames with a ``(batch, time)`` mask."""

    def check(self) -> None:
        """Accept rows of numbers, of frames, snippets or segments of what is said."""
        of_time = self.spec.unit in ("frame", "snippet", "segment")
        is_sequence = of_time and len(self.spec.shape) == 1
        if not is_sequence or self.spec.dtype != "float32":
            found = f"{self.spec.shape} {self.spec.dtype} per {self.spec.unit}"
            raise ConfigError(
                f"{type(self).__name__} reads float32 rows of frames, snippets or segments; "
                f"feature {self.spec.name!r} has {found}"
            )
        if self.has_start and self.options.window is not None:
            raise ConfigError("start: statistics are of whole clips; leave window out")
        if self.has_start and self.task.kind not in Model.task_kinds:
            raise ConfigError("start: statistics are for one label or one number; leave start out")

    def build(self) -> nn.Module:
        """Return the network, with the mean over windows where there are any."""
        from emotiw.models.networks.blended_windows import BlendedWindows
        from emotiw.models.networks.snippet_net import EveryFrame, MeanOverSnippets

        network = self.build_sequence()
        if self.by_step:
            if self.has_start:
                raise ConfigError("start: statistics are of whole clips; leave start out")
            window = self.options.window or LONGEST
            return BlendedWindows(network, window, is_causal=self.is_causal)
        if self.has_start:
            from emotiw.models.networks.started_net import StartedNetwork

            return StartedNetwork(network, self.spec.dim, len(self.task.labels))
        if self.options.window is None:
            return network
        return MeanOverSnippets(EveryFrame(network), self.task)

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return padded batches with their masks: of frames, or of windows."""
        if self.by_step:
            return StepSource(examples, window=self.options.window or LONGEST, samples=augments)
        if self.options.window is None:
            return PaddedRows(examples)
        window, stride = self.options.window, self.options.stride
        return SnippetSource(examples, length=window, stride=stride, samples=augments)

    def adapt(self, network: nn.Module, examples: Examples) -> None:
        """Measure the scale of the columns."""
        from emotiw.models.networks.scaling import ScaledRows

        total = np.zeros(self.spec.dim)
        squares = np.zeros(self.spec.dim)
        count = 0
        for array in examples.arrays():
            rows = array.values[array.present].astype(np.float64)
            total += rows.sum(0)
            squares += np.square(rows).sum(0)
            count += len(rows)
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
        for module in network.modules():
            if isinstance(module, ScaledRows):
                module.follow(mean, deviation)
        self.finish(network, examples)

    @property
    def has_start(self) -> bool:
        """Whether it begins with a regression."""
        return self.options.start == "statistics"

    def keeps(self, network: nn.Module, judged: Examples) -> bool:
        """Go back to the start unless the network is better by more than two standard errors.

        Two, because its epoch is already the best of many on these clips.
        """
        if not self.has_start:
            return True
        from emotiw.models.networks.started_net import StartedNetwork
        from emotiw.models.training.loop import predict
        from emotiw.models.training.objectives import loss_of_each

        assert isinstance(network, StartedNetwork)
        source = self.source(judged, augments=False)

        def losses() -> Tensor:
            outputs = predict(network, source, self.options.training)
            return loss_of_each(outputs, source.targets, self.task)

        learnt = losses()
        share = network.share.detach().clone()
        network.share.data.zero_()
        gain = losses() - learnt
        if float(gain.mean()) * len(gain) ** 0.5 <= 2 * float(gain.std()):
            return False
        network.share.data.copy_(share)
        return True

    def finish(self, network: nn.Module, examples: Examples) -> None:
        """Fit the start: for the epochs on what they learn from, for good on all clips."""
        if not self.has_start:
            return
        from emotiw.models.networks.started_net import StartedNetwork
        from emotiw.models.sequence.start import statistics_start

        assert isinstance(network, StartedNetwork)
        network.follow(*statistics_start(examples, self.task))


class PaddedRows:
    """Clips as ``(batch, time, dim)`` float32, padded behind, with a ``(batch, time)`` mask."""

    def __init__(self, examples: Examples) -> None:
        import torch

        self._rows: Sequence[Tensor] = [
            torch.from_numpy(np.asarray(array.values[array.present], dtype=np.float32))
            for array in examples.arrays()
        ]
        self.targets = examples.target_tensor()

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return the frames and the mask of those that are there."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        clips = [self._rows[row] for row in rows.tolist()]
        frames = pad_sequence(list(clips), batch_first=True)  # (batch, time, dim)
        lengths = torch.tensor([len(clip) for clip in clips])
        return frames, torch.arange(frames.shape[1]) < lengths[:, None]
