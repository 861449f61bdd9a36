"""What axe-core, and a look at the contrast of texts, object to on a page."""

from collections.abc import Sequence
from contextlib import ExitStack

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from ..pages import exception_texts, wait_idle
from .contrast import faint_texts

__all__ = ["CONTRAST", "DESKTOP", "THEMES", "Screens", "beyond", "open_screens"]

Violation = tuple[str, str, str]  # rule, place, what there is to see

THEMES = ("light", "dark")
SIZES = DESKTOP, PHONE = (1400, 900), (390, 844)
CONTRAST = ("color-contrast", "faint text")  # axe's rule and ours

# Drawn at its new size, and nothing fades any more: half a colour has another contrast.
SETTLE = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    .then(() => document.getAnimations().forEach((one) => {
        if (one.effect.getComputedTiming().endTime < Infinity) one.finish();
    }))"""

# Serious and critical violations as [rule, place, what]; within our components also what axe
# cannot decide. A place is a widget's own markup: tag and test ids up to where a page puts it.
AUDIT = """axe.run({ resultTypes: ["violations", "incomplete"], elementRef: true })
    .then(({ violations, incomplete }) => {
        const place = (element) => {
            const parts = [element.tagName];
            for (let one = element; one; one = one.parentElement ?? one.getRootNode().host) {
                if (one.dataset.testid === "stElementContainer") break;
                if (one.shadowRoot) parts.push("component");
                if (one.dataset.testid) parts.push(one.dataset.testid);
            }
            return parts.join(" in ");
        };
        const found = (results) => results
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .flatMap(({ id, nodes }) => nodes.map(({ element, html, any }) => [
                id,
                place(element),
                [html.slice(0, 200), ...any.map(({ message }) => message)].join("; "),
            ]));
        const ours = ([rule, where]) => rule !== "color-contrast" && where.includes("component");
        return [...found(violations), ...found(incomplete).filter(ours)];
    })"""


class Screens:
    """The same page in both themes, on a desktop and on a phone in turn."""

    def __init__(self, pages: Sequence[Page], sizes: Sequence[tuple[int, int]] = SIZES) -> None:
        self.pages = pages
        self.sizes = sizes

    def goto(self, url: str) -> None:
        for page in self.pages:
            page.goto(url, wait_until="commit")  # side by side
        self.wait()

    def wait(self) -> None:
        for page in self.pages:
            wait_idle(page, seconds=60)
            assert not exception_texts(page)

    def audit(self) -> set[Violation]:
        """What there is to object to, in either theme and at either size."""
        found: set[Violation] = set()
        for width, height in self.sizes:
            for page in self.pages:
                page.set_viewport_size({"width": width, "height": height})
            for page in self.pages:  # axe does not judge what would have to be scrolled into view
                whole = page.get_by_test_id("stMain").evaluate("(main) => main.scrollHeight")
                page.set_viewport_size({"width": width, "height": whole})
                page.evaluate(SETTLE)
                page.evaluate(f"() => {{ window.audit = {AUDIT}; }}")
            for page in self.pages:
                found |= {tuple(one) for one in page.evaluate("() => audit")}
                found |= {(CONTRAST[1], "component", what) for what in faint_texts(page)}
        self.sizes = self.sizes[::-1]  # the next page begins at the size that this one ends at
        return found


def open_screens(browser: Browser, stack: ExitStack) -> Screens:
    pages = []
    for theme in THEMES:
        context = stack.enter_context(
            browser.new_context(color_scheme=theme, reduced_motion="reduce")
        )
        context.add_init_script(AXE_SCRIPT)
        pages.append(context.new_page())
    return Screens(pages)


def beyond(found: set[Violation], bare: set[tuple[str, str]]) -> set[Violation]:
    """What the page adds to Streamlit's own; contrast is the theme's affair, and so the page's."""
    return {one for one in found if one[0] in CONTRAST or one[:2] not in bare}
