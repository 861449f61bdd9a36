"""A drawn picture in the address: shown on Explore and The argument, handed to Train."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from vae_core.experiments.choices import Choices
from vae_core.experiments.subject import subject_of
from vae_core.models import drawn_digit as drawing

from .explore_page import APP, loaded, mnist, panel, run_page

DIGIT = drawing.pack(mnist().images[18])


def test_explore_shows_the_drawing_of_its_address() -> None:
    shown = panel(run_page(draw=DIGIT), "model")
    assert shown is not None
    assert shown["xCaption"] == "x: drawn"
    x = drawing.unpack(DIGIT)
    assert x is not None
    mean, _ = loaded("sample").network.encode(x.reshape(1, -1) / np.float32(255))
    assert shown["scene"]["mean"] == pytest.approx(mean[0].tolist(), abs=1e-6)
    assert shown["scene"]["selection"] == {"draw": DIGIT}


def test_a_test_image_and_a_point_replace_the_drawing() -> None:
    at = run_page(draw=DIGIT)
    at.button(key="next").click().run()
    assert at.session_state.draw == ""
    at = run_page(draw=DIGIT)
    at.text_input(key="z").set_value("0.5,-1").run()
    shown = panel(at, "model")
    assert shown is not None
    assert shown["xCaption"] == "x: decoded at z by this model"


@pytest.mark.parametrize("text", ["x", "<script>", DIGIT[:-1], DIGIT + "A", "A" * 8000, "\u0000ü"])
def test_another_text_shows_the_test_image(text: str) -> None:
    shown = panel(run_page(draw=text, image="7"), "model")
    assert shown is not None
    assert shown["xCaption"] == "x: a 9"


def test_the_argument_is_about_the_drawing() -> None:
    at = AppTest.from_file(APP, default_timeout=120)
    at.switch_page("vae_core/explorer/pages/argument.py")
    at.query_params["draw"] = DIGIT
    at.query_params["claim"] = "3"
    at.run()
    assert not at.exception
    assert any("Experiment on your drawing" in caption.value for caption in at.caption)
    x = drawing.unpack(DIGIT)
    assert x is not None
    subject = subject_of(loaded("sample"), Choices(image=7, draw=DIGIT))
    assert np.array_equal(np.rint(subject.x * 255).astype(np.uint8), x.reshape(-1))
