"""The Explore page without a browser: its models, its runs, and what it sends to its panels."""

import json
import logging
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from vae_core.experiments.choices import Choices
from vae_core.explorer.parts.stage import stage_data
from vae_core.inference.loaded_model import LoadedModel
from vae_core.models import catalogue, checkpoint, data_files
from vae_core.models.data import ASSETS, Dataset
from vae_core.models.test_images import TestImages

__all__ = [
    "APP",
    "FASHION_NAMES",
    "MODEL_NAMES",
    "SHIPPED",
    "choices",
    "complaints",
    "copy_models",
    "lane",
    "loaded",
    "mnist",
    "one_sentence",
    "panel",
    "replace_mnist",
    "run_page",
    "stage",
]

APP = Path(__file__).resolve().parents[1] / "app.py"
# As the page lists them: of MNIST, and of Fashion-MNIST.
MODEL_NAMES = ("sample", "sample-10", "quadrature", "mean", "autoencoder", "blog", "large")
FASHION_NAMES = ("fashion", "fashion-mean")
SHIPPED = [name for name in MODEL_NAMES if (catalogue.MODELS / name / "weights.npz").exists()]
# Streamlit's own remark that a test is no server.
BARE_MODE = "streamlit.runtime.scriptrunner_utils.script_run_context"


@cache
def mnist() -> TestImages:
    """The test images, read without the server's memory."""
    dataset = Dataset()
    return TestImages(dataset.images("test"), dataset.labels("test"), dataset.sha256())


@cache
def loaded(name: str) -> LoadedModel:
    """A shipped model, loaded without the server's memory."""
    return LoadedModel(name, *checkpoint.load(catalogue.MODELS / name), mnist())


def choices(**changes: Any) -> Choices:
    """A visitor's choices: those of an address without a query, but for `changes`."""
    values: dict[str, Any] = {"model": "sample", "versus": "mean", "image": 7, "z": None}
    values |= {"k": 16, "scale": 1.0, "seed": 0, "layer": "none"}
    return Choices(**values | changes)


def run_page(**query: str) -> AppTest:
    """The page as it opens at an address with this query."""
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def stage(at: AppTest) -> dict[str, Any] | None:
    """What the page sent to the stage; None where there is none."""
    for component in at.get("bidi_component"):
        if component.proto.id.endswith("-stage"):
            data: dict[str, Any] = json.loads(component.proto.bytes)
            return data
    return None


def panel(at: AppTest, key: str) -> dict[str, Any] | None:
    """What it sent to the lane `model` or `versus`; None where there is no such lane."""
    lanes = (stage(at) or {"lanes": []})["lanes"]
    return next((lane for lane in lanes if lane["key"] == key), None)


def lane(name: str, chosen: Choices, key: str = "model") -> dict[str, Any]:
    """What a lane has to show of a shipped model."""
    decoder = loaded(chosen.decoded_by()) if chosen.decoded_by() else None
    data = stage_data([(key, loaded(name))], chosen, decoder)["lanes"][0]
    sent: dict[str, Any] = json.loads(json.dumps(data))
    return sent


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Log messages above `info`."""
    return [
        f"{record.name}: {record.getMessage()}"
        for record in caplog.records
        if record.levelno > logging.INFO and record.name != BARE_MODE
    ]


def copy_models(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `sample` and `mean`, which the page takes for the shipped models.

    It is found here: what becomes of a model afterwards happens while the server runs. Needs the
    fixture `fresh_caches`.
    """
    for name in ("sample", "mean"):
        shutil.copytree(catalogue.MODELS / name, folder / name)
    monkeypatch.setattr(catalogue, "MODELS", folder)
    catalogue.shipped_models.cache_clear()
    assert list(catalogue.shipped_models()) == ["sample", "mean"]
    return folder


def replace_mnist(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the page take another file for MNIST; `folder` gets what else is shipped.

    Needs the fixture `fresh_caches`.
    """
    (folder / "assets").mkdir()
    (folder / "assets" / "fashion.npz").symlink_to(ASSETS / "fashion.npz")
    monkeypatch.setattr(data_files, "ASSETS", folder / "assets")
    monkeypatch.setattr(data_files, "MNIST", path)
    monkeypatch.setattr(Dataset.__init__, "__defaults__", (path,))


def one_sentence(at: AppTest) -> str:
    """The one error box of the page."""
    assert not at.exception
    assert len(at.error) == 1
    sentence = at.error[0].value
    assert sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence
