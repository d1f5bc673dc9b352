"""One's own clips: a folder of media, in folders named after labels or not."""

from __future__ import annotations

from emotiw.challenges.manifest_builder import ManifestBuilder, media_files
from emotiw.challenges.reader import Reader


class Folder(Reader):
    """Clips anywhere below the root.

    A clip directly in a folder that is named after a label is a training clip with that label;
    any other clip is a test clip, to be predicted.
    """

    def read(self, builder: ManifestBuilder) -> None:
        """Note every clip."""
        for path in media_files(builder.root, self.extensions):
            parent = path.parent.name
            is_labelled = path.parent != builder.root and builder.spec.label_of(parent) is not None
            if is_labelled:
                builder.add(path.stem, path, "train", code=parent)
            else:
                builder.add(path.stem, path, "test")
