"""A report's page in a real browser: what it does there, and what hostile data cannot do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support import Place
from support_browser import DESKTOP, PHONE, Browser, Page, needs_chromium
from support_report import HURT, IMAGE, fill, fill_hostile, written

pytestmark = needs_chromium

ASK = "document.documentElement.setAttribute('data-answer', JSON.stringify({expression}))"


def asked(browser: Browser, page: str, expression: str, **options: Any) -> Any:
    """Return what an expression of JavaScript is in an opened page."""
    document = browser.open(page, script=ASK.replace("{expression}", expression), **options)
    [root] = [one for one in Page(document).elements if one.tag == "html"]
    answer = root.attributes["data-answer"]
    assert answer is not None
    return json.loads(answer)


def root(document: str) -> dict[str, str | None]:
    """Return the attributes of a document's root."""
    return next(one.attributes for one in Page(document).elements if one.tag == "html")


def test_no_script_of_names_or_values_runs(place: Place, browser: Browser) -> None:
    """The page's own does."""
    fill_hostile(place)
    attributes = root(browser.open(written(place)))
    assert attributes["data-script"] == "ran"
    assert "title" not in attributes


def test_the_policy_stops_what_would_have_come_through(place: Place, browser: Browser) -> None:
    """Scripts, handlers and styles that are on the page as elements; without it they do run."""
    fill(place)
    page = written(place)
    hostile = f"<script>{HURT}</script>{IMAGE}<style>h1 {{ display: none }}</style></body>"
    broken = page.replace("</body>", hostile)
    assert "title" not in root(browser.open(broken))
    assert (
        asked(browser, broken, "getComputedStyle(document.querySelector('h1')).display") == "block"
    )
    open_to_all = re.sub(r"<meta http-equiv=[^>]*>", "", broken)
    assert root(browser.open(open_to_all))["title"] == "hurt"


def test_a_table_is_chosen_and_all_commits_are_opened(place: Place, browser: Browser) -> None:
    """By the page's own script."""
    fill(place)
    page = written(place)
    shown = "[...document.querySelectorAll('#timeline > li')].map(one => one.hidden)"
    choose = (
        "(chosen.value = [...chosen.options].find(one => one.text == 'cats').value,"
        f"chosen.dispatchEvent(new Event('change')), [{shown}, "
        "document.getElementById('shown').textContent])"
    )
    assert asked(browser, page, choose) == [[False, True, True, True], "1 of 4 commits"]
    opened = "[...document.querySelectorAll('details')].map(one => one.open)"
    click = f"(document.getElementById('open').click(), {opened})"
    assert asked(browser, page, opened) == [False, False, False]
    assert asked(browser, page, click) == [True, True, True]


def test_the_page_works_without_scripts(place: Place, browser: Browser) -> None:
    """Its tools for choosing are not there then, and all the rest is."""
    fill(place)
    page = re.sub(r"<script>.*?</script>", "", written(place), flags=re.DOTALL)
    seen = asked(browser, page, "document.body.innerText")
    assert "Open all" not in seen
    for text in ("Rows changed.", "Schema changes", "Load cats: 1 added", "Tom", "+1 added"):
        assert text in seen


@pytest.mark.parametrize("window", [PHONE, DESKTOP])
def test_nothing_is_wider_than_the_window(
    place: Place, browser: Browser, window: tuple[int, int]
) -> None:
    """With all commits open, and names and values that have no place to break."""
    fill_hostile(place)
    page = written(place).replace("<details>", "<details open>")
    narrow = "(document.body.style.maxWidth = '360px')" if window == PHONE else "0"
    wide = (
        f"({narrow}, [...document.querySelectorAll('body, section, figure, p, .stack, h1, h3')]"
        ".filter(one => one.scrollWidth > one.clientWidth + 1)"
        ".map(one => one.outerHTML.slice(0, 90)))"
    )
    assert asked(browser, page, wide, window=window) == []
    assert asked(browser, page, "document.documentElement.scrollWidth", window=window) <= window[0]


CONTRASTS = """(() => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(Number).map(one => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = one => {
    for (let at = one; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(color)) { return color; }
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some(each => each.nodeType === 3 && each.data.trim());
    if (!own || one.tagName === "SCRIPT" || one.namespaceURI.endsWith("svg")) { continue; }
    const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => y - x);
    const name = one.tagName + "." + one.className;
    found[name] = Math.min(found[name] || 99, (a + 0.05) / (b + 0.05));
  }
  return found;
})()"""


@pytest.mark.parametrize("options", ["", "--force-dark-mode"], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    place: Place, browser: Browser, options: str
) -> None:
    """By 4.5 to 1, as WCAG 2 asks for (AA), in both colour schemes; the dark one is dark."""
    fill(place)
    page = written(place, "--from", "HEAD~2").replace("<details>", "<details open>")
    found = asked(browser, page, CONTRASTS, options=options)
    assert len(found) > 20
    assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}
    ground = asked(
        browser, page, "getComputedStyle(document.body).backgroundColor", options=options
    )
    red = int(re.findall(r"\d+", ground)[0])
    assert red < 40 if options else red > 220


def test_what_charts_and_tables_show_is_named_for_those_who_do_not_see_them(
    place: Place, browser: Browser
) -> None:
    """Captions, labels, headings in order, a language and a title."""
    fill(place)
    asks = {
        "tables": "[...document.querySelectorAll('table')].every(one => one.caption)",
        "charts": "[...document.querySelectorAll('svg')].every(one => one.ariaHidden || (one.role"
        " == 'img' && one.ariaLabel))",
        "heads": "[...document.querySelectorAll('th')].every(one => one.scope)",
        "names": "[...document.querySelectorAll('section')].every(one =>"
        " document.getElementById(one.getAttribute('aria-labelledby')).tagName == 'H2')",
        "tops": "document.querySelectorAll('h1').length == 1",
        "language": "document.documentElement.lang == 'en'",
        "title": "document.title.endsWith(': history')",
    }
    question = ", ".join(f"{name}: {expression}" for name, expression in asks.items())
    answers = asked(browser, written(place), f"({{{question}}})")
    assert answers == dict.fromkeys(asks, True)
