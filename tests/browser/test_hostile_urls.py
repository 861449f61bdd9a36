"""Markup in the address, in Chromium: shown as text where it is shown at all, never run."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from ..hostile_urls import CANARY, MARKUP, PAGES
from .pages import OpenPage, exception_texts, wait_idle

pytestmark = pytest.mark.long  # hostile inputs

# All elements, those of the components too, that hold something of the markup, but for the text
# in an input; and what a script of it would have left.
TRACES = """(canary) => {
    const found = canary in window ? ["a script ran"] : [];
    const walk = (root) => {
        for (const element of root.querySelectorAll("*")) {
            const named = [...element.attributes]
                .filter(({name}) => element.localName !== "input" || name !== "value")
                .map(({name, value}) => name + value);
            const texts = [...element.childNodes]
                .filter((node) => node.nodeType === Node.TEXT_NODE)
                .map((node) => node.data);
            if ([element.localName, ...named, ...texts].some((text) => text.includes(canary))) {
                found.push(element.outerHTML.slice(0, 300));
            }
            if (element.shadowRoot) walk(element.shadowRoot);
        }
    };
    walk(document);
    return found;
}"""


def watched(page: Page) -> list[str]:
    """Grows by each dialog, and by each request for what only the markup names."""
    seen: list[str] = []

    def dismiss(dialog: object) -> None:
        seen.append(str(dialog))
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", dismiss)
    page.on("request", lambda request: seen.append(request.url) if ":9/" in request.url else None)
    return seen


@pytest.mark.parametrize("path", PAGES)
def test_markup_in_the_address_is_never_run(open_page: OpenPage, path: str) -> None:
    page = open_page(path=path)
    seen = watched(page)
    base = page.url.partition("?")[0]
    names = [*PAGES[path], "unknown"]
    first = [*PAGES].index(path)
    for number in range(first, len(MARKUP), len(PAGES)):  # each in some parameter of each page
        shown = MARKUP[number]
        values = {name: MARKUP[(number + i) % len(MARKUP)] for i, name in enumerate(names)}
        values |= {key: shown for key in ("z", "draw") if key in values}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())
        page.goto(f"{base}?{query}&{quote(shown, safe='')}=1")
        wait_idle(page)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if "z" in names and page.get_by_role("button", name="Choose…").is_visible():
            page.get_by_role("button", name="Choose…").click()
            text = page.get_by_role("textbox", name="A point z instead")
            expect(text).to_be_visible()
            # The browser takes line breaks out of an input.
            assert text.input_value().strip("\x00") == shown.replace("\n", "").strip("\x00")
        assert page.evaluate(TRACES, CANARY) == []
        assert not exception_texts(page)
        assert CANARY not in page.title()
    assert seen == []


def test_the_traces_would_be_seen(open_page: OpenPage) -> None:
    page = open_page()
    seen = watched(page)
    page.evaluate(
        "(markup) => { document.body.insertAdjacentHTML('beforeend', markup); }",
        "".join(MARKUP[1:4]) + f"<img src='http://127.0.0.1:9/{CANARY}.png'>",
    )
    page.wait_for_function("(canary) => canary in window", arg=CANARY)
    assert len(page.evaluate(TRACES, CANARY)) > 3
    assert len(seen) == 2
