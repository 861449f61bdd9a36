"""The tour: five links, each a sentence that is true of the view it stands over."""

import pytest
from streamlit.testing.v1 import AppTest

from vae_core.errors import InputError
from vae_core.explorer.parts.texts import tour
from vae_core.explorer.visitor import tour as visitor_tour
from vae_core.maths.bernoulli import sigmoid

from .explore_page import loaded, mnist, panel, run_page, stage

STEPS = range(1, 6)


def said(at: AppTest) -> str:
    """The sentence of the tour."""
    found = [one.value for one in at.markdown if " of 5.** " in one.value]
    return found[0] if found else ""


@pytest.mark.parametrize("step", STEPS)
def test_a_link_opens_a_step_and_lights_up_its_symbol(step: int) -> None:
    at = run_page(tour=str(step))
    assert not at.exception
    assert said(at).startswith(f"**{step} of 5.** ")
    assert "{" not in said(at)
    assert stage(at)["pointed"] == tour()[step - 1].symbol


@pytest.mark.parametrize("text", ["0", "6", "x", "", "1.5", "-1", "<b>"])
def test_any_other_step_is_none(text: str) -> None:
    at = run_page(tour=text)
    assert not at.exception
    assert said(at) == ""
    assert stage(at)["pointed"] == ""


def test_it_goes_forth_and_back_and_ends() -> None:
    at = run_page()
    at.button(key="tour-start").click().run()
    for step in STEPS:
        assert at.query_params["tour"] in (str(step), [str(step)])
        if step < 5:
            at.button(key="tour-next").click().run()
    at.button(key="tour-back").click().run()
    assert said(at).startswith("**4 of 5.** ")
    at.button(key="tour-end").click().run()
    assert said(at) == ""
    assert "tour" not in at.query_params


def test_another_view_is_not_spoken_of() -> None:
    at = run_page(tour="2", image="8")
    assert "about another view" in said(at)
    assert stage(at)["pointed"] == ""
    at.button(key="tour-return").click().run()
    assert said(at).startswith("**2 of 5.** In training")
    assert at.session_state.image == 1367


def test_its_sentences_are_true() -> None:
    at = run_page(tour="5")
    first, second = panel(at, "model"), panel(at, "versus")
    price, other = first["sum"][1]["value"], second["sum"][1]["value"]
    assert f"price of {price} nats" in said(run_page(tour="2"))
    assert f", {other} nats dearer" in said(at)
    assert float(second["sum"][0]["value"]) > float(first["sum"][0]["value"])  # "above"
    assert f"σ = {second['sigma']}" in said(run_page(tour="4"))
    # "each is still a 3": of the test images most like each picture, most are 3s; "arbitrary
    # digits": below they are of five classes at least.
    labels = {"model": set(), "versus": set()}
    for key, name in (("model", "sample"), ("versus", "mean")):
        for z in panel(at, key)["scene"]["samples"]:
            picture = sigmoid(loaded(name).network.decode([z]))[0]
            distance = ((mnist().pixels() - picture) ** 2).sum(axis=1)
            nearest = mnist().labels[distance.argsort()[:9]]
            labels[key].add(int(max(set(nearest), key=list(nearest).count)))
    assert labels["model"] == {3}
    assert len(labels["versus"]) >= 5


def test_without_its_text_there_is_no_tour(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise InputError("Text tour.md: expected a readable file")

    monkeypatch.setattr(visitor_tour, "tour", missing)
    at = run_page(tour="2")
    assert not at.exception
    assert not [one for one in at.button if one.key == "tour-start"]
    assert panel(at, "model") is not None
