"""The networks of faces that a weights card can name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emotiw.core.registry import Registry

BACKBONES: Registry[Callable[..., Any]] = Registry(
    "backbone",
    {
        "frame_cnn": "features.backbones.frame_cnn:build",
        "mtcnn_onet": "features.backbones.mtcnn_onet:build",
        "inception_resnet_v1": "features.backbones.inception_resnet:build",
        "timm": "features.backbones.timm_model:build",
        "torchvision": "features.backbones.torchvision_model:build",
        "onnx": "features.backbones.onnx_model:build",
    },
)
