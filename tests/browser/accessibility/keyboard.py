"""A visitor without a mouse: walks with Tab, sees where the focus is."""

from collections.abc import Sequence

from playwright.sync_api import Page

__all__ = [
    "FOCUS",
    "assert_in_order",
    "has_focus",
    "tab_to",
    "unseen",
    "wait_focus",
    "walk",
    "walk_back",
]

# Who has the focus, and how everything that had it looked then, once it had changed its colours.
FOCUS = """
window.focus = {
    looks: new Map(),
    get element() {
        let one = document.activeElement;
        while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
        return one === document.body ? null : one;
    },
    look(element) {
        document.getAnimations().forEach((one) => {
            if (one.effect.getComputedTiming().endTime < Infinity) one.finish();
        });
        const looks = [];
        for (let one = element; one && looks.length < 5; one = one.parentElement) {
            for (const part of [null, "::before"]) {
                const style = getComputedStyle(one, part);
                const outline = style.outlineStyle === "none" ? "" : style.outline;
                looks.push([outline, style.boxShadow, style.borderColor].join());
            }
        }
        return looks.join();
    },
    note() {
        const one = this.element;
        if (!one) return null;
        this.looks.set(one, this.look(one));
        const named = one.querySelector("p") ?? one;
        const text = named.innerText ?? named.textContent;  // mathematics has no innerText
        return one.matches(".plane") ? "plane" : one.getAttribute("aria-label") ?? text.trim();
    },
    unseen() {
        this.element?.blur();
        return [...this.looks].filter(([one, look]) => look === this.look(one))
            .map(([one]) => one.outerHTML.slice(0, 150));
    },
};
"""

WITHIN = "(selector) => Boolean(focus.element?.closest(selector))"


def walk(page: Page) -> list[str]:
    """Presses Tab until the focus leaves the page; names of all that had it."""
    names: list[str] = []
    while len(names) < 100:
        page.keyboard.press("Tab")
        name = page.evaluate("() => focus.note()")
        if name is None:
            return names
        names.append(name)
    raise AssertionError(f"no way out: {names}")


def walk_back(page: Page, names: Sequence[str]) -> None:
    """Presses Shift+Tab, from beyond the end of the page to its start: through the same names."""
    for name in reversed(names):
        if name == "Copy to clipboard":
            continue  # Streamlit shows it from when its code has the focus, or the pointer
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("() => focus.note()") == name


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the focus is within `selector`."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if has_focus(page, selector):
            return
    raise AssertionError(f"{selector} is out of reach")


def has_focus(page: Page, selector: str) -> bool:
    """Whether the focus is within `selector`."""
    return bool(page.evaluate(WITHIN, selector))


def wait_focus(page: Page, selector: str) -> None:
    """Waits until the focus is within `selector`."""
    page.wait_for_function(WITHIN, arg=selector, timeout=5000)


def unseen(page: Page) -> list[str]:
    """What looked the same with the focus, when `walk` came by, as it does without it."""
    found: list[str] = page.evaluate("() => focus.unseen()")
    return found


def assert_in_order(expected: Sequence[str], names: Sequence[str]) -> None:
    """The names hold the expected ones in their order, and maybe others between."""
    rest = iter(names)
    for name in expected:
        assert name in rest, f"no {name!r} where it should be among {', '.join(names)}"
