"""Which models are shipped is what their metadata say: no list names them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from vae_core.errors import InputError
from vae_core.models import catalogue, checkpoint
from vae_core.models.catalogue import FoundModel, counterpart, find_models, shipped_models
from vae_core.models.data import ASSETS, MNIST, Dataset
from vae_core.models.data_files import IMAGES, save_test_images
from vae_core.models.settings import PRESETS, ModelConfig, TrainingConfig

from .explore_page import FASHION_NAMES, MODEL_NAMES, panel, replace_mnist, run_page
from .oracles import random_arrays

pytestmark = pytest.mark.usefixtures("fresh_caches")

FASHION = ASSETS / "fashion.npz"
SMALL = {"hidden": (2,)}  # quick to write


def save_model(folder: Path, data_sha256: str, model: ModelConfig, **settings: object) -> None:
    fields = {
        "training": TrainingConfig(model=model, epochs=1, **settings),
        "epochs_done": 1,
        "head": "log_var",
        "data_sha256": data_sha256,
        "versions": {},
        "history": {},
        "test": {"negative_log_evidence": 100.0},
    }
    checkpoint.save(folder, random_arrays(model), fields)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped models and another one."""
    folder = tmp_path / "models"
    shutil.copytree(catalogue.MODELS, folder)
    digits = Dataset().sha256()
    save_model(folder / "a-fourth", digits, ModelConfig(), objective="mean", seed=4)
    monkeypatch.setattr(catalogue, "MODELS", folder)
    shipped_models.cache_clear()
    return folder


def test_the_shipped_models_and_their_order() -> None:
    found = shipped_models()
    assert list(found) == [*MODEL_NAMES, *FASHION_NAMES]
    for name, model in found.items():
        assert model.name == name
        assert model.folder == catalogue.MODELS / name
        assert model.dataset() == Dataset(FASHION if name in FASHION_NAMES else MNIST)
        assert model.data_sha256() == model.dataset().sha256()
        assert model.metadata() == checkpoint.load_metadata(model.folder)


def test_a_new_folder_is_a_new_model(folder: Path) -> None:
    names = list(shipped_models())
    assert sorted(names) == sorted([*MODEL_NAMES, *FASHION_NAMES, "a-fourth"])
    # Trained as `mean`, it stands beside it.
    assert names[names.index("mean") - 1] == "a-fourth"
    at = run_page(model="a-fourth")
    assert not at.exception
    assert not at.error
    assert list(at.selectbox(key="model").options) == names
    assert panel(at, "model")["model"].startswith("a-fourth-")


def test_a_folder_that_is_gone_is_no_model(folder: Path) -> None:
    shutil.rmtree(folder / "a-fourth")
    (folder / "large" / "metadata.json").unlink()
    (folder / "notes.txt").touch()
    expected = [name for name in (*MODEL_NAMES, *FASHION_NAMES) if name != "large"]
    assert list(shipped_models()) == expected


def test_models_stand_in_the_order_of_images_size_objective_and_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits, fashion = Dataset(MNIST).sha256(), Dataset(FASHION).sha256()
    usual, small = ModelConfig(), ModelConfig(**SMALL)
    models = tmp_path / "models"
    for name, data, model, settings in (
        ("k", digits, usual, {}),
        ("j", digits, usual, {"samples": 3}),
        ("i", digits, usual, {"objective": "quadrature"}),
        ("h", digits, usual, {"objective": "blog"}),
        ("f", digits, small, {}),
        ("g", digits, small, {}),  # the same but for its name
        ("e", digits, small, {"objective": "mean"}),
        ("d", fashion, usual, {}),
        ("c", fashion, usual, {"objective": "autoencoder"}),
        ("b", "7" * 64, usual, {}),
    ):
        save_model(models / name, data, model, **settings)
    (models / "a").mkdir()
    (models / "a" / "metadata.json").write_text("{}")
    own = Dataset(tmp_path / "own.npz")
    arrays = dict.fromkeys(("x_train", "x_test"), np.zeros((3, 28, 28), np.uint8))
    np.savez(own.path, **arrays)
    save_model(models / "own", own.sha256(), usual)
    save_test_images(own, models / "own" / IMAGES)
    monkeypatch.setattr(catalogue, "MODELS", models)
    shipped_models.cache_clear()
    # Without its images, `b` counts as MNIST's; `own` has images that are not shipped; of `a`
    # nothing can be said.
    assert list(shipped_models()) == [*"bkjihfge", *"dc", "own", "a"]


