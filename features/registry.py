"""The extractors that a recipe can name."""

from __future__ import annotations

from emotiw.core.registry import Registry
from features.extractor import Extractor

EXTRACTORS: Registry[type[Extractor]] = Registry(
    "extractor",
    {
        "imported": "features.external.imported_features:ImportedFeatures",
        "face_crops": "features.faces.crops:FaceCrops",
        "opensmile": "features.audio.opensmile:OpenSmile",
        "librosa": "features.audio.librosa:LibrosaFeatures",
        "voice": "features.audio.voice_scores:Voice",
        "fbank": "features.audio.fbank:Fbank",
        "speech_network": "features.audio.speech_network:SpeechNetwork",
        "frames": "features.frames.frame_embeddings:FrameEmbeddings",
        "people": "features.frames.people:People",
        "scene": "features.frames.scene:Scene",
        "c3d": "features.clips.clip_features:ClipFeatures",
        "transcript": "features.text.text_extractor:Words",
        "word_list": "features.text.word_list:WordList",
        "sentence_encoder": "features.text.sentence_encoder:SentenceEncoder",
        "c3d_scene": "features.clips.clip_features:SceneClipFeatures",
    },
    base="features.extractor:Extractor",
)
