"""The experiments without a page: found by name, called with a folder, judged as the page does."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from vae_core import experiments
from vae_core.errors import InputError
from vae_core.experiments import Outcome
from vae_core.experiments.experiment import no_posterior
from vae_core.explorer.claims import all_claims
from vae_core.inference.loaded_model import LoadedModel, load_model
from vae_core.models.catalogue import MODELS

from .claim_inputs import pixels, plain
from .explore_page import APP, loaded
from .seldom import seldom

NAMES = ["expectation", "one_sample", "mean_objective", "point"]
NAMES += ["families_of_q", "prior", "recipe", "trained_on_means", "one_nat"]
NEEDS_Q = ("expectation", "one_sample")
SAMPLE = MODELS / "sample"


@cache
def outcome(name: str, image: int) -> Outcome:
    """What an experiment finds, given nothing but a folder and an index."""
    return getattr(experiments, name)(SAMPLE, image=image)


def page(number: int, image: int) -> AppTest:
    """The claim on its page, under the same model."""
    at = AppTest.from_file(APP, default_timeout=120)
    at.switch_page("vae_core/explorer/pages/argument.py")
    at.query_params["claim"], at.query_params["image"] = str(number), str(image)
    return at.run()


# --- which there are -----------------------------------------------------------------------------


def test_every_claim_has_its_experiment() -> None:
    found = experiments.all_experiments()
    assert list(found) == NAMES
    assert [one.name for one in found.values()] == NAMES
    assert [str(one.number) for one in found.values()] == list(all_claims())
    for name in NAMES:
        assert getattr(experiments, name) is found[name]
        assert found[name].needs_q == (name in NEEDS_Q)


def test_they_are_listed() -> None:
    assert set(dir(experiments)) >= {*NAMES, "load_model", "compute_view", "Choices"}
    assert all(hasattr(experiments, name) for name in dir(experiments))


@pytest.mark.parametrize("name", ["prise", "claim_1", "EXPERIMENT", "_run", "__wrapped__"])
def test_an_unknown_name_is_no_attribute(name: str) -> None:
    with pytest.raises(AttributeError, match=f"vae_core.experiments.*{name}"):
        getattr(experiments, name)


# --- what they find ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image", seldom([7, 1367], (7,)))
def test_the_verdict_is_that_of_the_page(name: str, image: int) -> None:
    found = outcome(name, image)
    at = page(getattr(experiments, name).number, image)
    assert not at.exception
    assert not at.error
    assert found.verdict
    assert any(found.verdict in plain(element.value) for element in at.markdown)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image", seldom([7, 1367], (7,)))
def test_the_numbers_are_finite(name: str, image: int) -> None:
    found = outcome(name, image)
    assert found.numbers
    assert found.results
    for key, value in found.numbers.items():
        assert key.isidentifier()
        assert type(value) is float, key
        assert math.isfinite(value), key


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_as_good_as_its_index(name: str) -> None:
    found = getattr(experiments, name)(loaded("sample"), pixels(7))
    by_index = outcome(name, 7)
    assert (found.verdict, found.numbers) == (by_index.verdict, by_index.numbers)


def test_pictures_and_indices_of_every_kind() -> None:
    x, numbers = pixels(7), outcome("expectation", 7).numbers
    for image in (x.reshape(28, 28), x.astype(np.float64), x.tolist(), np.int64(7)):
        assert experiments.expectation(loaded("sample"), image).numbers == numbers


def test_a_seed_changes_what_is_sampled_and_nothing_else() -> None:
    model = loaded("sample")
    for name in NEEDS_Q:
        one, other = (getattr(experiments, name)(model, 7, seed=seed) for seed in (0, 1))
        assert one.numbers != other.numbers
    one, other = (experiments.point(model, 7, seed=seed) for seed in (0, 1))
    assert one.numbers == other.numbers


def test_the_loaded_model_is_that_of_its_folder() -> None:
    model = load_model(SAMPLE)
    assert model.name == "sample"
    assert model.fingerprint == loaded("sample").fingerprint
    assert np.array_equal(model.mean, loaded("sample").mean)
    by_text = experiments.expectation(str(SAMPLE), 7)
    assert by_text.numbers == outcome("expectation", 7).numbers


# --- without a q, and on other images ------------------------------------------------------------


@pytest.mark.parametrize("name", NEEDS_Q)
def test_a_model_without_a_q_gives_its_sentence(name: str) -> None:
    model = loaded("autoencoder")
    found = getattr(experiments, name)(model, 7)
    assert found == Outcome(no_posterior(model), {})
    assert found.verdict.startswith("The autoencoder has no q: ")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NEEDS_Q])
def test_the_others_need_no_q(name: str) -> None:
    found = getattr(experiments, name)(loaded("autoencoder"), 7)
    assert all(math.isfinite(value) for value in found.numbers.values())
    assert found.verdict or name == "families_of_q"  # whose verdict is on the encoder's q


def test_another_data_set_has_its_own_images_and_lacks_models_to_compare_with() -> None:
    model = load_model(MODELS / "fashion")
    assert math.isfinite(experiments.expectation(model, 7).numbers["integral"])
    for name in ("mean_objective", "point", "prior", "recipe"):
        with pytest.raises(InputError, match="there is none for Fashion-MNIST"):
            getattr(experiments, name)(model, 7)


# --- what is refused -----------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an index below 0": ({"image": -1}, "`image`. Expected an index from 0 to 9999. Received: -1"),
    "an index too far": ({"image": 10_000}, "from 0 to 9999. Received: 10000"),
    "a yes": ({"image": True}, "`image`. Expected 784 numbers from 0 to 1. Received: ()"),
    "too few rows": ({"image": np.zeros((27, 28))}, "784 numbers from 0 to 1. Received: (27, 28)"),
    "two pictures": ({"image": np.zeros((2, 784))}, "784 numbers from 0 to 1. Received: (2, 784)"),
    "no pixels": ({"image": []}, "784 numbers from 0 to 1. Received: (0,)"),
    "grey levels": ({"image": np.full(784, 255)}, "784 numbers from 0 to 1. Received: (784,)"),
    "below black": ({"image": np.full(784, -0.1)}, "784 numbers from 0 to 1. Received: (784,)"),
    "no number": ({"image": np.full(784, np.nan)}, "784 numbers from 0 to 1. Received: (784,)"),
    "text": ({"image": "seven"}, "`image`. Expected 784 numbers from 0 to 1. Received: 'seven'"),
    "rows of other lengths": ({"image": [[0], [0, 1]]}, "784 numbers from 0 to 1. Received: [[0]"),
    "a seed below 0": ({"seed": -1}, "`seed`. Expected an integer from 0. Received: -1"),
    "half a seed": ({"seed": 1.5}, "`seed`. Expected an integer from 0. Received: 1.5"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", REFUSED)
def test_wrong_input_is_named_with_what_was_expected(name: str, case: str) -> None:
    arguments, message = REFUSED[case]
    with pytest.raises(InputError) as error:
        getattr(experiments, name)(loaded("sample"), **arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", ["missing", "empty", "file"])
def test_a_folder_without_a_model_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=rf"{place}.*metadata\.json") as error:
        experiments.expectation(tmp_path / place)
    assert "\n" not in str(error.value)


def test_wrong_input_is_refused_without_a_q_too() -> None:
    with pytest.raises(InputError, match="Received: -1"):
        experiments.expectation(loaded("autoencoder"), image=-1)


def test_the_last_index_is_that_of_the_models_images() -> None:
    model = loaded("sample")
    few = replace(model.test, images=model.test.images[:3], labels=model.test.labels[:3])
    smaller = LoadedModel("few", model.network, model.metadata, few)
    with pytest.raises(InputError, match=r"from 0 to 2\. Received: 3"):
        experiments.point(smaller, image=3)
    assert experiments.point(smaller, image=2).numbers == experiments.point(model, image=2).numbers
