"""Other people's text in Markdown that many programs read: nothing in it is taken for markup.

GitHub looks for more than Markdown has, also where a backslash stands before it: names with an at
sign call people, numbers name issues, dollars begin formulas. In code it looks for none of it.
"""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"(?:[^\W_]+(?: [^\W_]+)*)?", re.ASCII)
"""Words and numbers: they mean nothing in any place."""

_CODE = re.compile(r"(?! )(?!.*(?: $|  ))[ !\"#%&'()*+,\-./:;<=>?@\[\]^_{}~\w]+")
"""What a code span shows as it is, in a table's cell too."""

_AS_IT_IS = re.compile(r"[^\W_]| ")
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def code(text: str) -> str:
    """Return a text as code, in one line, with nothing in it that ends a cell or a line."""
    if _CODE.fullmatch(text):
        shown = f"`{text}`"
    else:
        # A character's number is never markup: neither a cell's end, nor a formula's begin.
        marks = (one if _AS_IT_IS.fullmatch(one) else f"&#{ord(one)};" for one in _spaces(text))
        shown = f"<code>{''.join(marks)}</code>"
    if any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in text):
        return f"\u2068{shown}\u2069"  # else it would turn what stands beside it
    return shown


def plain_or_code(text: str) -> str:
    """Return a text as it is where it means nothing to anybody, else as code."""
    return text if _PLAIN.fullmatch(text) else code(text)


def fence(text: str, language: str) -> str:
    """Return lines as a block of code that nothing in them ends."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text}\n{marks}"


def _spaces(text: str) -> str:
    """Return a text in one line, whose spaces are all seen: browsers join and drop some."""
    line = " ".join(text.splitlines())
    inner = re.sub(r"  +", lambda found: "␠" * len(found[0]), line)
    return re.sub(r"^ | $", "␠", inner)
