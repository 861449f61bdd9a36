"""Damaged files in a visitor's browser: a sentence, and the page goes on."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page

from vae_core.models.catalogue import MODELS

from .conftest import StartServer
from .pages import OpenPage, exception_texts
from .panel import Panel
from .server import ROOT

pytestmark = pytest.mark.long  # a server of its own

# The model in this folder, and what is wrong with it.
BROKEN = ("sample-10", "quadrature", "autoencoder", "blog")


def damaged_tree(tree: Path) -> None:
    """A checkout with two sound models, five damaged ones and a damaged data set."""
    shutil.copy(ROOT / "app.py", tree)
    shutil.copytree(ROOT / ".streamlit", tree / ".streamlit")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "vae_core", tree / "vae_core", ignore=ignore)
    models = tree / "assets" / "models"
    models.mkdir(parents=True)
    for name in ("sample", "mean"):
        (models / name).symlink_to(MODELS / name)
    for name in BROKEN:
        shutil.copytree(MODELS / "sample", models / name)
    weights = (MODELS / "sample" / "weights.npz").read_bytes()
    (models / "sample-10" / "weights.npz").write_bytes(weights[: len(weights) // 2])
    (models / "quadrature" / "metadata.json").write_text("[]")
    (models / "autoencoder" / "weights.npz").unlink()
    record = json.loads((MODELS / "sample" / "metadata.json").read_text())
    record["training"]["model"]["latent_dim"] = 3
    (models / "blog" / "metadata.json").write_text(json.dumps(record))
    # And `large` is missing: models are found, so that it is not offered.
    (tree / "assets" / "mnist.npz").write_text("not an archive")


def one_sentence(page: Page) -> str:
    """The one error box of the page."""
    assert not exception_texts(page)
    alerts = page.get_by_test_id("stAlert").all_inner_texts()
    assert len(alerts) == 1
    assert "Traceback" not in alerts[0]
    return alerts[0]


def test_damage_is_told_in_a_sentence_and_the_page_goes_on(
    open_page: OpenPage, start_server: StartServer, tmp_path: Path
) -> None:
    damaged_tree(tmp_path)
    with start_server(cwd=tmp_path) as server:
        assert "mnist.npz" in one_sentence(open_page(url=server.url))
        data = tmp_path / "assets" / "mnist.npz"
        data.unlink()
        data.symlink_to(ROOT / "assets" / "mnist.npz")
        for name in BROKEN:
            page = open_page(f"model={name}&versus=mean", url=server.url)
            assert name in one_sentence(page)
            sound = Panel(page, "versus")
            sound.wait_shown(f"model='{name}'")
            page.get_by_role("button", name="Next", exact=True).click()
            sound.wait_shown("image=1368,")
            assert name in one_sentence(page)
        missing = open_page("model=large&versus=mean", url=server.url)
        Panel(missing, "versus").wait_shown("versus='mean'")
        assert "large" not in one_sentence(missing)  # it is the first one's, which is damaged
        page.get_by_role("button", name="More", exact=True).click()
        page.locator(".st-key-model").get_by_role("combobox").click()
        page.get_by_role("option", name="sample", exact=True).click()
        Panel(page).wait_shown("model='sample'")
        assert page.get_by_test_id("stAlert").count() == 0
        assert "Traceback" not in server.log.read_text()
