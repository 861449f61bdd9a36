"""What moves on a page, noted in every frame from its first."""

from playwright.sync_api import Page

__all__ = ["MOTION", "REST", "moved"]

# Notes in every frame what is under way: properties that animations change, other than colours and
# the like; the heights of what unfolds; whether points move.
MOTION = """
window.motion = { properties: new Set(), heights: new Set(), points: new Set() };
const calm = /color|shadow|radius|opacity|visibility|^(offset|computedOffset|easing|composite)$/i;
const look = () => {
    const elements = [...document.querySelectorAll("*")];
    for (const root of [document, ...elements.flatMap((one) => one.shadowRoot ?? [])]) {
        for (const { effect } of root.getAnimations()) {
            // A script animates the height of these, but our style has the last word on it.
            if (effect.target.matches("details")) continue;
            for (const key of effect.getKeyframes().flatMap(Object.keys)) {
                if (!calm.test(key)) motion.properties.add(key);
            }
        }
        for (const one of root.querySelectorAll("[data-moving]")) {
            motion.points.add(one.dataset.moving);
        }
    }
    const details = document.querySelector(".st-key-more details");
    if (details) motion.heights.add(Math.round(details.getBoundingClientRect().height));
    requestAnimationFrame(look);
};
addEventListener("DOMContentLoaded", look);
"""

REST: dict[str, list[object]] = {"properties": [], "heights": [], "points": []}


def moved(page: Page) -> dict[str, list[object]]:
    """What has moved since the page was opened; `REST` where nothing did."""
    seen = page.evaluate(
        """() => Object.fromEntries(Object.entries(motion).map(([key, set]) => [key, [...set]]))"""
    )
    return {
        "properties": seen["properties"],
        "heights": sorted(seen["heights"])[1:-1],  # other than shut and open
        "points": [one for one in seen["points"] if one == "true"],
    }
