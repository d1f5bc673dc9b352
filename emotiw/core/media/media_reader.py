"""One file, read as a player shows it: images upright and in time, sound where it is heard.

Times are counted from one zero for images and sound, the earlier beginning of the two, and come
from the file's own clock: a rate says little of files whose rate changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import escaped
from emotiw.core.errors import MediaError
from emotiw.core.files import file_problem
from emotiw.core.media.containers import open_container
from emotiw.core.media.decoder_log import DecoderLog
from emotiw.core.media.downmix import Rule
from emotiw.core.media.image_clock import ImageClock
from emotiw.core.media.jpeg_damage import damage_of_jpeg
from emotiw.core.media.lazy_pictures import Converters, DecodedPixels, Pixels
from emotiw.core.media.media_info import ENOUGH, MOST_PIXELS, MediaInfo, has_clock, info_of
from emotiw.core.media.ogg_links import ends_early, links_of
from emotiw.core.media.reading_report import ReadingReport
from emotiw.core.media.sound_track import (
    Audio,
    Block,
    Survey,
    Tally,
    blocks_of,
    laid_out,
    mixed_down,
)
from emotiw.core.media.still_info import info_of_still
from emotiw.core.media.stills import read_animation, read_still, still_of
from emotiw.core.media.streams import chosen_track, tracks
from emotiw.core.media.upright import Geometries

BURST = 0.1  # of the samples: what is above full scale for longer is no burst


class NoSamplesError(MediaError):
    """A sound track without any sample that can be decoded."""


@dataclass(frozen=True)
class VideoFrame:
    """One upright image.

    Attributes:
        index: 0 for the first frame decoded.
        time_sec: when it is shown, counted from the start of the clip.
        pixels: for those who look at parts of it only.
        is_damaged: the decoder says that it could not read all of it.
    """

    index: int
    time_sec: float
    pixels: Pixels
    is_damaged: bool = False

    @property
    def rgb(self) -> npt.NDArray[np.uint8]:
        """The whole image, ``(height, width, 3)`` uint8."""
        return self.pixels.whole if isinstance(self.pixels, DecodedPixels) else self.pixels


class MediaReader:
    """Reads one file; use it in a ``with`` block.

    A damaged packet is skipped and counted, and decoding goes on. What could not be read is in
    ``report`` once the frames or the sound are read; it is that of the last pass over the file.

    Args:
        path: a video, a recording, or a photograph.
        video_track: the track to see, counted from 0; what a player would take where None.
        audio_track: the track to hear, likewise.
        downmix: what is done with several channels; see :mod:`emotiw.core.media.downmix`.
        enough: share of the images, or of the sound, that the file declares which makes it count
            as read whole.

    Raises:
        MediaError: if the file is missing, empty, or nothing that can be read.
    """

    def __init__(
        self,
        path: Path,
        *,
        video_track: int | None = None,
        audio_track: int | None = None,
        downmix: Rule = "auto",
        enough: float = ENOUGH,
    ) -> None:
        self.path = path
        self.report = ReadingReport(enough=enough)
        self._wanted = (video_track, audio_track)
        self._downmix = downmix
        if problem := file_problem(path):
            raise MediaError(f"{escaped(path.name)}: {problem}")
        if path.stat().st_size == 0:
            raise MediaError(f"{escaped(path.name)}: the file is empty")
        self._container: Any = None
        self._blocks: list[Block] | None = None
        self._is_read = False
        self._still = still_of(path)
        if self._still is not None:
            self.info = info_of_still(path, self._still)
            return
        opening = DecoderLog()
        with opening:
            self._container = open_container(self.path)
        self._opening = opening.errors
        self.info = self._probe()

    def __enter__(self) -> MediaReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._container is not None:
            self._container.close()

    @property
    def n_decoded_frames(self) -> int:
        """Images that the last pass has decoded."""
        return self.report.n_frames

    @property
    def n_damaged_packets(self) -> int:
        """Parts of the file that the last pass could not decode."""
        return self.report.n_damaged_packets

    def frames(self, *, keep_audio: bool = False) -> Iterator[VideoFrame]:
        """Yield every frame, upright, in the order of display; its RGB is made when asked for.

        Args:
            keep_audio: decode the sound in the same pass, so that :meth:`audio` is free afterwards.

        Raises:
            MediaError: if there is no image stream.
        """
        if not self.info.has_video:
            raise MediaError(f"{escaped(self.path.name)}: no video track that can be decoded")
        self.report = ReadingReport(
            expected_frames=self.info.expected_frames, enough=self.report.enough
        )
        if self._still is not None:
            yield from self._images()
            return
        sound: list[Any] = []
        kinds = ["video", "audio"] if keep_audio and self.info.has_audio else ["video"]
        clock = ImageClock(self.info)
        converters = Converters()
        sizes = Geometries()
        for kind, frame in self._decode(kinds):
            if kind == "audio":
                sound.append(frame)
                continue
            geometry = sizes.of(frame) or sizes.note(frame, self._stream("video"))
            time = clock.time_of(frame)
            self.report.n_damaged_frames += frame.is_corrupt
            pixels = DecodedPixels(frame, geometry, converters)
            yield VideoFrame(self.report.n_frames, time, pixels, bool(frame.is_corrupt))
            self.report.n_frames += 1
        clock.finish(self.report)
        if keep_audio:
            self._blocks = list(self._timed(iter(sound)))

    def sound(self) -> Iterator[Audio]:
        """Yield the sound track part by part, in one channel; where parts don't meet is a gap.

        The track is decoded twice: what is done with its channels depends on all of it.
        """
        survey = Survey(self._downmix)
        for block in self._heard():
            survey.hear(block)
        yield from self._tallied(mixed_down(self._heard(), survey))

    def audio(self, sampling_rate: int | None = None) -> Audio:
        """Return the whole sound track in one channel, with zeros where a part is missing.

        Args:
            sampling_rate: Hz to resample to (soxr, high quality); as recorded where None.

        Raises:
            MediaError: if there is no sound track, or no sample could be decoded from it.
        """
        if not self.info.has_audio:
            raise MediaError(f"{escaped(self.path.name)}: no audio track that can be decoded")
        if self._blocks is None:
            self._blocks = list(self._heard())
        survey = Survey(self._downmix)
        for block in self._blocks:
            survey.hear(block)
        parts = list(self._tallied(mixed_down(iter(self._blocks), survey)))
        if not parts:
            raise NoSamplesError(f"{escaped(self.path.name)}: the audio track holds no samples")
        audio = laid_out(parts, survey.notes())
        if sampling_rate is None or sampling_rate == audio.sampling_rate:
            return audio
        import soxr

        resampled = soxr.resample(audio.waveform, audio.sampling_rate, sampling_rate)
        waveform = np.ascontiguousarray(resampled, dtype=np.float32)
        return Audio(waveform, sampling_rate, audio.start_sec, audio.gaps, audio.notes)

    def _images(self) -> Iterator[VideoFrame]:
        if self.info.is_still:
            rgb = read_still(self.path)
            self.report.n_frames = 1
            self.report.errors = damage_of_jpeg(self.path)
            yield VideoFrame(0, 0.0, rgb)
            return
        for time, rgb in read_animation(self.path):
            yield VideoFrame(self.report.n_frames, time, rgb)
            self.report.n_frames += 1

    def _heard(self) -> Iterator[Block]:
        if not self.info.has_audio:
            return
        self.report = ReadingReport(
            expected_sound_sec=self.info.sound_sec, enough=self.report.enough
        )
        self.report.n_damaged_packets += ends_early(self._container, self.path)
        for container in links_of(self._container, self.path):
            if container is not self._container:
                frames = self._decoded(container, tracks(container, "audio")[:1])
            else:
                frames = self._decode(["audio"])
            yield from self._timed(frame for _, frame in frames)

    def _timed(self, frames: Iterator[Any]) -> Iterator[Block]:
        zero = self.info.start_sec
        return blocks_of(frames, zero, has_clock=has_clock(self._container))

    def _tallied(self, parts: Iterator[Audio]) -> Iterator[Audio]:
        """Pass parts of the sound on, and note in the end what was heard."""
        tally = Tally()
        for part in parts:
            tally.hear(part)
            yield part
        report = self.report
        report.expected_sound_sec = self.info.sound_sec
        report.sound_sec, report.gap_sec = tally.heard_sec, round(tally.gap_sec, 3)
        # what is loud all along was recorded so, or in another unit
        if tally.n and tally.n_loud < BURST * tally.n:
            report.peak_db = 20 * float(np.log10(max(tally.peak, 1e-10)))

    def _decode(self, kinds: list[str]) -> Iterator[tuple[str, Any]]:
        if self._is_read:
            self._container.close()
            with DecoderLog():
                self._container = open_container(self.path)
        self._is_read = True
        self.report.errors |= self._opening
        yield from self._decoded(self._container, [self._stream(kind) for kind in kinds])

    def _decoded(self, container: Any, streams: list[Any]) -> Iterator[tuple[str, Any]]:
        log = DecoderLog()
        for stream in streams:
            stream.thread_count = 1  # with more, what hides damage depends on their number
        try:
            for packet_type, frames in self._unpacked(container, streams, log):
                for frame in frames:
                    yield packet_type, frame
        finally:
            self.report.errors |= log.errors

    def _unpacked(
        self, container: Any, streams: list[Any], log: DecoderLog
    ) -> Iterator[tuple[str, list[Any]]]:
        import av

        packets = container.demux(streams)
        while True:
            frames: list[Any] = []
            with log:
                try:
                    packet = next(packets)
                except (StopIteration, EOFError):
                    return
                except av.FFmpegError:
                    self.report.n_damaged_packets += 1
                    return
                except IndexError:  # of a stream that begins in mid-file, which PyAV doesn't know
                    self.report.n_damaged_packets += 1
                    packets = container.demux(streams)
                    continue
                try:
                    frames = packet.decode()
                except EOFError:
                    continue
                except av.FFmpegError:
                    self.report.n_damaged_packets += 1
            if frames:
                yield packet.stream.type, frames

    def _stream(self, kind: str) -> Any:
        place = self.info.video_track if kind == "video" else self.info.audio_track
        assert place is not None
        return tracks(self._container, kind)[place]  # type: ignore[arg-type]

    def _probe(self) -> MediaInfo:
        name = escaped(self.path.name)
        videos, audios = tracks(self._container, "video"), tracks(self._container, "audio")
        try:
            video, audio = (
                chosen_track(found, wanted)
                for found, wanted in zip((videos, audios), self._wanted, strict=True)
            )
        except MediaError as error:
            raise MediaError(f"{name}: {error}") from error
        if video is None and audio is None:
            raise MediaError(f"{name}: neither a video nor an audio track that can be decoded")
        info = info_of(
            self.path,
            self._container,
            videos[video] if video is not None else None,
            audios[audio] if audio is not None else None,
            n_video_tracks=len(videos),
            n_audio_tracks=len(audios),
            video_track=video,
            audio_track=audio,
        )
        if info.width * info.height > MOST_PIXELS:
            raise MediaError(f"{name}: images of {info.width}x{info.height} px are too large")
        return info


def read_audio(path: Path, sampling_rate: int | None = None) -> Audio:
    """Return the sound of a file; see :meth:`MediaReader.audio`."""
    with MediaReader(path) as reader:
        return reader.audio(sampling_rate)
