"""One table says what can be chosen: its defaults, its limits, and what an address means."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from vae_core.experiments.choices import (
    DEFAULT_IMAGE,
    MAX_SEED,
    MAX_Z,
    TABLE,
    Choices,
    defaults,
    parse_draw,
    parse_z,
    read,
)
from vae_core.explorer.visitor.session import KEPT
from vae_core.models.drawn_digit import pack

from .explore_page import APP, mnist, panel, run_page

DIGIT = pack(mnist().images[18])
BY_MODEL = {"model": "sample", "versus": "mean", "image": DEFAULT_IMAGE}
# What a session may hold, what it means, and how an address says it.
VALUES: dict[str, tuple[Any, Any, str]] = {
    "model": ("large", "large", "large"),
    "versus": ("none", "none", "none"),
    "image": (7, 7, "7"),
    "z": ("0.30,-1.20", (0.3, -1.2), "0.30,-1.20"),
    "k": (5, 5, "5"),
    "scale": (0.5, 0.5, "0.5"),
    "seed": (3, 3, "3"),
    "layer": ("posterior", "posterior", "posterior"),
    "draw": (DIGIT, DIGIT, DIGIT),
    "by": ("versus", "versus", "versus"),
}


def test_the_table_has_the_keys_of_the_choices() -> None:
    assert list(TABLE) == [field.name for field in fields(Choices)]
    assert set(VALUES) == set(TABLE)


@pytest.mark.parametrize("key", TABLE)
def test_a_default_is_that_of_the_choices(key: str) -> None:
    choice = TABLE[key]
    if key in BY_MODEL:
        assert choice.default is None
    else:
        assert choice.parse(choice.default) == getattr(Choices(), key)


def test_what_an_address_leaves_out_has_its_default() -> None:
    found = defaults(**BY_MODEL)
    assert list(found) == list(TABLE)
    assert read(found) == Choices(versus="mean")
    assert defaults(image=0) | BY_MODEL == found
    assert [key for key, value in defaults().items() if value is None] == [*BY_MODEL]


@pytest.mark.parametrize("key", TABLE)
def test_a_value_of_the_session_is_parsed(key: str) -> None:
    value, meant, _ = VALUES[key]
    assert getattr(read(defaults(**BY_MODEL) | {key: value}), key) == meant
    found = {one: getattr(read(defaults(**BY_MODEL) | {key: value}), one) for one in TABLE}
    assert [one for one in TABLE if found[one] != getattr(Choices(versus="mean"), one)] == [key]


@pytest.mark.parametrize("key", ["image", "k", "seed"])
def test_a_number_of_the_session_becomes_a_plain_integer(key: str) -> None:
    found = getattr(read(defaults(**BY_MODEL) | {key: np.int64(9)}), key)
    assert (type(found), found) == (int, 9)


@pytest.mark.parametrize("key", [key for key, choice in TABLE.items() if choice.low is not None])
def test_limits_hold_the_default(key: str) -> None:
    choice = TABLE[key]
    assert choice.low < choice.high
    default = getattr(Choices(), key)
    assert default is None or choice.low <= default <= choice.high
    if key != "z":
        assert type(choice.low) is type(choice.high) is type(default)  # as the widgets want them


def test_limits_of_a_point_and_of_a_seed() -> None:
    assert (TABLE["z"].low, TABLE["z"].high) == (-MAX_Z, MAX_Z)
    assert parse_z(f"{MAX_Z},{-MAX_Z}") == (MAX_Z, -MAX_Z)
    assert parse_z(f"{MAX_Z + 0.1},0") is None
    np.random.default_rng(MAX_SEED)


@pytest.mark.parametrize("text", ["", "x", DIGIT[:-1], DIGIT + "A", None, 7, ["a"], "\u0000"])
def test_a_text_that_is_no_drawing_is_none(text: object) -> None:
    assert parse_draw(text) == ""


def test_a_drawing_is_kept_as_it_is() -> None:
    assert parse_draw(DIGIT) == DIGIT


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("left_out", [None, *TABLE])
def test_an_address_says_what_is_shown(left_out: str | None) -> None:
    query = {key: address for key, (_, _, address) in VALUES.items() if key != left_out}
    at = run_page(**query)
    assert not at.exception
    assert not at.error
    shown = read({key: at.session_state[key] for key in TABLE})
    expected = {key: meant for key, (_, meant, _) in VALUES.items()}
    if left_out is not None:
        expected[left_out] = getattr(Choices(versus="mean"), left_out)
    assert shown == Choices(**expected)
    assert panel(at, "model")["version"] == repr(shown)


def test_an_address_without_a_query_means_the_defaults() -> None:
    at = run_page()
    assert read({key: at.session_state[key] for key in TABLE}) == Choices(versus="mean")
    assert panel(at, "model")["version"] == repr(Choices(versus="mean"))


def test_another_page_names_only_what_is_not_the_default() -> None:
    chosen = {key: VALUES[key][2] for key in ("image", "k", "z")}
    explore = run_page(**chosen, scale="1", seed="0", model="sample", versus="mean", layer="none")
    argument = AppTest.from_file(APP, default_timeout=120)
    argument.switch_page("vae_core/explorer/pages/argument.py")
    argument.session_state[KEPT] = explore.session_state[KEPT]
    argument.run()
    assert not argument.exception
    named = {key: str(values) for key, values in argument.query_params.items()}
    assert named == chosen
    for key in ("image", "z"):
        assert argument.session_state[key] == explore.session_state[key]
