"""Checks the site that was built: every link leads somewhere, and nothing is asked of the network.

python docs/links.py docs/_build/html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img", "script", "iframe", "source", "audio", "video"}
IN_STYLE = re.compile(r"(?:url\(|@import )[\"']?(https?:[^\"')]+)")


class Page(HTMLParser):
    """What a page links to, what it loads, and what can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        told = {name: value or "" for name, value in attributes}
        self.anchors |= {told[name] for name in ("id", "name") if name in told}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        if tag in LOADED and "src" in told:
            self.loaded.append(told["src"])
        if tag == "link" and told.get("rel") not in {"index", "search", "next", "prev"}:
            self.loaded.append(told.get("href", ""))


def wrong_in(site: Path) -> Iterable[str]:
    """Yield what is wrong with a site."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        here = path.relative_to(site)
        for target in (*page.loaded, *page.links):
            parts = urlsplit(target)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc:
                if target in page.loaded:
                    yield f"{here}: loads {target}"
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not file.is_file():
                yield f"{here}: no file for {target}"
            elif file in pages and unquote(parts.fragment) not in pages[file].anchors:
                yield f"{here}: no place for {target}"
    for path in sorted(site.rglob("*.css")):
        for address in IN_STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: loads {address}"


if __name__ == "__main__":
    found = list(wrong_in(Path(sys.argv[1]).resolve()))
    print("\n".join(found) or "every link leads somewhere; nothing is loaded from elsewhere")
    sys.exit(bool(found))
