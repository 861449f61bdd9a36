"""What a training run sends to the browser."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_core.explorer.parts.formation import (
    BLOCK,
    Lane,
    Words,
    common_half,
    formation_data,
    pack_block,
)
from vae_core.models.frames import SAMPLES, Frame, Portrait

POINTS = 501  # not a multiple of 4
LABELS = np.arange(POINTS) % 10
MARKED = [3, 77]

Array = NDArray[np.floating]


def frame(epoch: int, scale: float = 3.0) -> Frame:
    rng = np.random.default_rng(epoch)
    points = scale * rng.standard_normal((POINTS, 2))
    return Frame(epoch, points, rng.uniform(0.01, 1, (len(MARKED), 2)))


def unpack(block: bytes) -> tuple[dict[str, Any], NDArray[np.uint8], list[Array]]:
    """Header, labels and points of each frame, as the browser reads them."""
    length = int(np.frombuffer(block, "<u4", 1)[0])
    assert length % 4 == 0
    header = json.loads(block[4 : 4 + length])
    count = header["points"]
    start = 4 + length
    labels = np.frombuffer(block, np.uint8, count, start)
    start += count + -count % 4
    frames = len(header["frames"])
    whole = np.frombuffer(block, "<i2", 2 * count * frames, start).reshape(-1, count, 2)
    pictures = len(block) - start - 4 * count * frames
    assert pictures == frames * header["pixels"] * (1 + SAMPLES)
    points = [w * f["scale"] for w, f in zip(whole, header["frames"], strict=True)]
    return header, labels, points


def blocks(frames: Sequence[Frame]) -> list[bytes]:
    return [
        pack_block("run", first, frames[first : first + BLOCK], LABELS, MARKED)
        for first in range(0, len(frames), BLOCK)
    ]


def test_a_block_holds_the_frames_to_half_a_step() -> None:
    frames = [frame(epoch, scale) for epoch, scale in ((5, 1e-3), (6, 3.0), (7, 50.0))]
    header, labels, points = unpack(pack_block("a run", 16, frames, LABELS, MARKED))
    assert (header["run"], header["first"], header["marked"]) == ("a run", 16, MARKED)
    assert labels.tolist() == LABELS.tolist()
    for packed, expected, found in zip(header["frames"], frames, points, strict=True):
        assert packed["epoch"] == expected.epoch
        assert packed["stddev"] == expected.stddev.tolist()
        extreme = np.abs(expected.points)
        assert packed["half"] == max(3.3, 1.06 * np.quantile(extreme, 0.998))
        assert packed["scale"] == pytest.approx(np.abs(expected.points).max() / 32767)
        assert np.abs(found - expected.points).max() <= packed["scale"] * 0.5001


def test_points_that_are_no_numbers_leave_the_others_in_place() -> None:
    sound = frame(1)
    points, stddev = sound.points.copy(), sound.stddev.copy()
    points[:3] = [[np.nan, 1.0], [np.inf, 0.0], [-np.inf, -1.0]]
    stddev[0] = np.nan, np.inf
    header, _, found = unpack(pack_block("run", 0, [Frame(1, points, stddev)], LABELS, MARKED))
    packed = header["frames"][0]
    reach = np.abs(sound.points[3:]).max()
    assert np.abs(found[0][3:] - sound.points[3:]).max() <= packed["scale"] * 0.5001
    assert found[0][:3] == pytest.approx(np.array([[0, 1], [reach, 0], [-reach, -1]]), abs=1e-3)
    assert packed["stddev"] == [[0.0, stddev[1].max()], stddev[1].tolist()]


@pytest.mark.parametrize("value", [0.0, np.nan, -np.inf, 1e300])
def test_any_value_can_be_packed(value: float) -> None:
    points = np.full((POINTS, 2), value)
    _, _, found = unpack(pack_block("run", 0, [Frame(0, points, points[:2])], LABELS, MARKED))
    assert np.isfinite(found[0]).all()
    assert np.unique(found[0]).tolist() == pytest.approx([1e6 if value == 1e300 else 0])


def test_a_finished_block_never_changes() -> None:
    run = [frame(epoch) for epoch in range(2 * BLOCK + 3)]
    whole = blocks(run)
    assert len(whole) == 3
    for count in range(1, len(run)):
        grown = blocks(run[:count])
        finished = count // BLOCK
        assert grown[:finished] == whole[:finished]
        assert [unpack(block)[0]["first"] for block in grown] == list(range(0, count, BLOCK))


def test_without_marked_points_and_without_frames() -> None:
    none = np.zeros((0, 2))
    header, _, found = unpack(pack_block("run", 0, [Frame(0, frame(0).points, none)], LABELS, []))
    assert header["frames"][0]["stddev"] == header["marked"] == []
    assert len(found) == 1


def test_pictures_follow_the_points() -> None:
    frames = []
    for epoch in range(3):
        pictures = np.random.default_rng(epoch).integers(0, 256, (1 + SAMPLES, 784), np.uint8)
        losses = np.arange(1.0 + SAMPLES, dtype=np.float32)
        losses[2] = np.nan
        places = np.full((2 + SAMPLES, 2), epoch, np.float32)
        plain = frame(epoch)
        portrait = Portrait(places, pictures, losses)
        frames.append(Frame(epoch, plain.points, plain.stddev, portrait))
    block = pack_block("run", 0, frames, LABELS, MARKED)
    header, _, _ = unpack(block)
    assert (header["pixels"], header["width"]) == (784, 28)
    assert block.endswith(b"".join(one.portrait.pictures.tobytes() for one in frames))
    for epoch, packed in enumerate(header["frames"]):
        assert packed["portrait"]["places"] == [[epoch, epoch]] * (2 + SAMPLES)
        assert packed["portrait"]["losses"] == [0, 1, None, 3, 4, 5, 6]


def test_both_planes_have_one_scale_that_seldom_grows() -> None:
    small = [frame(epoch, 0.1) for epoch in range(4)]
    assert common_half([small]) == common_half([]) == 3.3
    run = [frame(epoch, 1 + 0.02 * epoch) for epoch in range(40)]
    scales = [common_half([small, run[: count + 1]]) for count in range(40)]
    assert scales == sorted(scales)
    assert len(set(scales)) <= 4
    for one, half in zip(run, scales, strict=True):
        reach = np.quantile(np.abs(one.points), 0.998)
        assert half >= 1.06 * reach
        assert half <= max(3.3, 1.4 * max(np.quantile(np.abs(f.points), 0.998) for f in run))
    assert common_half([small, run]) == common_half([run], least=2.0)
    assert common_half([[frame(0, np.inf)]]) <= 1e6


def lane(**changes: Any) -> Lane:
    settings: dict[str, Any] = {
        "run": "run",
        "title": "Trained on samples",
        "label": "yours",
        "kind": "yours",
        "epochs": 5,
        "live": True,
        "frames": [frame(0), frame(1), frame(2)],
        "measures": [None, {"kl": None, "stddev": np.nan}, {"kl": 2, "stddev": 0.5}],
        "objective": [np.float32(1.5), np.nan],
        "labels": LABELS,
        "marked": MARKED,
    }
    return Lane(**settings | changes)


def test_what_is_not_a_number_goes_as_null() -> None:
    x = np.array([[0, 255], [7, 8]], np.uint8)
    words = Words("test image 7", "Both cost.", "They compare.", "ok")
    data = json.loads(formation_data([lane(), None], 4.0, x, words))
    assert data == {
        "lanes": [
            {
                "run": "run",
                "title": "Trained on samples",
                "label": "yours",
                "kind": "yours",
                "epochs": 5,
                "frames": 3,
                "live": True,
                "objective": [1.5, None],
                "measures": [None, {"kl": None, "stddev": None}, {"kl": 2.0, "stddev": 0.5}],
            },
            None,
        ],
        "half": 4.0,
        "image": {"name": "test image 7", "width": 2, "picture": "AP8HCA=="},
        "pair": "Both cost.",
        "comparable": "They compare.",
        "note": "ok",
    }
