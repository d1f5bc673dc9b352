"""The models that a recipe can name."""

from __future__ import annotations

from emotiw.core.registry import Registry
from emotiw.models.model import Model

MODELS: Registry[type[Model]] = Registry(
    "model",
    {
        "imported": "emotiw.models.imported:Imported",
        "bundled": "emotiw.models.bundled:Bundled",
        "svm": "emotiw.models.tabular.svm:Svm",
        "kernel_ridge": "emotiw.models.tabular.kernel_ridge:KernelRidge",
        "logistic": "emotiw.models.tabular.logistic:Logistic",
        "boosting": "emotiw.models.tabular.boosting:Boosting",
        "mlp": "emotiw.models.tabular.mlp:Mlp",
        "bag_of_words": "emotiw.models.tabular.bag_of_words:BagOfWords",
        "text_logistic": "emotiw.models.tabular.text_logistic:TextLogistic",
        "lstm": "emotiw.models.sequence.recurrent:Recurrent",
        "gru": "emotiw.models.sequence.recurrent:GatedRecurrent",
        "tcn": "emotiw.models.sequence.temporal_convolution:TemporalConvolution",
        "attention": "emotiw.models.sequence.attention:Attention",
        "spectrogram_cnn": "emotiw.models.sequence.spectrogram:SpectrogramCnn",
        "conv_rnn": "emotiw.models.crops.convolutional_recurrence:ConvolutionalRecurrent",
        "face_network": "emotiw.models.crops.face_network:FaceNetworkModel",
        "video": "emotiw.models.crops.video_network:Video",
        "c3d": "emotiw.models.crops.clip_network:ClipNetwork",
        "group": "emotiw.models.groups.group:Group",
        "individuals": "emotiw.models.groups.individuals:Individuals",
        "vote": "emotiw.models.groups.vote:Vote",
        "group_network": "emotiw.models.groups.group_network:GroupNetworkModel",
        "one_vs_rest": "emotiw.models.groups.one_vs_rest:OneVsRest",
        "ensemble": "emotiw.models.groups.averaged:Ensemble",
        "pseudo_labels": "emotiw.models.groups.pseudo_labels:PseudoLabels",
        "expected_value": "emotiw.models.groups.expected_value:ExpectedValue",
        "segments": "emotiw.models.groups.segments:Segments",
        "early": "emotiw.models.joint.early:Early",
        "gated": "emotiw.models.joint.gated:Gated",
        "low_rank": "emotiw.models.joint.low_rank:LowRank",
        "cross_attention": "emotiw.models.joint.attending:CrossAttention",
        "joint_attention": "emotiw.models.joint.attending:JointAttention",
    },
    base="emotiw.models.model:Model",
)
