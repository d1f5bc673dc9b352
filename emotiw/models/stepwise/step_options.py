"""How features meet steps; importing it costs nothing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from emotiw.core.config import Strict


class StepOptions(Strict):
    """What a model is shown of a step; the entry ``steps`` of a model in a recipe.

    Models of sequences see every clip as its steps, one row each. Any other model sees the rows
    around a step as if they were a clip.

    Attributes:
        delay_sec: the annotators' reaction lag: the answer at t speaks of what was there at t less
            this.
        tolerance_sec: a step without a row of its own has the nearest one within this time; where
            there is none either, it has no score.
        context_sec: of models of windows: how long the window is that a step is answered from.
        context: of models of windows: whether the window lies ``around`` the step or ``before`` it.
        stride_sec: of models of windows: in training, a step nearer than this to the last one that
            was taken is left out, as their windows are almost the same; 0 learns from all.
    """

    delay_sec: float = Field(default=0.0, ge=0)
    tolerance_sec: float = Field(default=0.5, ge=0)
    context_sec: float = Field(default=4.0, gt=0)
    context: Literal["around", "before"] = "around"
    stride_sec: float = Field(default=1.0, ge=0)
