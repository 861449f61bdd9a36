"""The stage: sums that close, symbols that light up together, noise and ε without the server."""

import os
import re
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from vae_core.experiments.view import compute_view
from vae_core.maths.bernoulli import sigmoid

from ..explore_page import choices, loaded, mnist
from .pages import OpenPage, wait_idle
from .panel import TWO_FRAMES, Panel, query_of
from .server import Server, serve

SYMBOLS = ("x", "mean", "stddev", "epsilon", "sample", "reconstruction", "price", "kl")
LIT = """(symbol) => {
    const roots = [...document.querySelectorAll(".st-key-stage *, .st-key-answer *")]
        .map((one) => one.shadowRoot).filter(Boolean);
    const all = roots.flatMap((root) => [...root.querySelectorAll("[data-symbol]")]);
    const lit = all.filter((one) => one.classList.contains("lit"));
    return [lit.length, all.filter((one) => one.dataset.symbol === symbol).length,
        lit.filter((one) => one.dataset.symbol !== symbol).length];
}"""
SHIFT = """() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
}"""


@pytest.fixture(scope="module")
def stage_page(app_url: Server, open_module_page: OpenPage) -> Page:
    """Explore on its first screen, for tests that leave it as it was."""
    page = open_module_page()
    for key in ("model", "versus"):
        Panel(page, key).wait_shown()
    return page


def number(text: str) -> Decimal:
    return Decimal(re.search(r"−?\d+\.\d\d", text)[0].replace("−", "-"))


def test_the_sums_close_in_the_digits_shown(stage_page: Page) -> None:
    for key in ("model", "versus"):
        terms = Panel(stage_page, key).find(".sum .term b").all_inner_texts()
        at_mean, price, kl, total = map(number, terms)
        assert at_mean + price + kl == total
        averages = Panel(stage_page, key).find(".sum .average").all_inner_texts()
        at_mean, price, kl, total = map(number, averages)
        assert at_mean + price + kl == total


def test_the_price_of_the_mean_is_marked_as_not_paid(stage_page: Page) -> None:
    assert Panel(stage_page, "model").find(".unpaid").count() == 0
    unpaid = Panel(stage_page, "versus").find(".unpaid")
    assert unpaid.get_attribute("data-term") == "price"
    assert "not in its training loss" in unpaid.inner_text()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_symbol_lights_up_wherever_it_occurs_and_nothing_else_does(
    stage_page: Page, symbol: str
) -> None:
    button = stage_page.locator(f".signs [data-symbol={symbol}]")
    button.hover()
    lit, occurrences, others = stage_page.evaluate(LIT, symbol)
    assert lit == occurrences > 1
    assert others == 0
    assert len(stage_page.locator(".meaning").inner_text().split()) > 4
    stage_page.mouse.move(5, 895)
    button.focus()
    assert stage_page.evaluate(LIT, symbol) == [lit, occurrences, 0]
    button.blur()
    assert stage_page.evaluate(LIT, symbol) == [0, occurrences, 0]


def test_every_sign_on_the_stage_has_its_meaning(stage_page: Page) -> None:
    meanings = set()
    for button in stage_page.locator(".signs button").all():
        button.hover()
        meanings.add(stage_page.locator(".meaning").inner_text())
    known = stage_page.locator(".signs button").evaluate_all(
        "(all) => all.map((one) => one.dataset.symbol)"
    )
    assert len(meanings) == len(known) == 11
    used = stage_page.locator("[data-symbol]").evaluate_all(
        "(all) => all.map((one) => one.dataset.symbol)"
    )
    assert set(used) == set(known)


def test_the_see_saw_is_least_where_price_and_kl_balance(stage_page: Page) -> None:
    x = mnist().pixels(slice(1367, 1368))[0]
    for key, name in (("model", "sample"), ("versus", "mean")):
        canvas = Panel(stage_page, key).find(".see-saw")
        canvas.and_(stage_page.locator("[data-least]:not([data-least=''])")).wait_for()
        found = float(canvas.get_attribute("data-least"))
        assert found == pytest.approx(least_sigma(name, x), rel=0.02)


