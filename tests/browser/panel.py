"""A lane of the Explore page: its plane in numbers, its pictures as arrays."""

import base64
import re
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page

from vae_core.experiments.choices import Choices

__all__ = ["Panel", "empty_place", "lonely_image", "query_of", "rgb"]

Array = NDArray[np.floating]

PIXELS = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    let text = "";
    for (let i = 0; i < data.length; i += 8192) {
        text += String.fromCharCode(...data.subarray(i, i + 8192));
    }
    return [width, height, btoa(text)];
}"""
TWO_FRAMES = """() => new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(done));
})"""


def rgb(colour: str) -> Array:
    """Red, green and blue of `#rrggbb`, `(3,)` in 0 to 255."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64)


def query_of(choices: Choices) -> str:
    """The address of these choices."""
    values = {field.name: getattr(choices, field.name) for field in fields(choices)}
    if values["z"]:
        values["z"] = ",".join(str(value) for value in values["z"])
    return "&".join(f"{key}={value}" for key, value in values.items() if value is not None)


@dataclass(frozen=True)
class Panel:
    """The lane `model` or `versus` of a page, with what belongs to it below the lanes."""

    page: Page
    key: str = "model"

    def find(self, selector: str) -> Locator:
        return self.page.locator(f".st-key-stage [data-key={self.key}] {selector}")

    @property
    def canvas(self) -> Locator:
        return self.find("canvas.plane")

    def wait_shown(self, *parts: str) -> None:
        """Waits until the pictures are those of choices whose text holds all `parts`."""
        held = "".join(f'[data-shown*="{part}"]' for part in parts)
        self.find(f".panel[data-shown]{held}").wait_for(timeout=30_000)

    @property
    def shown(self) -> str:
        """The choices behind the pictures on the page."""
        return self.find(".panel").get_attribute("data-shown") or ""

    def numbers(self) -> list[tuple[str, str]]:
        """Value and error of each row of the table."""
        self.page.locator(".st-key-stage details").evaluate("(details) => { details.open = true; }")
        rows = self.find(".numbers tr").all()
        return [tuple(cell.inner_text() for cell in row.locator("td").all()) for row in rows]

    # --- the plane ----------------------------------------------------------------------------

    @property
    def view(self) -> Array:
        """Left, right, bottom and top of the plane in data units, once it is painted."""
        self.page.evaluate(TWO_FRAMES)
        return np.array([float(v) for v in self.canvas.get_attribute("data-view").split()])

    @property
    def inset(self) -> tuple[int, int, int, float] | None:
        """Left, top and side of the magnified q in CSS pixels, and its factor; None without one."""
        self.page.evaluate(TWO_FRAMES)
        text = self.canvas.get_attribute("data-inset")
        if text is None:
            return None
        left, top, side, factor = text.split()
        return int(left), int(top), int(side), float(factor)

    @property
    def box(self) -> Array:
        """Left, top and size of the plane on the page, in CSS pixels."""
        box = self.canvas.bounding_box()
        assert box["width"] == box["height"]
        return np.array([box["x"], box["y"], box["width"]])

    def to_canvas(self, z: Array) -> Array:
        """Places of points on the plane, `(..., 2)` from its top left corner."""
        left, right, bottom, top = self.view
        size = self.box[2]
        z = np.asarray(z)
        return np.stack(
            [
                (z[..., 0] - left) / (right - left) * size,
                (top - z[..., 1]) / (top - bottom) * size,
            ],
            axis=-1,
        )

    def to_page(self, z: Array) -> Array:
        return self.to_canvas(z) + self.box[:2]

    def to_data(self, x: float, y: float) -> Array:
        """The point of the plane at a place of the page."""
        left, right, bottom, top = self.view
        px, py = (np.array([x, y]) - self.box[:2]) / self.box[2]
        return np.array([left + px * (right - left), top - py * (top - bottom)])

    def wheel(self, z: Array, delta: float) -> None:
        """Turns the wheel with the pointer at z."""
        self.page.mouse.move(*self.to_page(z))
        self.page.mouse.wheel(0, delta)
        self.page.evaluate(TWO_FRAMES)

    # --- pictures -----------------------------------------------------------------------------

    def pixels(self, selector: str = "canvas.plane") -> NDArray[np.uint8]:
        """Red, green and blue of a canvas, `(height, width, 3)`."""
        self.page.evaluate(TWO_FRAMES)
        width, height, text = self.find(selector).evaluate(PIXELS)
        flat = np.frombuffer(base64.b64decode(text), np.uint8)
        return flat.reshape(height, width, 4)[..., :3]

    def picture(self, selector: str) -> Array:
        """A grey picture, `(784,)` in 0 to 255."""
        rgb = self.pixels(selector).astype(np.float64)
        assert (rgb == rgb[..., :1]).all()
        return rgb[..., 0].ravel()

    def address(self) -> dict[str, str]:
        """The query of the page's address."""
        return dict(re.findall(r"[?&]([^=]+)=([^&]*)", self.page.url))


def lonely_image(panel: Panel, mean: Array) -> int:
    """A test image whose point is far from the others' and well within the plane."""
    places = panel.to_canvas(mean)
    inside = np.flatnonzero(((places > 40) & (places < panel.box[2] - 20)).all(axis=1))
    inside = inside[np.hypot(*mean[inside].T).argsort()[-200:]]  # the outskirts are sparse
    gaps = np.hypot(*(places[inside, None] - places).transpose(2, 0, 1))
    gaps[np.arange(len(inside)), inside] = np.inf
    return int(inside[gaps.min(axis=1).argmax()])


def empty_place(panel: Panel, mean: Array) -> tuple[int, int]:
    """The place of the page, within the plane, that is farthest from all points."""
    left, top, size = panel.box
    inner = np.arange(40, int(size) - 20, 4)
    grid = np.stack(np.meshgrid(inner, inner), axis=-1).reshape(-1, 2)
    places = panel.to_canvas(mean)
    gaps = np.array([np.hypot(*(places - spot).T).min() for spot in grid])
    x, y = grid[gaps.argmax()]
    return int(left + x), int(top + y)
