"""The extractors that a recipe can name."""

from __future__ import annotations

from emotiw.core.registry import Registry
from features.extractor import Extractor

EXTRACTORS: Registry[type[Extractor]] = Registry(
    "extractor",
    {
        "face_crops": "features.faces.crops:FaceCrops",
        "opensmile": "features.audio.opensmile:OpenSmile",
        "librosa": "features.audio.librosa:LibrosaFeatures",
        "fbank": "features.audio.fbank:Fbank",
        "speech_network": "features.audio.speech_network:SpeechNetwork",
        "frames": "features.frames:FrameEmbeddings",
        "people": "features.people:People",
        "scene": "features.scene:Scene",
        "c3d": "features.clip_features:ClipFeatures",
        "c3d_scene": "features.clip_features:SceneClipFeatures",
    },
)
