"""The contrast of text that axe-core cannot judge: on canvases, in figures, over pictures."""

import re
from collections.abc import Sequence

from playwright.sync_api import Page

from vae_core.explorer.frontend import theme

__all__ = ["contrast", "faint_colours", "faint_texts"]

LEAST_CONTRAST = 4.5

# Texts of our components and of figures, which axe cannot judge where they lie on a picture:
# [text, colour, background, opacity], each look once.
TEXTS = """() => {
    const roots = [...document.querySelectorAll("*")].flatMap((one) => one.shadowRoot ?? []);
    const page = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor;
    const found = new Map();
    for (const root of [...roots, ...document.querySelectorAll(".js-plotly-plot")]) {
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            const text = texts.currentNode.textContent.trim();
            if (!text || !element.checkVisibility()) continue;
            if (element.closest("style, :disabled, [aria-disabled=true]")) continue;
            const svg = element instanceof SVGElement;
            const { color, fill, fillOpacity } = getComputedStyle(element);
            let [background, opacity] = [null, svg ? +fillOpacity : 1];
            for (let one = element; one; one = one.parentElement) {
                const style = getComputedStyle(one);
                opacity *= +style.opacity;
                if (!/, 0\\)$/.test(style.backgroundColor)) background ??= style.backgroundColor;
            }
            const look = [svg ? fill : color, background ?? page, opacity];
            found.set(look.join(), [text.slice(0, 40), ...look]);
        }
    }
    return [...found.values()];
}"""


def channels(colour: str) -> list[float]:
    """Red, green, blue and opacity of `#rrggbb`, `rgb(…)`, `rgba(…)` or `color(srgb …)`."""
    if colour.startswith("#"):
        return [int(colour[i : i + 2], 16) for i in (1, 3, 5)] + [1.0]
    found = [float(value) for value in re.findall(r"[\d.]+", colour)]
    if colour.startswith("color(srgb"):
        found[:3] = [255 * value for value in found[:3]]
    return found if len(found) == 4 else [*found, 1.0]


def contrast(colour: str, background: str, opacity: float = 1.0) -> float:
    """Contrast as WCAG has it; of what is not opaque, the least on whatever lies below."""
    *front, alpha = channels(colour)
    *back, solid = channels(background)
    front = [alpha * f + (1 - alpha) * b for f, b in zip(front, back, strict=True)]
    ratios = []
    for below in [0, 255] if opacity * solid < 1 else [0]:
        light, dark = sorted(
            (
                luminance([opacity * value + (1 - opacity) * below for value in one])
                for one in (front, back)
            ),
            reverse=True,
        )
        ratios.append((light + 0.05) / (dark + 0.05))
    return min(ratios)


def luminance(colour: Sequence[float]) -> float:
    shares = [value / 255 for value in colour]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def faint_texts(page: Page) -> set[str]:
    """Texts of components and figures with too little contrast."""
    return {
        f"{text!r}: {colour} on {background}, opacity {opacity}"
        for text, colour, background, opacity in page.evaluate(TEXTS)
        if contrast(colour, background, opacity) < LEAST_CONTRAST
    }


def faint_colours(page: Page, name: str) -> dict[str, str]:
    """Colours of what is written on canvases and figures that have too little contrast."""
    colours = theme()[name]
    written = {**colours["symbol"], "label": colours["label"]}
    app = page.get_by_test_id("stApp")
    background = app.evaluate("(app) => getComputedStyle(app).backgroundColor")
    return {
        symbol: colour
        for symbol, colour in written.items()
        if contrast(colour, background) < LEAST_CONTRAST
    }
