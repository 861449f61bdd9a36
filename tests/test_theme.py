"""The colours: text at 4.5 to its background, marks at 3, also where they are let through."""

from itertools import combinations

import pytest

from vae_core.explorer.frontend import theme

BACKGROUND = {"light": "#ffffff", "dark": "#0e1117"}


def channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_symbols_and_models_are_legible_as_text(name: str) -> None:
    colours, ground = theme()[name], channels(BACKGROUND[name])
    for colour in [*colours["symbol"].values(), *colours["models"]]:
        assert contrast(channels(colour), ground) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_points_of_each_class_are_seen(name: str) -> None:
    colours, ground = theme()[name], channels(BACKGROUND[name])
    for colour in colours["classes"]:
        alpha = colours["pointAlpha"]
        seen = [alpha * c + (1 - alpha) * g for c, g in zip(channels(colour), ground, strict=True)]
        assert contrast(seen, ground) >= 3


@pytest.mark.parametrize("name", ["light", "dark"])
def test_no_colour_means_two_things(name: str) -> None:
    colours = theme()[name]
    symbols = [value for key, value in colours["symbol"].items() if key not in ("x", "prior")]
    for one, other in combinations([*symbols, *colours["models"]], 2):
        assert one != other
        distance = sum((a - b) ** 2 for a, b in zip(channels(one), channels(other), strict=True))
        assert distance**0.5 > 0.12