@pytest.mark.parametrize("damage", ["missing", "text", "another"])
def test_the_order_does_not_depend_on_the_file_of_mnist(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "other.npz"
    if damage == "text":
        path.write_text("x_test,y_test\n")
    elif damage == "another":
        np.savez(path, x_test=np.zeros((3, 28, 28), np.uint8))
    replace_mnist(path, tmp_path, monkeypatch)
    assert list(shipped_models()) == [*MODEL_NAMES, *FASHION_NAMES]


def test_models_of_a_folder_are_sorted_by_name_and_know_each_other(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        save_model(tmp_path / name, "7" * 64, ModelConfig(**SMALL))
    (tmp_path / "no model").mkdir()
    found = find_models(tmp_path)
    assert list(found) == ["a", "b", "c"]
    assert {model.others for model in found.values()} == {(*(tmp_path / n for n in "abc"),)}
    assert find_models(tmp_path / "no model") == {}


def test_a_model_finds_its_images_beside_another_one(tmp_path: Path) -> None:
    own = Dataset(tmp_path / "own.npz")
    np.savez(own.path, **dict.fromkeys(("x_train", "x_test"), np.ones((3, 4, 5), np.uint8)))
    for name in ("a", "b"):
        model = ModelConfig(image_shape=(4, 5), **SMALL)
        save_model(tmp_path / name, own.sha256(), model)
    with pytest.raises(InputError, match="to be shipped"):
        find_models(tmp_path)["a"].dataset()
    save_test_images(own, tmp_path / "b" / IMAGES)
    assert find_models(tmp_path)["a"].dataset() == Dataset(tmp_path / "b" / IMAGES)


# --- counterparts --------------------------------------------------------------------------------


def test_the_counterpart_is_the_first_that_was_trained_alike(tmp_path: Path) -> None:
    model = ModelConfig(**SMALL)
    settings = {
        "a": {"objective": "mean"},
        "b": {"samples": 10},
        "c": {"seed": 5, "beta": 2.0},  # differs, but decodes one sample as well
        "d": {},
    }
    for name, changes in settings.items():
        save_model(tmp_path / name, "7" * 64, model, **changes)
    save_model(tmp_path / "other images", "8" * 64, model, objective="quadrature")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "metadata.json").write_text("{}")
    models = [FoundModel(tmp_path / name) for name in ("damaged", "missing", "other images")]
    models += [FoundModel(tmp_path / name) for name in settings]

    def wanted(name: str) -> checkpoint.Metadata:
        return shipped_models()[name].metadata()

    assert counterpart(wanted("sample"), "7" * 64, models) == "c"
    assert counterpart(wanted("sample-10"), "7" * 64, models) == "b"
    assert counterpart(wanted("mean"), "7" * 64, models) == "a"
    assert counterpart(wanted("quadrature"), "7" * 64, models) is None  # of other images
    assert counterpart(wanted("quadrature"), "8" * 64, models) == "other images"
    assert counterpart(wanted("sample"), "9" * 64, models) is None
    assert counterpart(wanted("sample"), "7" * 64, []) is None


@pytest.mark.parametrize("name", PRESETS)
def test_a_shipped_model_is_its_own_counterpart_but_for_the_large_one(name: str) -> None:
    found = shipped_models()
    metadata = found[name].metadata()
    expected = "sample" if name == "large" else name
    assert counterpart(metadata, metadata.data_sha256, found.values()) == expected
