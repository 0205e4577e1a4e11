"""A real browser without a window, to look at pages as people do."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

NO_CHROMIUM = (
    "no Chromium: no page was opened in a real browser; on Debian: apt-get install chromium"
)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)

PHONE = (500, 900)
"""The narrowest window that Chromium opens; our narrow layout begins at 640 pixels."""

DESKTOP = (1280, 900)


@dataclass(frozen=True)
class Browser:
    """Opens files in Chromium, each time with a profile of its own."""

    directory: Path

    def _run(self, path: Path, *options: str) -> str:
        assert CHROMIUM is not None
        # Chromium refuses to sandbox for root, as which CI's containers run.
        sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
        done = subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                f"--user-data-dir={self.directory / 'profile'}",
                *sandbox,
                *options,
                path.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def open(
        self, page: str, window: tuple[int, int] = DESKTOP, *, script: str = "", options: str = ""
    ) -> str:
        """Return a page's document after its scripts have run.

        Args:
            page: The page's HTML.
            window: The window's width and height.
            script: A test's own script, run at the end: the page's policy is made to allow it.
            options: More of Chromium's options.
        """
        path = self.directory / "page.html"
        path.write_text(with_script(page, script), encoding="utf-8")
        size = f"--window-size={window[0]},{window[1]}"
        return self._run(path, "--dump-dom", size, *options.split())


def with_script(page: str, script: str) -> str:
    """Return a page with a script at its end that its Content-Security-Policy allows."""
    if not script:
        return page
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    changed = re.sub(r"script-src ", f"script-src 'sha256-{allowed}' ", page, count=1)
    return changed.replace("</body>", f"<script>{script}</script></body>")


@dataclass(frozen=True)
class Element:
    """One element of a page."""

    tag: str
    attributes: dict[str, str | None]


class Page(HTMLParser):
    """A page's elements, and the text of its table cells, as a browser's rules have them."""

    def __init__(self, html: str) -> None:
        """Read a page."""
        super().__init__()
        self.elements: list[Element] = []
        self.cells: list[str] = []
        self._open = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(Element(tag, dict(attrs)))
        if tag in {"td", "th"}:
            self.cells.append("")
            self._open += 1

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a cell."""
        if tag in {"td", "th"}:
            self._open -= 1

    def handle_data(self, data: str) -> None:
        """Note a cell's text."""
        if self._open:
            self.cells[-1] += data

    def tags(self) -> set[str]:
        """Return the names of the elements that there are."""
        return {one.tag for one in self.elements}
