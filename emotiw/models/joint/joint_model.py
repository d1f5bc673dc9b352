"""What all networks over several features have in common but the way that they fuse them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from emotiw.core.joined_features import parts_of
from emotiw.models.joint.joint_rows import JointRows, width_of
from emotiw.models.joint.looking import N_STRETCHES, Attention, stretched
from emotiw.models.model import Examples, Joins
from emotiw.models.network_model import NetworkModel
from emotiw.models.network_options import NetworkOptions
from emotiw.models.sequence.sequence_model import SequenceTraining

if TYPE_CHECKING:
    from torch import nn

    from emotiw.models.networks.joint_net import JointNetwork
    from emotiw.models.training.example_source import ExampleSource


class JointOptions(NetworkOptions):
    """Options of every network over several features.

    Attributes:
        channels: of a row inside the network.
        dropout: after the encoders, inside, and before the last layer.
        modality_dropout: the chance with which each feature of a clip is hidden in a step of
            training, never all of them; so that any of them may be missing later.
        auxiliary: what it counts, beside the loss, how well each feature answers alone.
        max_rows: of a feature; longer sequences become so many means of equal stretches.
    """

    channels: int = Field(default=32, ge=2)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    modality_dropout: float = Field(default=0.2, ge=0, lt=1)
    auxiliary: float = Field(default=0.2, ge=0)
    max_rows: int = Field(default=128, ge=1)
    training: SequenceTraining = SequenceTraining()


class JointModel(NetworkModel):
    """A network over several features, of which a clip may lack any but not all.

    Rows are standardised with the mean and deviation of the training rows, feature by feature.
    """

    options: JointOptions

    @classmethod
    def joins(cls, options: Any) -> Joins | None:
        """Return that features meet within the network."""
        return "joint"

    @abstractmethod
    def network_over(self, dims: tuple[int, ...], n_outputs: int, **more: Any) -> JointNetwork:
        """Return a new network over features with so many values in a row."""

    def check(self) -> None:
        """Accept rows of numbers, and people."""
        self._dims = tuple(width_of(spec) for spec in parts_of(self.spec))

    def build(self) -> nn.Module:
        """Return the network of the options."""
        known = {*NetworkOptions.model_fields, "modality_dropout", "max_rows"}
        own = self.options.model_dump(exclude=known)
        return self.network_over(self._dims, len(self.task.labels), **own)

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return padded batches; in training, some features of some clips are hidden."""
        hides = self.options.modality_dropout if augments else 0.0
        return JointRows(examples, most=self.options.max_rows, hides=hides)

    def adapt(self, network: nn.Module, examples: Examples) -> None:
        """Measure the scale of the columns of each feature."""
        from emotiw.models.networks.joint_net import PartEncoder

        source = JointRows(examples, most=self.options.max_rows)
        encoders = [each for each in network.modules() if isinstance(each, PartEncoder)]
        for place, encoder in enumerate(encoders):
            rows = source.rows_of_part(place)
            if len(rows):  # else nobody has it, and nothing is learnt of it
                encoder.follow(rows.mean(axis=0), rows.std(axis=0))

    def attention(self, examples: Examples) -> Attention | None:
        """Return where the network looks in these clips; None of a kind that doesn't weigh."""
        import torch

        from emotiw.models.networks.joint_net import PER_PART, JointNetwork

        network = next(each for each in self.network.modules() if isinstance(each, JointNetwork))
        source = JointRows(examples, most=self.options.max_rows)
        shares = np.full((len(examples), len(source.specs)), np.nan)
        over_time = np.full((*shares.shape, N_STRETCHES), np.nan)
        device = next(network.parameters()).device
        network.eval()
        with torch.inference_mode():
            for rows in torch.split(torch.arange(len(examples)), self.predict_batch):
                inputs = source.batch(rows, None)
                fused = network.fuse(network.parts(tuple(each.to(device) for each in inputs)))
                if fused.shares is None:
                    return None
                shares[rows.numpy()] = fused.shares.double().cpu().numpy()
                for place, weights in enumerate(fused.weights):
                    if source.specs[place].unit != "face":
                        counts = inputs[PER_PART * place + 1].sum(1).tolist()
                        told = weights.double().cpu().numpy()
                        over_time[rows.numpy(), place] = [
                            stretched(own[:count]) for own, count in zip(told, counts, strict=True)
                        ]
        return Attention(shares, over_time)
