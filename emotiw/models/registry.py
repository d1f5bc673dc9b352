"""The models that a recipe can name."""

from __future__ import annotations

from emotiw.core.registry import Registry
from emotiw.models.interface import Model

MODELS: Registry[type[Model]] = Registry(
    "model",
    {
        "svm": "emotiw.models.svm:Svm",
        "kernel_ridge": "emotiw.models.kernel_ridge:KernelRidge",
        "logistic": "emotiw.models.logistic:Logistic",
        "boosting": "emotiw.models.boosting:Boosting",
        "mlp": "emotiw.models.mlp:Mlp",
        "bag_of_words": "emotiw.models.bag_of_words:BagOfWords",
        "lstm": "emotiw.models.recurrent:Recurrent",
        "gru": "emotiw.models.recurrent:GatedRecurrent",
        "tcn": "emotiw.models.temporal_convolution:TemporalConvolution",
        "attention": "emotiw.models.attention:Attention",
        "spectrogram_cnn": "emotiw.models.spectrogram:SpectrogramCnn",
        "conv_rnn": "emotiw.models.convolutional_recurrence:ConvolutionalRecurrent",
        "face_network": "emotiw.models.face_network:FaceNetworkModel",
        "video": "emotiw.models.video_network:Video",
        "c3d": "emotiw.models.clip_network:ClipNetwork",
        "group": "emotiw.models.groups.group:Group",
        "individuals": "emotiw.models.groups.individuals:Individuals",
        "vote": "emotiw.models.groups.vote:Vote",
        "group_network": "emotiw.models.groups.network:GroupNetworkModel",
        "unpositive": "emotiw.models.groups.unpositive:Unpositive",
        "expectation": "emotiw.models.groups.expectation:Expectation",
    },
)
