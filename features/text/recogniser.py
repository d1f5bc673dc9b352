"""A recogniser of the user's own: any program that hears a clip and writes what is said.

None comes along. The program is started once per clip, without a shell, and whatever it makes is
read as a transcript that lay beside the clip.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import wave
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from emotiw.core.errors import MachineError, MediaError, TableError, suggest
from emotiw.core.files import atomic_write
from emotiw.core.machine_faults import AGAIN
from features.audio.signal import SignalOptions, Waveform, signal_of
from features.extractor import ClipSource
from features.text.transcript import Transcript
from features.text.transcript_files import FORMATS, read_transcript

PLACES = ("media", "audio", "out", "folder")
HEARD = SignalOptions(sampling_rate=16_000)
SHOWN = 300  # characters of what a program says when it fails


def arguments_of(command: str) -> list[str]:
    """Return the words of a command, whose places are known.

    Raises:
        ValueError: if it is empty, quotes don't close, or a place is unknown.

    Examples:
        >>> arguments_of("hear {audio} --json '{out}.json'")
        ['hear', '{audio}', '--json', '{out}.json']
        >>> arguments_of("hear {sound}")
        Traceback (most recent call last):
        ...
        ValueError: unknown place {sound} (known: {media}, {audio}, {out}, {folder})
    """
    words = shlex.split(command)
    if not words:
        raise ValueError("an empty command")
    named = re.findall(r"\{([a-z_]+)\}", command)
    for name in named:
        if name not in PLACES:
            known = ", ".join(f"{{{place}}}" for place in PLACES)
            raise ValueError(f"unknown place {{{name}}}{suggest(name, PLACES)} (known: {known})")
    if not {"media", "audio"} & set(named):
        raise ValueError("it is told neither {media} nor {audio}, and can hear nothing")
    return words


def recognise(source: ClipSource, command: str) -> Transcript:
    """Return what a program says is said in a clip.

    Where ``{audio}`` is asked for, a clip without sound has no words, and nobody is asked.

    Args:
        source: the clip.
        command: the program and its arguments, with ``{media}`` for the clip, ``{audio}`` for its
            sound as a WAV of one channel at 16 kHz, ``{out}`` for the file to write, with or
            without an extension behind it, or ``{folder}`` for the folder of it. Where neither of
            these two is asked for, what it prints is the transcript.

    Raises:
        MediaError: if the clip can't be read, or the program ends with an error or writes nothing
            that is a transcript, with the end of what it said.
        MachineError: if there is no such program.
    """
    with TemporaryDirectory() as name:
        out = Path(name) / "out" / "transcript"
        out.parent.mkdir()
        places = {"media": str(source.path.absolute()), "out": str(out), "folder": str(out.parent)}
        if "{audio}" in command:
            waveform = signal_of(source, HEARD).waveform
            if waveform is None:
                return Transcript()
            places["audio"] = str(Path(name) / "audio.wav")
            _write_wav(Path(places["audio"]), waveform)
        words = [_filled(word, places) for word in arguments_of(command)]
        printed = _run(words)
        if not {"{out}", "{folder}"} & set(re.findall(r"\{[a-z]+\}", command)):
            atomic_write(out, printed)
        try:
            return read_transcript(_written(out, words[0]))
        except TableError as error:
            told = str(error).replace(f"{out.parent}{os.sep}", "")
            raise MediaError(f"{words[0]}: {told}") from error


def _filled(word: str, places: dict[str, str]) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda found: places[found[1]], word)


def _write_wav(path: Path, waveform: Waveform) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HEARD.sampling_rate)
        file.writeframes((waveform * 32767).round().astype("<i2").tobytes())


def _run(words: list[str]) -> bytes:
    """Return what a program prints; it is ended with this process, whatever it has started."""
    try:
        program = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        why = f"the recogniser {words[0]!r} can't be started: {error.strerror}"
        raise MachineError(f"{why}; {AGAIN}") from error
    try:
        printed, told = program.communicate()
    except BaseException:
        with suppress(OSError):
            os.killpg(program.pid, signal.SIGKILL)
        raise
    if program.returncode:
        shown = " ".join(told.decode("utf-8", "replace").split()) or "it said nothing"
        shown = f"…{shown[-SHOWN:]}" if len(shown) > SHOWN else shown
        raise MediaError(f"{words[0]} ended with status {program.returncode}: {shown}")
    return printed


def _written(out: Path, program: str) -> Path:
    """Return the transcript that a program wrote, under a name that says what it is."""
    found = [path for path in sorted(out.parent.iterdir()) if path.suffix.lower() in FORMATS]
    if found:
        return min(found, key=lambda path: FORMATS.index(path.suffix.lower()))
    if not out.is_file():
        raise MediaError(f"{program} wrote nothing to {{out}}, none of {', '.join(FORMATS)}")
    begin = out.read_bytes()[:4096].lstrip(b"\xef\xbb\xbf \r\n\t")
    suffix = ".json" if begin[:1] in (b"{", b"[") else ".srt" if b"-->" in begin else ".txt"
    return out.rename(out.with_suffix(suffix))
