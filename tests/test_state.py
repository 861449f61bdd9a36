"""What comes from an address or a browser is checked before it is used."""

from types import SimpleNamespace
from typing import Any

import pytest

from vae_core.experiments.choices import parse_z
from vae_core.explorer.visitor import session as state


@pytest.mark.parametrize(
    ("text", "z"),
    [("0.30,-1.20", (0.3, -1.2)), (" 1 , 2 ", (1.0, 2.0)), ("-50,5e1", (-50.0, 50.0))],
)
def test_parse_z_reads_two_coordinates(text: str, z: tuple[float, float]) -> None:
    assert parse_z(text) == z


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1,", ",", "1,2,3", "1;2", "a,b", "nan,0", "0,inf", "1e309,1", "50.1,0"),
        *("<script>", None, 3, ["1", "2"], ("1", "2")),
    ],
)
def test_parse_z_refuses_the_rest(text: object) -> None:
    assert parse_z(text) is None


class Session(SimpleNamespace):
    """What the page keeps for one visitor."""

    def get(self, key: str) -> Any:
        return vars(self).get(key)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session that shows image 7."""
    session = Session(model="sample", image=7, z="", by="", seed=0, scale=1.0)
    monkeypatch.setattr(state.st, "session_state", session)
    return session


def pick(session: Session, choice: object) -> None:
    """A pick as it arrives from the browser."""
    vars(session)["stage"] = SimpleNamespace(pick=choice)
    state.handle_pick("stage")
    del vars(session)["stage"]


@pytest.mark.parametrize("image", [0, 42, 9999])
def test_a_picked_image_replaces_image_and_z(session: Session, image: int) -> None:
    session.z = "1,1"
    pick(session, {"image": image})
    assert (session.image, session.z) == (image, "")


def test_a_picked_z_keeps_the_image(session: Session) -> None:
    pick(session, {"z": [0.30004, -2]})
    assert session.image == 7
    assert parse_z(session.z) == pytest.approx((0.30004, -2), abs=5e-4)


@pytest.mark.parametrize(
    "choice",
    [
        *(None, 7, "7", [7], {}, {"other": 1}),
        *({"image": image} for image in (-1, 10_000, 7.0, "8", True, None, [8], 10**400)),
        *({"z": z} for z in (1, "1,2", [], [1], [1, 2, 3], ["1", "2"], [True, False], [None, 1])),
        *({"z": [value, 0]} for value in (float("nan"), float("inf"), 50.1, -1e308, 10**400)),
    ],
)
def test_any_other_pick_is_ignored(session: Session, choice: Any) -> None:
    before = vars(session).copy()
    pick(session, choice)
    assert vars(session) == before


@pytest.mark.parametrize("lane", ["model", "versus"])
def test_a_picked_z_says_which_lane_decodes_it(session: Session, lane: str) -> None:
    pick(session, {"z": [1, 2], "by": lane})
    assert session.by == lane
    pick(session, {"z": [1, 2], "by": "<script>"})
    assert session.by == ""
    pick(session, {"z": [1, 2], "by": lane})
    pick(session, {"image": 3})
    assert session.by == ""


def change(session: Session, choice: object) -> None:
    """Noise and seed as they arrive from the browser."""
    vars(session)["stage"] = SimpleNamespace(noise=choice)
    state.handle_noise("stage")
    del vars(session)["stage"]


def test_noise_and_seed_are_taken_over(session: Session) -> None:
    change(session, {"scale": 2.5, "seed": 3})
    assert (session.scale, session.seed) == (2.5, 3)
    change(session, {"scale": 0, "seed": 2**31 - 1})
    assert (session.scale, session.seed) == (0.0, 2**31 - 1)


@pytest.mark.parametrize(
    "choice",
    [
        *(None, 7, "7", [7], {}, {"other": 1}),
        *({"scale": scale} for scale in (-0.1, 3.1, "1", None, True, [1], float("nan"), 1e400)),
        *({"seed": seed} for seed in (-1, 2**31, "1", None, True, [1], float("nan"), 10**400)),
    ],
)
def test_any_other_noise_is_ignored(session: Session, choice: Any) -> None:
    before = vars(session).copy()
    change(session, choice)
    assert vars(session) == before


def test_a_panel_that_is_gone_picks_nothing(session: Session) -> None:
    before = vars(session).copy()
    state.handle_pick("stage")
    assert vars(session) == before


def test_resample_changes_the_seed_and_stays_in_its_range(session: Session) -> None:
    state.resample()
    assert session.seed == 1
    session.seed = 2**31 - 1  # the largest that the page's number input takes
    state.resample()
    assert session.seed == 0
