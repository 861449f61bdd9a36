"""Other images than MNIST's: Fashion-MNIST, and models that whoever runs the server brings."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from vae_core.explorer.server import library
from vae_core.explorer.server.library import VARIABLE, brought_models
from vae_core.models import checkpoint
from vae_core.models.catalogue import FoundModel
from vae_core.models.data import MNIST, Dataset
from vae_core.models.data_files import IMAGES, save_test_images
from vae_core.models.drawn_digit import pack
from vae_core.models.settings import ModelConfig, TrainingConfig

from .explore_page import APP, FASHION_NAMES, MODEL_NAMES, complaints, panel, run_page
from .oracles import random_arrays

CLASSES = ("circle", "square", "star")
SHAPE = (16, 20)
IMAGES_OF_OWN = 30


pytestmark = pytest.mark.usefixtures("fresh_caches")  # the environment counts from the start


def save_model(folder: Path, objective: str, data_sha256: str, shape: tuple[int, int]) -> None:
    config = ModelConfig(image_shape=shape, hidden=(8,))
    fields = {
        "training": TrainingConfig(objective=objective, epochs=1, model=config),
        "epochs_done": 1,
        "head": "log_var",
        "data_sha256": data_sha256,
        "versions": {},
        "history": {},
        "test": {"negative_log_evidence": 100.0},
    }
    checkpoint.save(folder, random_arrays(config, seed=len(objective)), fields)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two models of the same small images, and one of MNIST."""
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (IMAGES_OF_OWN, *SHAPE), np.uint8)
    labels = np.arange(IMAGES_OF_OWN) % 3
    arrays = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    np.savez(tmp_path / "shapes.npz", **arrays, class_names=np.array(CLASSES))
    dataset = Dataset(tmp_path / "shapes.npz")
    folder = tmp_path / "models"
    for name, objective in (("a", "sample"), ("b", "mean")):
        save_model(folder / name, objective, dataset.sha256(), SHAPE)
        save_test_images(dataset, folder / name / IMAGES)
    save_model(folder / "digits", "sample", Dataset(MNIST).sha256(), (28, 28))
    monkeypatch.setenv(VARIABLE, str(folder))
    library._brought.cache_clear()  # a thread of the last test may have asked meanwhile
    return folder


def options(at: AppTest, key: str) -> list[str]:
    return list(at.selectbox(key=key).options)


def shown(at: AppTest) -> tuple[str, str]:
    """Both panels' models."""
    assert not at.exception
    assert not at.error
    found = [panel(at, key)["model"].rpartition("-")[0] for key in ("model", "versus")]
    return found[0], found[1]


def open_argument(**query: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    at.switch_page("vae_core/explorer/pages/argument.py")  # registered by this file's name
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


# --- Fashion-MNIST -------------------------------------------------------------------------------


def test_fashion_is_shown_beside_fashion(caplog: pytest.LogCaptureFixture) -> None:
    at = run_page(model="fashion")
    assert shown(at) == FASHION_NAMES
    assert options(at, "versus") == [*FASHION_NAMES, "none"]
    assert panel(at, "model")["xCaption"] == "x: Dress"
    at.selectbox(key="digit").set_value("Bag").run()
    assert panel(at, "model")["xCaption"] == "x: Bag"
    at.button(key="next").click().run()
    assert panel(at, "model")["xCaption"] == "x: Bag"
    at.selectbox(key="model").set_value("large").run()
    assert shown(at) == ("large", "mean")
    assert at.selectbox(key="digit").value == "any"
    assert options(at, "versus") == [*MODEL_NAMES, "none"]
    at.selectbox(key="model").set_value("fashion-mean").run()
    assert shown(at) == ("fashion-mean", "fashion-mean")
    assert complaints(caplog) == []


@pytest.mark.parametrize("versus", ["mean", "none", "fashion", "nonsense"])
def test_an_address_with_models_of_different_images(versus: str) -> None:
    at = run_page(model="fashion", versus=versus)
    assert not at.error
    assert panel(at, "model")["model"].startswith("fashion-")
    expected = versus if versus in ("none", "fashion") else "fashion-mean"
    assert at.selectbox(key="versus").value == expected


def test_a_drawing_under_fashion() -> None:
    x = np.zeros((28, 28), np.uint8)
    x[8:20, 12:16] = 255
    at = run_page(model="fashion", draw=pack(x))
    assert shown(at) == FASHION_NAMES
    assert panel(at, "model")["xCaption"] == "x: drawn"


@pytest.mark.parametrize("claim", [*"123456789"])
def test_the_argument_on_fashion(claim: str) -> None:
    at = open_argument(claim=claim, model="fashion")
    assert not at.exception
    assert not at.error
    # No autoencoder, quadrature or blog of Fashion-MNIST is shipped.
    assert bool(at.info) == (claim in ("3", "4", "6", "7"))
    for box in at.info:
        assert "there is none for Fashion-MNIST" in box.value
    assert any("Dress" in one.value for one in at.caption)


# --- VAE_MODELS ----------------------------------------------------------------------------------


def test_models_of_the_host_come_first(own_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    at = run_page()
    assert shown(at) == ("a", "b")
    names = ["a", "b", "digits", *MODEL_NAMES, *FASHION_NAMES]
    assert options(at, "model") == names
    assert options(at, "versus") == ["a", "b", "none"]
    assert at.number_input(key="image").max == IMAGES_OF_OWN - 1
    assert panel(at, "model")["xCaption"] == "x: circle"
    at.selectbox(key="digit").set_value("star").run()
    assert panel(at, "versus")["xCaption"] == "x: star"
    for key in ("next", "random", "previous"):
        at.button(key=key).click().run()
        assert shown(at) == ("a", "b")
    at.selectbox(key="order").set_value("price").run()
    assert not at.exception
    assert all(one.key != "drawing" for one in at.toggle)  # a drawing has other pixels
    at.selectbox(key="model").set_value("digits").run()
    assert shown(at)[0] == "digits"
    assert options(at, "versus") == ["digits", *MODEL_NAMES, "none"]
    at.number_input(key="image").set_value(9000).run()
    at.selectbox(key="model").set_value("b").run()
    assert shown(at) == ("b", "a")
    assert at.number_input(key="image").value == 0
    assert complaints(caplog) == []


@pytest.mark.parametrize("layer", ["none", "tiles", "posterior", "gap", "aggregate"])
def test_layers_of_other_images(own_folder: Path, layer: str) -> None:
    at = run_page(model="a", image="29", layer=layer, k="3")
    assert shown(at) == ("a", "b")
    assert panel(at, "model")["xCaption"] == "x: star"


@pytest.mark.parametrize("claim", [*"123456789"])
def test_the_argument_on_other_images(own_folder: Path, claim: str) -> None:
    at = open_argument(claim=claim)
    assert not at.exception
    assert not at.error


def test_a_drawing_of_other_pixels_is_left_alone(own_folder: Path) -> None:
    x = np.zeros((28, 28), np.uint8)
    x[8:20, 12:16] = 255
    at = run_page(model="a", draw=pack(x))
    assert shown(at) == ("a", "b")
    assert panel(at, "model")["xCaption"] == "x: circle"


def test_images_without_classes(own_folder: Path) -> None:
    for name in ("a", "b"):
        path = own_folder / name / IMAGES
        with np.load(path) as archive:
            kept = {key: archive[key] for key in ("x_test", "name", "data_sha256")}
        np.savez(path, **kept)
    at = run_page()
    assert shown(at) == ("a", "b")
    assert panel(at, "model")["xCaption"] == "x"
    assert options(at, "digit") == ["any"]


def test_a_model_whose_images_are_gone(own_folder: Path) -> None:
    (own_folder / "a" / IMAGES).unlink()
    at = run_page()
    assert shown(at) == ("a", "b")  # those beside the other model are the same
    for memo in (library._models, library._images):
        memo.clear()
    (own_folder / "b" / IMAGES).unlink()
    at = run_page()
    assert not at.exception
    assert "images.npz" in at.error[0].value
    at.selectbox(key="model").set_value("sample").run()
    assert not at.error


@pytest.mark.parametrize("place", ["absent", "empty"])
def test_a_folder_without_models(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / place))
    library._brought.cache_clear()
    at = run_page()
    assert not at.exception
    assert len(at.error) == 1
    assert f"{VARIABLE}: " in at.error[0].value
    assert str(tmp_path) not in at.error[0].value  # a visitor is not told where folders lie
    assert f"{VARIABLE}={tmp_path / place}: " in library.brought_problem()


def test_names_of_folders_are_checked(own_folder: Path) -> None:
    for name in ("<b>x", "-rf", "x" * 41):
        (own_folder / "a").rename(own_folder / name)
        library._brought.cache_clear()
        assert list(brought_models()) == ["b", "digits"]
        (own_folder / name).rename(own_folder / "a")


def test_metadata_is_read_again_when_it_changes(own_folder: Path) -> None:
    model = FoundModel(own_folder / "a")
    before = model.data_sha256()
    save_model(own_folder / "a", "sample", "7" * 64, SHAPE)
    assert model.data_sha256() == "7" * 64 != before
    assert library.data_key("a") == "7" * 64
