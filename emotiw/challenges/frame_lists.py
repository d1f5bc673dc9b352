"""Challenges that ask about every frame: a text per annotated video, a list of frames to answer.

Aff-Wild2 is handed out like that. A text has a line per frame of its video, so that only the video
knows when that was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from re import Pattern
from typing import NamedTuple

import numpy as np
from pydantic import Field

from emotiw.challenges.frame_clock import FrameClock
from emotiw.challenges.manifest_builder import ManifestBuilder, all_files
from emotiw.challenges.reader import Reader
from emotiw.challenges.step_columns import Row, StepColumns
from emotiw.challenges.text_table import TableFormat, read_table
from emotiw.core.clip import Split
from emotiw.core.steps import Steps

NAME = "{:05d}.jpg"  # of a frame, counted from 1


class Frame(NamedTuple):
    """One frame of a clip: its name and number, and its row; none where it is to be answered."""

    name: str
    number: int
    row: Row | None = None


class FrameLists(Reader):
    """Videos with a text per annotated one, or lists of frames with and without answers.

    A frame is called as lists call it, ``00001.jpg`` for the first, and has the time at which its
    video shows it. Of a video that isn't there or can't be read, ``frame_rate`` says so; nothing
    is guessed.

    Attributes:
        texts: by split, names that the folder of a text per video may have (``*`` as in a shell).
        lists: by split, names that a list of frames may have; that of ``test`` holds no answers.
        style: how a list is written.
        frame: the column of a list that names the frame, ``video/00001.jpg``.
        answers: the columns with answers.
        people: regular expression of what a clip's name adds to that of its video, where several
            people are in it; each is a clip, and a group, of their own.
        frame_rate: frames per second of videos that can't tell.
    """

    texts: dict[Split, tuple[str, ...]] = Field(default_factory=dict)
    lists: dict[Split, tuple[str, ...]] = Field(default_factory=dict)
    style: TableFormat = TableFormat()
    frame: str = "image_location"
    answers: StepColumns = StepColumns(label_is="index", not_annotated=(-1.0, -5.0))
    people: Pattern[str] = re.compile(r"(?:_left|_right)+$")
    frame_rate: float | None = None

    def read(self, builder: ManifestBuilder) -> None:
        """Note every video of every split with its frames."""
        files = self.media_by_stem(builder)
        clock = FrameClock(builder, self.frame_rate)
        absent = list[str]()
        n_shared = 0
        for split in ("train", "val", "test"):
            n_clips = 0
            for clip_id, frames, order in self._clips(builder, split):
                video = clip_id if clip_id in files else self.people.sub("", clip_id)
                path, is_there = self.media_of(builder, files, clip_id, video)
                absent += [] if is_there else [clip_id]
                steps = self._steps(builder, clock, clip_id, path, frames, order)
                group = clip_id if video != clip_id else None
                n_shared += group is not None
                extra = {"n_rows": str(len(frames))}
                builder.add(clip_id, path, split, group=group, extra=extra, steps=steps)
                n_clips += 1
            if not n_clips:
                builder.warnings.append(f"{split}: no {' or '.join(self._wanted(split))}")
        if absent:
            builder.warnings.append(f"{len(absent)} videos have no file, e.g. {absent[0]}")
        if n_shared:
            builder.warnings.append(
                f"{n_shared} clips are of one of several people in a video; which of the faces "
                "there is theirs is not told, and features of the video are of all of them"
            )
        clock.tell()

    def rows(self, builder: ManifestBuilder) -> Iterable[str]:
        """Return the frames to answer, in the order of their list."""
        rows = self._list_rows(builder, "test")
        return [f"{clip_id}/{frame.name}" for clip_id, frame in rows]

    def expects(self) -> str:
        """Say what there should be."""
        found = {split: " or ".join(self._wanted(split)) for split in ("train", "val", "test")}
        return "; ".join(f"{split}: {names}" for split, names in found.items())

    def _wanted(self, split: Split) -> tuple[str, ...]:
        return (*self.texts.get(split, ()), *self.lists.get(split, ()))

    def _clips(
        self, builder: ManifestBuilder, split: Split
    ) -> Iterator[tuple[str, list[Frame], tuple[str, ...]]]:
        """Yield every clip with its frames, and the order of the labels that its text names."""
        listed: dict[str, list[Frame]] = defaultdict(list)
        for clip_id, frame in self._list_rows(builder, split):
            listed[clip_id].append(frame)
        for clip_id, frames in listed.items():
            yield clip_id, frames, ()
        names = self.texts.get(split, ())
        found = ([p for p in sorted(builder.root.glob(name)) if p.is_dir()] for name in names)
        folders = next(filter(None, found), [])
        if len(folders) > 1:
            told = ", ".join(map(builder.name, folders))
            builder.problems.add(f"{split}: {len(folders)} folders of annotations: {told}")
        for path in sorted(folders[0].glob("[!.]*.txt")) if folders else []:
            if path.stem in listed:
                builder.problems.add(f"{builder.name(path)}: {path.stem} is in a list, too")
            yield path.stem, *self._text(builder, path)

    def _text(self, builder: ManifestBuilder, path: Path) -> tuple[list[Frame], tuple[str, ...]]:
        """Return a frame per line; of labels, those of the header: a line has the index of one."""
        spec, name = builder.spec, builder.name(path)
        needed = [] if spec.labels else self.answers.names(builder)
        table = read_table(path, TableFormat(ragged=True), needed, builder)
        rows = [(f"{name}:{line}", row) for line, row in table]
        order = tuple(rows[0][1]) if spec.labels and rows else ()
        for label in order:
            if label not in spec.labels:
                builder.problems.add(f"{name}:1: {label!r} is none of {', '.join(spec.labels)}")
        if order:
            rows = [(where, {self.answers.label: row[order[0]]}) for where, row in rows]
        return [Frame(NAME.format(n), n, row) for n, row in enumerate(rows, 1)], order

    def _list_rows(self, builder: ManifestBuilder, split: Split) -> Iterator[tuple[str, Frame]]:
        answers = [] if split == "test" else self.answers.names(builder)
        for path in all_files(builder.root, self.lists.get(split, ())):
            for line, row in read_table(path, self.style, [self.frame, *answers], builder):
                where = f"{builder.name(path)}:{line}"
                clip_id, _, name = row[self.frame].rpartition("/")
                number = Path(name).stem
                if clip_id and number.isdecimal() and int(number):
                    yield clip_id, Frame(name, int(number), (where, row) if answers else None)
                else:
                    builder.problems.add(f"{where}: {row[self.frame]!r} is no video/00001.jpg")

    def _steps(
        self,
        builder: ManifestBuilder,
        clock: FrameClock,
        clip_id: str,
        path: Path,
        frames: Sequence[Frame],
        order: Sequence[str],
    ) -> Steps:
        frames = sorted(frames, key=lambda frame: frame.number)
        numbers = [frame.number for frame in frames]
        if len(set(numbers)) < len(numbers):
            builder.problems.add(f"{clip_id}: a frame comes twice in a list")
        rows = [frame.row for frame in frames if frame.row is not None]
        answers = np.full((len(frames), len(builder.spec.task.answers)), np.nan)
        if rows:
            answers = self.answers.read(builder, rows, order)
        times = clock.times(path, clip_id, numbers)
        return Steps(tuple(frame.name for frame in frames), times, answers)
