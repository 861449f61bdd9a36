"""A damaged model or data set gives a sentence in the page, and the rest goes on."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_core.models import catalogue, checkpoint
from vae_core.models.data import MNIST
from vae_core.models.settings import ModelConfig, preset

from .explore_page import complaints, copy_models, one_sentence, panel, replace_mnist, run_page
from .oracles import random_arrays, small_mnist
from .seldom import seldom

pytestmark = pytest.mark.usefixtures("fresh_caches")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model `sample` of a copy of the shipped models, there to be damaged."""
    return copy_models(tmp_path, monkeypatch) / "sample"


def cut(folder: Path, name: str, share: float) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(share * len(content))])


def replace(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)


def remove(folder: Path, name: str) -> None:
    (folder / name).unlink()


def edit(folder: Path, **fields: Any) -> None:
    record = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps(record | fields))


def exchange(folder: Path) -> None:
    shutil.copy(folder.parent / "mean" / "weights.npz", folder)


def make(folder: Path, config: ModelConfig, value: float | None = None) -> None:
    """A sound model of another shape, or one with a weight that is no number."""
    arrays = random_arrays(config)
    if value is not None:
        arrays["decoder/logits/bias"][3] = value
    _, metadata = checkpoint.load(folder)
    fields = {name: getattr(metadata, name) for name in metadata.__dataclass_fields__}
    del fields["weights_sha256"]
    checkpoint.save(folder, arrays, fields | {"training": preset("sample", model=config)})


DAMAGES: dict[str, Callable[[Path], None]] = {
    "weights truncated": partial(cut, name="weights.npz", share=0.7),
    "weights empty": partial(cut, name="weights.npz", share=0),
    "weights missing": partial(remove, name="weights.npz"),
    "weights of another model": exchange,
    "weights not finite": partial(make, config=ModelConfig(), value=np.nan),
    "metadata missing": partial(remove, name="metadata.json"),
    "metadata truncated": partial(cut, name="metadata.json", share=0.5),
    "metadata a list": partial(replace, name="metadata.json", content=b"[]"),
    "metadata an object": partial(replace, name="metadata.json", content=b"{}"),
    "metadata a huge number": partial(replace, name="metadata.json", content=b"9" * 5000),
    "metadata no text": partial(replace, name="metadata.json", content=b"\xff\x00"),
    "metadata of a wrong shape": partial(edit, training={"objective": "sample"}),
    "metadata of another network": partial(
        edit, training=preset("sample", model=ModelConfig(hidden=(32,))).to_json()
    ),
    "metadata of another head": partial(edit, head="tail"),
    "metadata of a later format": partial(edit, format=2),
    "trained on other data": partial(edit, data_sha256="0" * 64),
    "folder missing": shutil.rmtree,
    "three dimensions": partial(make, config=ModelConfig(latent_dim=3)),
    "small images": partial(make, config=ModelConfig(image_shape=(14, 14))),
}


OFTEN = ("weights truncated", "metadata truncated", "folder missing")


@pytest.mark.parametrize("damage", seldom(DAMAGES, OFTEN))
def test_a_damaged_model_gives_one_sentence(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    DAMAGES[damage](folder)
    at = run_page()
    assert "sample" in one_sentence(at)
    assert panel(at, "model") is None
    assert panel(at, "versus")["model"].startswith("mean-")
    # An order that would need the damaged model must not stop the visitor either.
    for order in ("stddev", "price", "index"):
        at.selectbox(key="order").set_value(order).run()
        one_sentence(at)
    at.button(key="next").click().run()
    assert f"image={at.session_state['image']}," in panel(at, "versus")["version"]
    at.selectbox(key="model").set_value("mean").run()
    assert not at.error
    assert not at.exception
    assert panel(at, "model")["model"].startswith("mean-")
    assert complaints(caplog) == []


@pytest.mark.parametrize("damage", seldom(DAMAGES, OFTEN))
def test_a_model_that_was_damaged_before_the_server_started(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    DAMAGES[damage](folder)
    catalogue.shipped_models.cache_clear()
    at = run_page(model="sample", versus="mean")
    if (folder / "metadata.json").exists():
        assert sorted(at.selectbox(key="model").options) == ["mean", "sample"]
        assert "sample" in one_sentence(at)
        assert panel(at, "model") is None
    else:  # no model at all
        assert list(at.selectbox(key="model").options) == ["mean"]
        assert not at.error
        assert not at.exception
        assert panel(at, "model")["model"].startswith("mean-")
    assert panel(at, "versus")["model"].startswith("mean-")
    assert complaints(caplog) == []


def test_a_model_without_readable_metadata_is_listed_last(folder: Path) -> None:
    replace(folder, "metadata.json", b"{}")
    catalogue.shipped_models.cache_clear()
    assert list(catalogue.shipped_models()) == ["mean", "sample"]


def test_a_repaired_model_is_read_again(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(folder, kept)
    cut(folder, "weights.npz", 0.5)
    at = run_page()
    one_sentence(at)
    shutil.copy(kept / "weights.npz", folder)
    at.run()
    assert not at.error
    assert panel(at, "model")["model"].startswith("sample-")


def mnist_with(path: Path, **arrays: np.ndarray) -> Path:
    """MNIST's test images with other arrays in the place of some."""
    with np.load(MNIST) as archive:
        np.savez(path, **{name: archive[name] for name in ("x_test", "y_test")} | arrays)
    return path


def text_file(path: Path) -> Path:
    path.write_text("x_test,y_test\n")
    return path


def half_file(path: Path) -> Path:
    path.write_bytes(MNIST.read_bytes()[: MNIST.stat().st_size // 2])
    return path


def other_arrays(path: Path) -> Path:
    np.savez(path, images=np.zeros((10, 28, 28), np.uint8))
    return path


WRONG_DATA: dict[str, Callable[[Path], Path]] = {
    "missing": lambda path: path,
    "text": text_file,
    "truncated": half_file,
    "other arrays": other_arrays,
    "real numbers": lambda path: mnist_with(path, x_test=np.ones((10_000, 28, 28)) + 0.5),
    "too few labels": lambda path: mnist_with(path, y_test=np.zeros(9_999, np.uint8)),
    "pickled objects": lambda path: mnist_with(path, x_test=np.array([{}], object)),
}


OTHER_DATA: dict[str, Callable[[Path], Path]] = {
    "fewer images": lambda path: small_mnist(MNIST, path, 10, 500),
    "small images": lambda path: mnist_with(path, x_test=np.zeros((10_000, 14, 14), np.uint8)),
    "fractions": lambda path: mnist_with(path, x_test=np.zeros((10_000, 28, 28), np.float32)),
}


@pytest.mark.parametrize("write", OTHER_DATA.values(), ids=OTHER_DATA)
def test_another_data_set_gives_one_sentence_for_each_model(
    write: Callable[[Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    replace_mnist(write(tmp_path / "other.npz"), tmp_path, monkeypatch)
    at = run_page()
    assert not at.exception
    assert len(at.error) == 2
    for name, box in zip(("sample", "mean"), at.error, strict=True):
        assert f"Model {name}" in box.value
        assert "\n" not in box.value
    assert panel(at, "model") is None
    assert complaints(caplog) == []


@pytest.mark.parametrize("write", WRONG_DATA.values(), ids=WRONG_DATA)
def test_models_of_other_images_go_on_without_mnist(
    write: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_mnist(write(tmp_path / "other.npz"), tmp_path, monkeypatch)
    at = run_page(model="fashion")
    assert not at.error
    assert not at.exception
    assert panel(at, "model")["xCaption"] == "x: Dress"
    assert at.selectbox(key="versus").options == ["fashion", "fashion-mean", "none"]


@pytest.mark.parametrize("write", WRONG_DATA.values(), ids=WRONG_DATA)
def test_a_wrong_data_set_gives_one_sentence(
    write: Callable[[Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = write(tmp_path / "other.npz")
    replace_mnist(path, tmp_path, monkeypatch)
    at = run_page()
    assert "other.npz" in one_sentence(at)
    assert panel(at, "model") is None
    assert complaints(caplog) == []
