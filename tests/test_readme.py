"""The README's tables of the test sets: the figures of the metadata, with their errors."""

import math
import re

import pytest

from tests.test_shipped_models import NAMES, load
from vae_core.models.data import ASSETS

README = ASSETS.parent / "README.md"
COLUMNS = (
    "reconstruction_loss_at_mean",
    "reconstruction_loss",
    "kl",
    "negative_elbo",
    "negative_log_evidence",
    "median_stddev",
)
ROW = re.compile(r"^\| `([\w-]+)`: [^|]+ \|(.+)\|$", re.MULTILINE)


def rows() -> dict[str, list[str]]:
    """The cells of each model's row, without emphasis."""
    found = ROW.findall(README.read_text(encoding="utf-8"))
    return {name: [cell.strip(" *") for cell in cells.split("|")] for name, cells in found}


def cell_of(value: float | None, error: float, digits: int) -> str:
    """How a figure is written: by how many of its last digit it may be off, if by half or more."""
    if value is None:
        return ""
    unit = 10.0**-digits
    off = f" ({math.ceil(error / unit - 1e-9)})" if error > unit / 2 else ""
    return f"{value:.{digits}f}{off}"


def test_every_model_has_a_row() -> None:
    assert sorted(rows()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_has_the_figures_of_the_metadata_and_their_errors(name: str) -> None:
    stated = load(name).test
    without_q = {"reconstruction_loss": "no q", "kl": "∞", "negative_elbo": "∞"}
    for cell, key in zip(rows()[name], COLUMNS, strict=True):
        digits = 3 if key == "median_stddev" else 2
        expected = cell_of(stated[key], float(stated.get(f"{key}_stderr") or 0.0), digits)
        if name == "autoencoder":
            expected = (without_q | {"median_stddev": "none"}).get(key, expected)
        assert cell == expected, key


def test_how_a_figure_is_written() -> None:
    assert cell_of(143.614, 0.0157, 2) == "143.61 (2)"
    assert cell_of(144.0115, 0.0018, 2) == "144.01"
    assert cell_of(125.87, 0.01, 2) == "125.87 (1)"
    assert cell_of(0.0496, 0.0, 3) == "0.050"
