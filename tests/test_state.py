"""What comes from an address or a browser is checked before it is used."""

from types import SimpleNamespace
from typing import Any

import pytest

from vae_core.explorer.visitor import session as state


@pytest.mark.parametrize(
    ("text", "z"),
    [("0.30,-1.20", (0.3, -1.2)), (" 1 , 2 ", (1.0, 2.0)), ("-50,5e1", (-50.0, 50.0))],
)
def test_parse_z_reads_two_coordinates(text: str, z: tuple[float, float]) -> None:
    assert state.parse_z(text) == z


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1,", ",", "1,2,3", "1;2", "a,b", "nan,0", "0,inf", "1e309,1", "50.1,0"),
        *("<script>", None, 3, ["1", "2"], ("1", "2")),
    ],
)
def test_parse_z_refuses_the_rest(text: object) -> None:
    assert state.parse_z(text) is None


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A session that shows image 7."""
    session = SimpleNamespace(model="sample", image=7, z="", seed=0)
    monkeypatch.setattr(state.st, "session_state", session)
    return session


def pick(monkeypatch: pytest.MonkeyPatch, choice: object) -> None:
    """A pick as it arrives from the browser."""
    monkeypatch.setattr(state, "picked", lambda key: choice)
    state.handle_pick("panel-model")


@pytest.mark.parametrize("image", [0, 42, 9999])
def test_a_picked_image_replaces_image_and_z(
    monkeypatch: pytest.MonkeyPatch, session: SimpleNamespace, image: int
) -> None:
    session.z = "1,1"
    pick(monkeypatch, {"image": image})
    assert (session.image, session.z) == (image, "")


def test_a_picked_z_keeps_the_image(
    monkeypatch: pytest.MonkeyPatch, session: SimpleNamespace
) -> None:
    pick(monkeypatch, {"z": [0.30004, -2]})
    assert session.image == 7
    assert state.parse_z(session.z) == pytest.approx((0.30004, -2), abs=5e-4)


@pytest.mark.parametrize(
    "choice",
    [
        *(None, 7, "7", [7], {}, {"other": 1}),
        *({"image": image} for image in (-1, 10_000, 7.0, "8", True, None, [8], 10**400)),
        *({"z": z} for z in (1, "1,2", [], [1], [1, 2, 3], ["1", "2"], [True, False], [None, 1])),
        *({"z": [value, 0]} for value in (float("nan"), float("inf"), 50.1, -1e308, 10**400)),
    ],
)
def test_any_other_pick_is_ignored(
    monkeypatch: pytest.MonkeyPatch, session: SimpleNamespace, choice: Any
) -> None:
    before = vars(session).copy()
    pick(monkeypatch, choice)
    assert vars(session) == before


def test_resample_changes_the_seed_and_stays_in_its_range(session: SimpleNamespace) -> None:
    state.resample()
    assert session.seed == 1
    session.seed = 2**31 - 1  # the largest that the page's number input takes
    state.resample()
    assert session.seed == 0
