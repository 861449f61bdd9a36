"""The visitor's own digit: drawn on the pad, or read from a picture file."""

import streamlit as st

from ...errors import InputError
from ...experiments.choices import Choices
from ...models.drawn_digit import normalize, rasterize, unpack
from ..parts.pad import drawn, mount_pad, pad_data, pen_down
from ..parts.problems import show_problem
from ..server.image_files import MAX_BYTES, digit_from_file
from .session import take_digit

__all__ = ["is_open", "own_digit", "toggle"]

PAD = "pad"
OPEN = "drawing"  # of the session: whether the pad is shown
OWN = "own_drawing"  # of the session: the packed drawing that the pad's strokes made
ROUND = "digit_round"  # of the session: a new one forgets the file of the last
PROBLEM = "digit_problem"  # of the session: why a file was refused


def is_open() -> bool:
    """Whether the pad is shown; it is for a link with a drawing."""
    return bool(st.session_state.setdefault(OPEN, unpack(st.query_params.get("draw")) is not None))


def toggle() -> None:
    """Shows or hides the pad."""
    st.toggle("Draw", key=OPEN, help="Draw a digit of your own, or load a picture of one.")


def own_digit(choices: Choices) -> None:
    """Draws the pad and the place for a file."""
    own = choices.draw == st.session_state.get(OWN, "")
    mount_pad(PAD, pad_data(unpack(choices.draw), own), _take_strokes)
    key = f"digit-{st.session_state.setdefault(ROUND, 0)}"
    st.file_uploader(
        "Or a picture of a digit",
        ["png", "jpg", "jpeg"],
        key=key,
        on_change=_take_file,
        args=(key,),
        max_upload_size=MAX_BYTES // 2**20,
    )
    if problem := st.session_state.pop(PROBLEM, ""):
        show_problem(problem)
    st.caption(
        "Scaled to 20 pixels and centred by its mass, as the digits of MNIST were: the networks "
        "know no others."
    )


def _take_strokes() -> None:
    strokes = drawn(PAD)
    if strokes is None:
        return
    take_digit(normalize(rasterize(strokes)), done=not pen_down(PAD))
    st.session_state[OWN] = st.session_state.get("sketch") or st.session_state.draw


def _take_file(key: str) -> None:
    file = st.session_state.get(key)
    if file is None:
        return
    try:
        take_digit(digit_from_file(file.getvalue()))
    except InputError as error:
        st.session_state[PROBLEM] = str(error)
    st.session_state[ROUND] += 1  # the server need not hold the file any longer
