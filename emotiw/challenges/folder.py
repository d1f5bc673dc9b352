"""One's own clips: a folder of media, in folders named after labels or not."""

from __future__ import annotations

from emotiw.challenges.manifest_builder import Found, media_files
from emotiw.challenges.reader import Reader


class Folder(Reader):
    """Clips anywhere below the root.

    A clip directly in a folder that is named after a label is a training clip with that label;
    any other clip is a test clip, to be predicted.
    """

    def read(self, found: Found) -> None:
        """Note every clip."""
        for path in media_files(found.root, self.extensions):
            parent = path.parent.name
            is_labelled = path.parent != found.root and found.spec.label_of(parent) is not None
            if is_labelled:
                found.add(path.stem, path, "train", code=parent)
            else:
                found.add(path.stem, path, "test")
