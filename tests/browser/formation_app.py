"""A run that grows by a click, beside a recorded one: what `mount_formation` draws, untrained.

The address says how it begins: `frames=3`, `q=none` for a run without a q, `alone` for no other.
"""

import sys
from pathlib import Path

import numpy as np
import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # Streamlit puts this script's folder there

from vae_core.explorer.parts.formation import (  # noqa: E402
    Lane,
    Measures,
    Words,
    common_half,
    mount_formation,
)
from vae_core.models.frames import SAMPLES, Frame, Portrait  # noqa: E402

EPOCHS = 20
RECORDED = 12  # epochs of the other run
POINTS = 2000
LABELS = np.arange(POINTS) % 10
MARKED = list(range(10))
X = np.arange(784, dtype=np.uint8).reshape(28, 28)
EPSILON = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [0.5, 0.5], [-1.5, 0]])


def frame(epoch: int, has_q: bool = True, turn: float = 0.0) -> Frame:
    """A cloud in the middle; around it the marked points on a circle that turns and widens."""
    points = 0.4 * np.random.default_rng(epoch).standard_normal((POINTS, 2))
    angle = 2 * np.pi * np.arange(10) / 10 + 0.05 * epoch + turn
    radius = (2.4 + 0.02 * epoch) * (1 if has_q else 15)
    points[:10] = radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    stddev = np.tile([0.4, 0.25], (10, 1)) * (0.95**epoch if has_q else 0)
    mean, own = points[3], 0.05 * stddev[3]
    pictures = (np.arange(1 + SAMPLES)[:, None] * 30 + epoch + np.zeros(784)).astype(np.uint8)
    portrait = Portrait(
        np.concatenate([[mean], [own], mean + own * EPSILON]).astype(np.float32),
        pictures,
        (150.2 + epoch + np.arange(1 + SAMPLES)).astype(np.float32),
    )
    return Frame(epoch, points, stddev, portrait)


def measures(frames: int, price: float = 1.242) -> list[Measures]:
    return [
        {
            "loss_at_mean": 149.254 + i,
            "sampled_loss": 149.254 + price + i,
            "kl": 5.125,
            "stddev": 0.0625,
            "price_stderr": 0.034,
        }
        for i in range(frames)
    ]


def lane(run: str, frames: list[Frame], epochs: int, live: bool, price: float) -> Lane:
    kind = "yours" if run.startswith("run") else "recorded"
    return Lane(
        run,
        "Trained on samples" if kind == "yours" else "Trained on means",
        "on samples" if kind == "yours" else "on means",
        kind,
        epochs,
        live,
        frames,
        measures(len(frames), price),
        [160.0 - epoch for epoch in range(len(frames) - 1)],
        LABELS,
        MARKED,
    )


def main() -> None:
    st.set_page_config(layout="wide")
    state = st.session_state
    state.setdefault("frames", int(st.query_params.get("frames", "1")))
    state.setdefault("run", 0)
    if st.button("Next epoch"):
        state.frames += 1
    if st.button("Another run"):
        state.run += 1
        state.frames = 2
    st.button("Nothing new")
    if st.toggle("Hidden"):
        return
    has_q = st.query_params.get("q") != "none"
    own = lane(
        f"run-{state.run}",
        [frame(epoch, has_q) for epoch in range(state.frames)],
        EPOCHS,
        state.frames <= EPOCHS,
        1.242,
    )
    other = lane("other", [frame(e, turn=0.3) for e in range(RECORDED + 1)], RECORDED, False, 289.0)
    lanes = [own, None if "alone" in st.query_params else other]
    mount_formation(
        lanes,
        common_half([one.frames for one in lanes if one]),
        X,
        Words("test image 7, a 3", "A sample costs 1 nat of μ.", "They compare.", "A made-up run."),
    )


if __name__ == "__main__":
    main()
