"""A run that grows by a click: what `mount_formation` draws, without a training.

The address says how it begins: `frames=3`, `q=none` for a run without a q.
"""

import sys
from pathlib import Path

import numpy as np
import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # Streamlit puts this script's folder there

from vae_core.explorer.parts.formation import Measures, mount_formation  # noqa: E402
from vae_core.models.frames import Frame  # noqa: E402

EPOCHS = 20
POINTS = 2000
LABELS = np.arange(POINTS) % 10
MARKED = list(range(10))


def frame(epoch: int, has_q: bool = True) -> Frame:
    """A cloud in the middle; around it the marked points on a circle that turns and widens."""
    points = 0.4 * np.random.default_rng(epoch).standard_normal((POINTS, 2))
    angle = 2 * np.pi * np.arange(10) / 10 + 0.05 * epoch
    radius = (2.4 + 0.02 * epoch) * (1 if has_q else 15)
    points[:10] = radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    stddev = np.tile([0.4, 0.25], (10, 1)) * (0.95**epoch if has_q else 0)
    return Frame(epoch, points, stddev)


def history(epochs: int) -> dict[str, list[float]]:
    """Losses after each epoch; the first of the training is far above the rest."""
    epoch = np.arange(1, epochs + 1)
    values = {
        "loss": 155.13 + 10 / epoch + 90 * (epoch == 1),
        "test_loss": 156.17 + 8 / epoch,
        "reconstruction_loss": 149.21 + 12 / epoch + 90 * (epoch == 1),
        "test_reconstruction_loss": 150.27 + 10 / epoch,
        "kl": 6.013 - 2 / epoch,
        "test_kl": 6.027 - 2.2 / epoch,
    }
    return {key: value.tolist() for key, value in values.items()}


def measures(frames: int) -> list[Measures]:
    return [
        {
            "loss_at_mean": 149.254 + i,
            "sampled_loss": 150.496 + i,
            "kl": 5.125,
            "stddev": 0.0625,
            "price_stderr": 0.034,
        }
        for i in range(frames)
    ]


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
    mount_formation(
        f"run-{state.run}",
        [frame(epoch, has_q) for epoch in range(state.frames)],
        LABELS,
        MARKED,
        epochs=EPOCHS,
        live=state.frames <= EPOCHS,
        history=history(max(0, state.frames - 1)),
        measures=measures(state.frames),
        note="A made-up run.",
    )


if __name__ == "__main__":
    main()
