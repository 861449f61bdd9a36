"""The Explore page as a script: its address, its controls, and what it sends to its panels."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from vae_core.experiments.choices import Choices
from vae_core.experiments.view import view_of
from vae_core.explorer.parts.layers import LAYERS

from .explore_page import SHIPPED, choices, complaints, lane, loaded, mnist, panel, run_page

KEYS = ("model", "versus", "image", "k", "scale", "seed", "layer", "digit", "order", "z")


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a visitor does, nothing is worth a warning."""
    yield
    assert complaints(caplog) == []


@pytest.fixture(scope="module")
def default() -> AppTest:
    """The page at an address without a query."""
    return run_page()


def works(at: AppTest) -> bool:
    return not at.exception and not at.error


def values(at: AppTest) -> dict[str, Any]:
    return {key: at.session_state[key] for key in KEYS}


def step(at: AppTest, kind: str, key: str, value: object = None) -> AppTest:
    """Uses one control."""
    if kind == "button":
        return at.button(key=key).click().run()
    return getattr(at, kind)(key=key).set_value(value).run()


def test_the_page_opens_on_the_vae_beside_the_mean_trained_network() -> None:
    at = run_page()
    assert works(at)
    names = [panel(at, key)["model"].rsplit("-", 1)[0] for key in ("model", "versus")]
    assert names == ["sample", "mean"]


def test_the_address_decides_what_the_panels_show() -> None:
    query = {"model": "mean", "versus": "sample", "image": "18", "k": "5", "scale": "0.5"}
    query |= {"seed": "3", "layer": "posterior", "digit": "3", "order": "stddev"}
    at = run_page(**query)
    assert works(at)
    seen = values(at)
    assert {key: str(seen[key]) for key in query} == query
    chosen = choices(
        model="mean", versus="sample", image=18, k=5, scale=0.5, seed=3, layer="posterior"
    )
    for key, name in (("model", "mean"), ("versus", "sample")):
        assert panel(at, key) == lane(name, chosen, key)


def test_a_point_in_the_address_replaces_the_image() -> None:
    at = run_page(z="0.30,-1.20", image="18")
    assert works(at)
    assert panel(at, "model")["scene"]["picked"] == [0.3, -1.2]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("model", value) for value in ("nope", "", "none", "../sample", "SAMPLE")),
        *(("versus", value) for value in ("nope", "")),
        *(("image", value) for value in ("-1", "10000", "abc", "", "nan", "1e999")),
        *(("k", value) for value in ("0", "1e9", "257", "x", "-inf")),
        *(("scale", value) for value in ("nan", "-1", "inf", "3.01", "x")),
        *(("seed", value) for value in ("x", "-1", "2147483648", "inf")),
        *(("z", value) for value in ("1e309,1", "1", "<script>", "1,2,3", "nan,nan")),
        *(("layer", "zzz"), ("digit", "10"), ("digit", "-1"), ("order", "zzz")),
    ],
)
def test_an_unreadable_value_falls_back_to_the_default(
    default: AppTest, key: str, value: str
) -> None:
    at = run_page(**{key: value})
    assert works(at)
    assert [panel(at, side) for side in ("model", "versus")] == [
        panel(default, side) for side in ("model", "versus")
    ]
    if key != "z":  # the text stays to be corrected
        assert values(at) == values(default)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_model_is_shown_on_either_side(name: str) -> None:
    at = run_page(model=name, versus=name)
    assert works(at)
    first, second = (panel(at, key) for key in ("model", "versus"))
    assert {**first, "key": ""} == {**second, "key": ""}
    shown, _, price, kl, total, *_ = (row["value"] for row in panel(at, "model")["numbers"])
    x = mnist().pixels(slice(at.session_state["image"], at.session_state["image"] + 1))
    network = loaded(name).network
    # A unit from its own rounding at most, and only where the sum would not close otherwise.
    own = float(network.reconstruction_loss(x, network.encode(x)[0])[0])
    closes = network.has_posterior and Decimal(price) + Decimal(kl) + Decimal(shown) == Decimal(
        total
    )
    assert closes or (total == "∞" and shown == f"{own:.2f}")
    assert abs(Decimal(f"{own:.2f}") - Decimal(shown)) <= Decimal("0.01")


@pytest.mark.long  # all that can be chosen, once each
def test_every_control_works() -> None:
    at = run_page()
    steps: list[tuple[Any, ...]] = [
        *(("button", key) for key in ("next", "previous", "random")),
        *(("selectbox", "layer", layer) for layer in LAYERS),
        *(("slider", "scale", scale) for scale in (0.0, 3.0, 1.0)),
        *(("number_input", "k", k) for k in (1, 256, 16)),
        *(("number_input", "image", image) for image in (0, 9999)),
        ("number_input", "seed", 2**31 - 1),
        *(("selectbox", "order", order) for order in ("stddev", "price", "index")),
        *(("selectbox", "digit", digit) for digit in ("0", "9", "any")),
        ("text_input", "z", "1.5,-2"),
        ("selectbox", "versus", "none"),
        ("selectbox", "versus", "mean"),
    ]
    for used in steps:
        before = panel(at, "model")["version"]
        step(at, *used)
        assert works(at), used
        if len(used) == 3 and used[1] in ("k", "scale", "layer", "seed"):
            key, value = used[1:]
            assert f"{key}={value!r}" in panel(at, "model")["version"], used
        elif used[0] == "button":
            assert panel(at, "model")["version"] != before, used
        assert (panel(at, "versus") is None) == (at.session_state["versus"] == "none")


@pytest.mark.parametrize("order", ["index", "stddev"])
def test_steps_stay_in_the_chosen_class_and_order(order: str) -> None:
    members = np.flatnonzero(mnist().labels == 7)
    if order == "stddev":
        area = loaded("sample").stddev[members].prod(axis=1)
        members = members[np.argsort(-area, kind="stable")]
    at = run_page(order=order, digit="7", image=str(members[0]))
    for key, place in [("next", 1), ("next", 2), ("previous", 1), ("previous", 0)]:
        step(at, "button", key)
        assert at.session_state["image"] == members[place]
    step(at, "button", "previous")  # around the end
    assert at.session_state["image"] == members[-1]
    for _ in range(3):
        step(at, "button", "random")
        assert mnist().labels[at.session_state["image"]] == 7


def test_the_order_by_price_starts_with_the_largest() -> None:
    at = run_page(digit="7")
    step(at, "selectbox", "order", "price")

    def price(image: int) -> float:
        x = mnist().pixels(slice(image, image + 1))[0]
        return view_of(loaded("sample"), x, Choices(k=1, scale=1.0, seed=0)).price

    others = np.random.default_rng(0).choice(np.flatnonzero(mnist().labels == 7), 20)
    assert price(at.session_state["image"]) >= max(price(int(image)) for image in others)


def test_after_an_infinite_value_the_control_works_again() -> None:
    at = run_page(image="inf")
    step(at, "number_input", "image", 5)
    assert works(at)
    assert at.session_state["image"] == 5
    assert "image=5," in panel(at, "model")["version"]


def test_a_new_image_replaces_the_point() -> None:
    for used in [("button", "next"), ("number_input", "image", 5), ("selectbox", "digit", "3")]:
        at = run_page(z="1,1")
        step(at, *used)
        assert at.session_state["z"] == ""
        assert panel(at, "model")["scene"]["picked"] is None