def least_sigma(name: str, x: np.ndarray) -> float:
    """√(tr Σ/2) at the least price + KL along c · σ, by Gauss-Hermite and a fine scan."""
    network = loaded(name).network
    mean, stddev = (one[0].astype(np.float64) for one in network.encode(x[None]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = np.outer(weights, weights).ravel() / weights.sum() ** 2
    epsilon = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    own = np.sqrt((stddev**2).mean())
    sigmas = np.geomspace(0.008, 0.06, 500)
    sums = []
    for sigma in sigmas:
        scaled = stddev * sigma / own
        price = weights @ network.reconstruction_loss(x, mean + scaled * epsilon)
        sums.append(price + 0.5 * (scaled**2).sum() - np.log(scaled).sum())
    return float(sigmas[int(np.argmin(sums))])


def test_both_planes_show_the_same_and_a_small_q_is_magnified(stage_page: Page) -> None:
    first, second = Panel(stage_page, "model"), Panel(stage_page, "versus")
    assert first.view == pytest.approx(second.view)
    inset = first.inset
    assert inset is not None
    assert second.inset is None
    _, _, side, factor = inset
    unit = first.box[2] / np.diff(first.view)[0]
    reach = 3.2 * loaded("sample").stddev[1367].max()
    assert factor == pytest.approx(side / (2 * reach) / unit, rel=1e-3)
    first.wheel(np.array([0.5, 0.5]), -200)
    assert first.view == pytest.approx(second.view)
    first.find("button.whole").click()
    assert second.inset is None


def test_one_place_is_pointed_at_on_both_planes(stage_page: Page) -> None:
    first, second = Panel(stage_page, "model"), Panel(stage_page, "versus")
    x, y = (int(v) for v in first.to_page(np.array([1.5, 1.0])))
    stage_page.mouse.move(x, y)
    z = first.to_data(x, y)
    for panel, name in ((first, "sample"), (second, "mean")):
        picture = 255 * sigmoid(loaded(name).network.decode(z).astype(np.float64))
        assert panel.picture(".hover-digit") == pytest.approx(picture, abs=1)
    stage_page.mouse.move(5, 895)
    assert second.find(".hover").is_hidden()


def test_samples_and_dots_point_at_each_other(stage_page: Page) -> None:
    panel = Panel(stage_page, "versus")
    panel.find(".samples span").nth(5).hover()
    assert panel.find(".samples .marked").count() == 1
    view = compute_view(loaded("mean"), choices(model="mean", image=1367))
    inside = np.abs(view.z).max(axis=1) < 0.8 * panel.view[1]
    far = int(np.where(inside, np.hypot(*view.z.T), 0).argmax())
    stage_page.mouse.move(*panel.to_page(view.z[far]))
    marked = panel.find(".samples .marked")
    assert float(marked.inner_text()) == pytest.approx(view.losses[far], abs=0.06)


@pytest.mark.parametrize("width", [390, 768, 1400, 1920])
def test_nothing_moves_on_load(app_url: Server, open_page: OpenPage, width: int) -> None:
    page = open_page(width=width, height=900)
    page.add_init_script(f"({SHIFT})()")
    page.reload()
    wait_idle(page)
    for key in ("model", "versus"):
        Panel(page, key).wait_shown()
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.shift") <= 0.05


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may be stopped."""
    with serve(Path(tmp_path_factory.mktemp("stopped")) / "log.txt") as server:
        yield server


@pytest.mark.parametrize(("scale", "seed"), [(0.5, 0), (2.0, 1), (0.0, 1)])
def test_noise_and_new_epsilon_need_no_server(
    own_server: Server, open_page: OpenPage, scale: float, seed: int
) -> None:
    """Pictures, dots and losses come from the browser, as NumPy computes them."""
    page = open_page(query_of(choices(image=1367)), url=own_server.url)
    lanes = Panel(page, "model"), Panel(page, "versus")
    for panel in lanes:
        panel.wait_shown()
    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        for _ in range(seed):
            page.locator("button.new-epsilon").click()
        page.locator("input.noise").evaluate(
            """(slider, value) => {
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
            }""",
            scale,
        )
        for panel, name in zip(lanes, ("sample", "mean"), strict=True):
            panel.find(f'.panel[data-local="{scale:g} {seed}"]').wait_for()
            chosen = choices(model=name, image=1367, scale=scale, seed=seed)
            view = compute_view(loaded(name), chosen)
            shown = [float(text) for text in panel.find(".samples span").all_inner_texts()]
            assert shown == pytest.approx(view.losses, abs=0.06)
            average = panel.find(".average-line").inner_text()
            assert float(re.search(r"average (\d+\.\d\d)", average)[1]) == pytest.approx(
                view.losses.mean(), abs=0.011
            )
            first = 255 * sigmoid(loaded(name).network.decode(view.z[0]).astype(np.float64))
            cell = panel.pixels(".samples canvas >> nth=0")[1:29, 1:29, 0]
            assert cell.ravel() == pytest.approx(first, abs=1)
            kl = panel.find("[data-term=kl] b").inner_text()
            assert kl == ("∞" if scale == 0 else f"{view.kl:.2f}")
            assert panel.find(".sum").get_attribute("aria-busy") == "true"
    finally:
        os.kill(own_server.pid, signal.SIGCONT)
    for panel in lanes:
        panel.wait_shown(f"scale={scale}", f"seed={seed}")
        assert panel.find(".sum").get_attribute("aria-busy") == "false"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "costs 1.29 nats more here"),
        ("image=8", "An exception"),
        ("scale=0", "noise at 0"),
        ("model=autoencoder", "nothing to sample"),
    ],
)
def test_the_answer_is_about_what_is_shown(open_page: OpenPage, query: str, words: str) -> None:
    page = open_page(query)
    assert words in page.locator(".answer").inner_text()
