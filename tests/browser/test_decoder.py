"""The decoder of the page against the one in NumPy."""

import base64
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from vae_core.explorer.frontend import source
from vae_core.explorer.parts.components import pack_model
from vae_core.explorer.server import library as models
from vae_core.maths.bernoulli import sigmoid
from vae_core.models.network import Network
from vae_core.models.settings import ModelConfig

from ..explore_page import loaded, mnist
from ..oracles import random_arrays

Z = np.random.default_rng(0).uniform(-4, 4, (1000, 2))
UNPACK = """(base64) => {
    globalThis.model = unpackModel(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
    const { id, width, points, labels } = model;
    return { id, width, points: [...points], labels: [...labels] };
}"""
# All pictures as the bytes of one Float32Array.
DECODE = """(zs) => {
    const pictures = zs.map((z) => model.decoder.decode(...z));
    const bytes = pictures.map((picture) => new Uint8Array(picture.buffer));
    return bytes.map((b) => btoa(String.fromCharCode(...b)));
}"""


@pytest.fixture(scope="module")
def script_page(browser: Browser) -> Iterator[Page]:
    """An empty page with `decoder.js` in it."""
    page = browser.new_page()
    # The classes of a script tag are not properties of the window: one script, one scope.
    page.add_script_tag(
        content=source("decoder.js") + "\nObject.assign(globalThis, { unpackModel });"
    )
    yield page
    page.close()


def in_browser(
    page: Page, model: models.LoadedModel, test: models.TestImages
) -> NDArray[np.floating]:
    """Hands a model's bytes to the page; pixel probabilities at `Z`, `(points, pixels)`."""
    header = page.evaluate(UNPACK, base64.b64encode(pack_model(model)).decode())
    assert header["id"] == model.fingerprint
    assert header["width"] == 28
    assert header["points"] == pytest.approx(model.mean.ravel(), rel=1e-6)
    assert header["labels"] == test.labels.tolist()
    pictures = page.evaluate(DECODE, Z.tolist())
    return np.stack([np.frombuffer(base64.b64decode(p), np.float32) for p in pictures])


@pytest.mark.parametrize("name", ["sample", "mean", "large"])
def test_a_shipped_model_decodes_as_in_numpy(script_page: Page, name: str) -> None:
    model = loaded(name)
    expected = sigmoid(model.network.decode(Z))
    assert np.abs(in_browser(script_page, model, mnist()) - expected).max() <= 1e-4


@pytest.mark.parametrize("hidden", [(64,), (512, 512, 512), (300, 17, 5)])
def test_any_shape_decodes_as_in_numpy(script_page: Page, hidden: tuple[int, ...]) -> None:
    config = ModelConfig(hidden=hidden)
    test = models.TestImages(mnist().images[:50], mnist().labels[:50], mnist().data_sha256)
    network = Network(random_arrays(config), config)
    model = models.LoadedModel("random", network, loaded("sample").metadata, test)
    expected = sigmoid(network.decode(Z))
    assert expected.std() > 0.1  # a decoder that says 1/2 everywhere would prove nothing
    assert np.abs(in_browser(script_page, model, test) - expected).max() <= 1e-4
