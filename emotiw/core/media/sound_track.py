"""Blocks of decoded sound → one waveform in which every sample stands where it is heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import MediaError
from emotiw.core.media.downmix import Channels, Rule, Samples

# of the sample formats whose conversion is one division; FFmpeg does the others
FULL_SCALE = {"s16": 2**15, "s32": 2**31, "flt": 1}
GAP_SEC = 0.04  # a frame at 25 a second: what clocks are off by less than that is no gap
LONGEST_OVERLAP_SEC = 0.5  # what is heard twice for longer is no overlap, but a clock set back
LONGEST_GAP_SEC = 600.0  # silence is kept in memory, so a clock that jumps further is refused
Span = tuple[float, float]


@dataclass(frozen=True)
class Audio:
    """The sound of a clip in one channel.

    Attributes:
        waveform: ``(n_samples,)`` float32, full scale at ±1; zeros where a part is missing.
        sampling_rate: Hz.
        start_sec: when its first sample is heard, counted from the start of the clip.
        gaps: begin and end of each part that is missing in the file, in seconds of the waveform.
        notes: ``channels``, ``downmix``, ``sampling_rates`` (only where they change), ``gap_sec``.
    """

    waveform: npt.NDArray[np.float32]
    sampling_rate: int
    start_sec: float = 0.0
    gaps: tuple[Span, ...] = ()
    notes: Mapping[str, float | int | str] = field(default_factory=dict)

    @property
    def duration_sec(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / self.sampling_rate


@dataclass(frozen=True)
class Block:
    """A few samples of all channels, ``(n_channels, n)`` float32, and when they are heard.

    Attributes:
        is_joined: they go on where the last block ended; if not, something is missing between.
    """

    samples: Samples
    sampling_rate: int
    names: tuple[str, ...]
    start_sec: float
    is_joined: bool


def blocks_of(frames: Iterator[Any], zero_sec: float, *, has_clock: bool) -> Iterator[Block]:
    """Yield decoded sound with its times, about a second at once.

    Args:
        frames: of PyAV.
        zero_sec: the time of the file that the clip begins at.
        has_clock: the file says of each frame when it is heard. Where it doesn't, as in a WAV, its
            times only count samples, and mean nothing where some are missing.

    Raises:
        MediaError: if the clock jumps ahead by more than ten minutes.
    """
    end = None  # of the last frame
    shift = 0.0  # after a clock that jumped back
    run: list[Any] = []  # frames that follow each other
    begin, n_cut, is_joined, n = 0.0, 0, True, 0
    for frame in frames:
        rate = frame.sample_rate
        told = None if frame.time is None else float(frame.time) - zero_sec + shift
        follows, cut = True, 0
        if end is None:
            start = max(told or 0.0, 0.0)
        elif told is None or not has_clock or abs(told - end) < GAP_SEC:
            start = end  # a small offset is left out, or sound would be cut and padded for nothing
        elif told < end - LONGEST_OVERLAP_SEC:  # another clock, which goes on from here
            start, shift = end, shift + end - told
        elif told < end:
            start, cut = end, min(round((end - told) * rate), frame.samples)
        elif told - end > LONGEST_GAP_SEC:
            raise MediaError(
                f"the sound pauses for {told - end:.0f} s, more than {LONGEST_GAP_SEC:.0f}"
            )
        else:
            start, follows = told, False
        end = start + (frame.samples - cut) / rate
        is_alike = run and follows and not cut and n < rate and _are_alike(run[0], frame)
        if run and not is_alike:
            yield _block(run, n_cut, begin, is_joined)
            run = []
        if not run:
            begin, n_cut, is_joined, n = start, cut, follows, 0
        run.append(frame)
        n += frame.samples
    if run:
        yield _block(run, n_cut, begin, is_joined)


def _are_alike(first: Any, other: Any) -> bool:
    return bool(
        first.sample_rate == other.sample_rate
        and first.format.name == other.format.name
        and first.layout.name == other.layout.name
    )


def _block(run: list[Any], n_cut: int, begin: float, is_joined: bool) -> Block:
    first = run[0]
    return Block(_samples(run)[:, n_cut:], first.sample_rate, _names(first), begin, is_joined)


class Survey:
    """What has to be known of a track before its channels can be mixed."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._heard: dict[tuple[str, ...], Channels] = {}
        self._weights: dict[tuple[str, ...], Samples] = {}
        self.rates: list[int] = []

    def hear(self, block: Block) -> None:
        """Take a block."""
        self._heard.setdefault(block.names, Channels(block.names)).hear(block.samples)
        if block.sampling_rate not in self.rates:
            self.rates.append(block.sampling_rate)

    @property
    def sampling_rate(self) -> int:
        """That of the mix: the highest there is, Hz."""
        return max(self.rates, default=0)

    def mixed(self, block: Block) -> Samples:
        """Return the one channel of a block that was heard."""
        if block.names not in self._weights:
            self._weights[block.names] = self._heard[block.names].weights(self._rule)[1]
        weights = self._weights[block.names]
        if len(weights) == 1:
            return np.asarray(block.samples[0])
        return np.asarray(weights @ block.samples, dtype=np.float32)

    def notes(self) -> dict[str, float | int | str]:
        """Return what was found and done, for the ledger."""
        ways = {len(names): heard.weights(self._rule)[0] for names, heard in self._heard.items()}
        notes: dict[str, float | int | str] = {
            "channels": "+".join(map(str, ways)) if len(ways) > 1 else next(iter(ways), 0),
            "downmix": "+".join(dict.fromkeys(ways.values())),
        }
        if len(self.rates) > 1:
            notes["sampling_rates"] = "+".join(map(str, self.rates))
        return notes


