"""What all extractors of text do alike: where what is said comes from, and clips without words."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from emotiw.core.config import Strict
from emotiw.core.errors import MediaError
from emotiw.core.feature_table import FeatureArray
from features.extractor import ClipSource, Extraction, Extractor, Needs
from features.text.recogniser import arguments_of, recognise
from features.text.transcript import Transcript, text_spec

SOURCE = frozenset({"transcripts", "columns"})


class TextOptions(Strict):
    """Where transcripts come from; without any of these, where the challenge has them.

    That is its own table, where its spec names a column of transcripts (MELD: ``Utterance``), or
    a file of the same name beside each clip: ``.json``, ``.srt``, ``.vtt`` or ``.txt``.

    Attributes:
        transcripts: a table of the ids of clips and their text (CSV, TSV, JSON lines, Excel), a
            row per clip or per segment; or a folder with a file per clip, named by its id.
        columns: of the table, where their names don't tell: ``id``, ``text``, and for segments
            ``start`` and ``end`` in seconds.
        command: a recogniser to run on every clip instead
            (:func:`features.text.recogniser.recognise`).
        command_version: any text, changed whenever the program would give another result.
    """

    transcripts: Path | None = None
    columns: dict[Literal["id", "text", "start", "end"], str] = Field(default_factory=dict)
    command: str | None = None
    command_version: str = ""

    @field_validator("command")
    @classmethod
    def _can_be_run(cls, command: str | None) -> str | None:
        if command is not None:
            arguments_of(command)
        return command

    @model_validator(mode="after")
    def _one_source(self) -> TextOptions:
        if self.command is not None and self.transcripts is not None:
            raise ValueError("transcripts and command exclude each other: which is it?")
        return self


class TextExtractor(Extractor):
    """Measures what is said; its options are, or derive from, :class:`TextOptions`.

    A clip that is silent, or in whose transcript there is nothing, has no row that is present.
    What is kept of a clip goes by its transcript, wherever that came from; with a ``command``, by
    the clip and the command.

    Attributes:
        nothing: what is said of a clip without a row that is present.
    """

    nothing: ClassVar[str] = "no words"

    needs: ClassVar[Needs] = "text"
    Options: ClassVar[type[TextOptions]] = TextOptions
    speed_options: ClassVar[frozenset[str]] = SOURCE

    def measure(self, said: Transcript) -> FeatureArray:
        """Return the rows of a transcript that has at least one segment."""
        raise NotImplementedError

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of one clip.

        Raises:
            MediaError: if a recogniser can't be asked about it.
        """
        said = self.said_in(source)
        if not said.segments:
            return Extraction(self._nothing(), {"n_segments": 0})
        quality = {"n_segments": len(said.segments), "n_characters": len(said.text)}
        return Extraction(self.measure(said), quality)

    def said_in(self, source: ClipSource) -> Transcript:
        """Return the transcript of a clip that has one; else what the recogniser says.

        Raises:
            MediaError: if a recogniser can't be asked about it.
        """
        command = self.options.command
        if source.transcript is not None or command is None:
            return source.transcript or Transcript()
        asked = (recognise, command, self.options.command_version)
        if asked not in source.shared:
            try:
                source.shared[asked] = recognise(source, command)
            except MediaError as error:
                source.shared[asked] = error
        said: Transcript | MediaError = source.shared[asked]
        if isinstance(said, MediaError):
            raise said
        return said

    def _nothing(self) -> FeatureArray:
        zeros = np.zeros((1, *self.spec.shape), dtype=self.spec.dtype)
        return FeatureArray(zeros, np.zeros(1, dtype=bool))


class Words(TextExtractor):
    """The text itself, a row per character, for models that read text.

    Vocabularies are learnt, so no extractor counts words: the model does, from the clips that it
    may learn from.
    """

    def __init__(self, name: str, options: TextOptions) -> None:
        super().__init__(name, options)
        self.spec = text_spec(name)

    def measure(self, said: Transcript) -> FeatureArray:
        """Return the text as Unicode code points."""
        return said.to_array()
