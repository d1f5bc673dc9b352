"""The options of the one training loop; importing them costs nothing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.errors import ConfigError, Problems, suggest
from emotiw.core.several import Several
from emotiw.core.task import Task


class TrainingOptions(Strict):
    """How a network learns; every entry affects the result.

    Attributes:
        epochs: passes over the training examples.
        batch_size: examples per step; the last batches of an epoch are evened out.
        optimizer: AdamW, or SGD with Nesterov momentum 0.9.
        learning_rate: the highest one, reached after the warm-up.
        weight_decay: on matrices and kernels only, never on biases and norms.
        warm_up_epochs: epochs of linear rise; a fraction is allowed.
        schedule: what follows the warm-up: a cosine down to a hundredth, or nothing.
        gradient_clip: largest norm of the gradient; None leaves it as it is.
        loss: ``cross_entropy`` for labels, ``mse`` or ``ccc`` (1 - CCC) for numbers,
            ``binary_cross_entropy`` for what is there or not; None takes the first that fits. Of
            several answers it is that of those which it fits. CCC is over all that is known in a
            batch, of all steps of its clips.
        answer_weights: how much each of several answers counts: ``equal``; ``learnt`` by how
            uncertain the network is of each; or a number by the name of the answer, 1 of others.
        label_smoothing: share of the target spread over all classes.
        mixup: alpha of the beta distribution that mixes pairs of examples; 0 mixes none.
        class_weights: ``balanced`` weighs each class by the inverse of its frequency, and what is
            there against what is not.
        ema_decay: decay of an exponential moving average of the weights, which then is the
            network that is judged and returned; None keeps none.
        consistency: weight of how far apart the network's answers are to two altered views of a
            clip: another stretch of it, a little noise, some columns hidden. Unlabelled clips are
            viewed as well, where there are any. 0 views none; not for answers step by step.
        monitor: the metric on the validation part by which the best epoch is known: ``loss``, or
            any that suits the task.
        restore_best: return the weights of the best epoch on the validation part, and not those of
            the last one. Without a validation part it is always the last.
        patience: epochs without a better value after which to stop; None never stops early.
        precision: of the arithmetic inside the network. ``bfloat16`` is autocast, on processors
            that have it several times as fast as ``float32``; weights stay float32.
    """

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=32, ge=1)
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    warm_up_epochs: float = Field(default=1.0, ge=0)
    schedule: Literal["cosine", "constant"] = "cosine"
    gradient_clip: float | None = Field(default=1.0, gt=0)
    loss: Literal["cross_entropy", "mse", "ccc", "binary_cross_entropy"] | None = None
    answer_weights: Literal["equal", "learnt"] | dict[str, float] = "equal"
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0)
    class_weights: Literal["none", "balanced"] = "none"
    ema_decay: float | None = Field(default=None, gt=0, lt=1)
    consistency: float = Field(default=0.0, ge=0)
    monitor: str = "loss"
    restore_best: bool = True
    patience: int | None = Field(default=None, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"


def answer_weights(options: TrainingOptions, task: Task) -> list[float]:
    """Return how much each answer counts as stated; 1 where it is learnt.

    Raises:
        ConfigError: if there is one answer alone, or none of a name.

    Examples:
        >>> from emotiw.core.task import Regression
        >>> task = Several((Regression(("valence",)), Regression(("arousal",))))
        >>> answer_weights(TrainingOptions(answer_weights={"arousal": 2}), task)
        [1.0, 2.0]
    """
    stated = options.answer_weights
    if not isinstance(task, Several):
        if stated != "equal":
            raise ConfigError(f"training.answer_weights: there is one answer, {task.kind}")
        return [1.0]
    told = {} if isinstance(stated, str) else stated
    problems = Problems("training.answer_weights")
    for name, weight in told.items():
        if name not in task.names:
            known = ", ".join(task.names)
            problems.add(f"no answer {name!r}{suggest(name, task.names)} (known: {known})")
        if not weight >= 0:
            problems.add(f"{name!r} weighs {weight}, expected a number of at least 0")
    problems.raise_if_any(ConfigError)
    return [told.get(name, 1.0) for name in task.names]