def mixed_down(blocks: Iterator[Block], survey: Survey) -> Iterator[Audio]:
    """Yield stretches of one channel and one rate, as long as the blocks; none across a gap.

    Args:
        blocks: the same that the survey has heard.
    """
    import soxr

    rate = survey.sampling_rate
    resampler: Any = None
    begun, source = 0.0, rate  # of the stretch that is resampled
    n_out = 0
    for block in blocks:
        if resampler is not None and (not block.is_joined or block.sampling_rate != source):
            yield Audio(resampler.resample_chunk(_NOTHING, last=True), rate, begun + n_out / rate)
            resampler = None
        wave = survey.mixed(block)
        if block.sampling_rate == rate:
            yield Audio(wave, rate, block.start_sec)
            continue
        if resampler is None:
            source = block.sampling_rate
            resampler = soxr.ResampleStream(source, rate, 1, dtype="float32")
            begun, n_out = block.start_sec, 0
        out = resampler.resample_chunk(np.ascontiguousarray(wave))
        yield Audio(out, rate, begun + n_out / rate)
        n_out += len(out)
    if resampler is not None:
        yield Audio(resampler.resample_chunk(_NOTHING, last=True), rate, begun + n_out / rate)


@dataclass
class Tally:
    """How much of a track was heard, and how loud it is, part by part.

    Attributes:
        heard_sec: seconds, without gaps.
        gap_sec: seconds that are missing between parts.
        peak: of the samples that are numbers; full scale is 1.
        n_loud: samples above full scale.
        n: samples that are numbers.
    """

    heard_sec: float = 0.0
    gap_sec: float = 0.0
    peak: float = 0.0
    n_loud: int = 0
    n: int = 0
    _end_sec: float | None = None

    def hear(self, part: Audio) -> None:
        """Take the next part."""
        end = part.start_sec if self._end_sec is None else self._end_sec
        if part.start_sec - end > GAP_SEC / 2:  # less is rounding
            self.gap_sec += part.start_sec - end
            end = part.start_sec
        self._end_sec = end + part.duration_sec
        self.heard_sec += part.duration_sec
        levels = np.abs(part.waveform[np.isfinite(part.waveform)])
        self.peak = max(self.peak, float(levels.max(initial=0.0)))
        self.n_loud += int((levels > 1).sum())
        self.n += len(levels)


def laid_out(parts: Sequence[Audio], notes: Mapping[str, float | int | str]) -> Audio:
    """Return all parts as one waveform, each where it is heard, with zeros in between.

    Examples:
        >>> one = np.ones(4, np.float32)
        >>> whole = laid_out([Audio(one, 8, 0.5), Audio(one, 8, 1.5)], {})
        >>> whole.waveform.tolist(), whole.start_sec, whole.gaps
        ([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], 0.5, ((0.5, 1.0),))
    """
    rate, start = parts[0].sampling_rate, parts[0].start_sec
    laid: list[Samples] = []
    gaps: list[Span] = []
    n = 0
    for part in parts:
        missing = round((part.start_sec - start) * rate) - n
        if missing > GAP_SEC / 2 * rate:  # less is rounding
            laid.append(np.zeros(missing, np.float32))
            gaps.append((n / rate, (n + missing) / rate))
            n += missing
        laid.append(part.waveform)
        n += len(part.waveform)
    gap_sec = sum(end - begin for begin, end in gaps)
    return Audio(
        np.ascontiguousarray(np.concatenate(laid), dtype=np.float32),
        rate,
        start,
        tuple(gaps),
        {**notes, "gap_sec": round(gap_sec, 3)},
    )


_NOTHING = np.zeros(0, np.float32)


def _samples(run: list[Any]) -> Samples:
    full_scale = FULL_SCALE.get(run[0].format.packed.name)
    if full_scale is None:
        import av

        resampler = av.AudioResampler(format="fltp")
        made = [block for frame in run for block in resampler.resample(frame)]
        if not made:
            return np.zeros((run[0].layout.nb_channels, 0), np.float32)
        return np.concatenate([block.to_ndarray() for block in made], axis=1)
    # (channels, n), or (1, n * channels) where they alternate
    samples = np.concatenate([frame.to_ndarray() for frame in run], axis=1)
    if not run[0].format.is_planar:
        samples = samples.reshape(-1, run[0].layout.nb_channels).T
    return np.asarray(samples, np.float32) / np.float32(full_scale)


def _names(frame: Any) -> tuple[str, ...]:
    names = tuple(channel.name for channel in frame.layout.channels)
    if len(set(names)) == len(names):
        return names
    # a file that doesn't say which channel is which: two are left and right, of more nobody knows
    return ("FL", "FR") if len(names) == 2 else tuple(map(str, range(1, len(names) + 1)))
