"""Training speed: python -m tests.benchmarks.train [--torch PYTHON]

Prints the time of an epoch at the blog's setting (batch 32, 64 hidden units) as a ratio to plain
Keras `fit` of the same model without XLA, and to a plain PyTorch loop; and the time to a test
-ELBO of 157 nats against the blog's setting. Each in processes of their own, taken in turns on
one machine; the first epoch of each, which compiles, is left out of the ratios.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vae_core.models.data import MNIST, Dataset, pixels
from vae_core.models.settings import TrainingConfig

ROUNDS = 5
EPOCHS = 4
BLOG = TrainingConfig(epochs=EPOCHS, batch_size=32, learning_rate=1e-3, schedule="constant")
GOAL = 157.0
ME = "tests.benchmarks.train"
TORCH_LOOP = Path(__file__).with_name("torch_loop.py")


def epochs_ours() -> None:
    """`train`, with its checkpoints and its test losses."""
    from vae_core.training.loop import train

    seconds = [0.0]
    with tempfile.TemporaryDirectory() as folder:
        train(BLOG, Dataset(), Path(folder) / "model", lambda p: seconds.append(p.seconds))
    print(*np.diff(seconds[1:]), sep="\n", flush=True)


def epochs_bare() -> None:
    """The same fit as `train`'s, without checkpoints and test losses, as plain `fit` has none."""
    import keras

    from vae_core.keras_model import VariationalAutoencoder
    from vae_core.training import loop as training

    images = Dataset().images("train")
    steps, per_call = training._steps(len(images) // BLOG.batch_size)
    model = VariationalAutoencoder(BLOG)
    model.build((None, 784))
    model.compile(
        keras.optimizers.Adam(BLOG.learning_rate), jit_compile=True, steps_per_execution=per_call
    )
    batches = training._batches(images, BLOG, steps, 0)
    model.fit(
        batches,
        epochs=EPOCHS,
        steps_per_epoch=steps,
        callbacks=[_clock()],
        shuffle=False,
        verbose=0,
    )


def epochs_plain() -> None:
    """What a reader of the blog writes: `fit` on an array, no XLA."""
    import keras

    from vae_core.keras_model import VariationalAutoencoder

    x = pixels(Dataset().images("train"))
    model = VariationalAutoencoder(BLOG)
    model.build((None, 784))
    model.compile(keras.optimizers.Adam(BLOG.learning_rate), jit_compile=False)
    model.fit(x, batch_size=BLOG.batch_size, epochs=EPOCHS, callbacks=[_clock()], verbose=0)


def _clock():  # type: ignore[no-untyped-def]
    """A Keras callback that prints the seconds of each epoch."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            print(time.perf_counter() - self.started, flush=True)

    return Clock()


def goal_ours() -> None:
    """The page's default run, from an empty process to the goal."""
    from vae_core.explorer.visitor.run_settings import DEFAULT

    _run_to_goal(DEFAULT)


def goal_blog() -> None:
    """The blog's setting as plain `fit` runs it, from an empty process to the goal."""
    import keras

    from vae_core.keras_model import VariationalAutoencoder

    x, test = pixels(Dataset().images("train")), pixels(Dataset().images("test"))
    model = VariationalAutoencoder(BLOG)
    model.build((None, 784))
    model.compile(keras.optimizers.Adam(BLOG.learning_rate), jit_compile=False)

    class Goal(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            if (logs or {})["val_loss"] <= GOAL:
                self.model.stop_training = True

    model.fit(
        x,
        batch_size=BLOG.batch_size,
        epochs=100,
        validation_data=(test, None),
        callbacks=[Goal()],
        verbose=0,
    )


def _run_to_goal(config: TrainingConfig) -> None:
    from vae_core.training.loop import Progress, train

    def stop(progress: Progress) -> None:
        if progress.values.get("test_loss", np.inf) <= GOAL:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder:
        try:
            train(config, Dataset(), Path(folder) / "model", stop)
        except KeyboardInterrupt:
            return
    raise RuntimeError(f"The run ended above {GOAL} nats")


WAYS = {one.__name__: one for one in (epochs_ours, epochs_bare, epochs_plain, goal_ours, goal_blog)}

KERAS_WAYS = {
    way: [sys.executable, "-m", ME, "--way", way]
    for way in ("epochs_bare", "epochs_plain", "epochs_ours")
}


def measure(command: list[str]) -> list[float]:
    """Seconds that a process prints, the first left out."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    output = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=environment
    ).stdout
    return [float(line) for line in output.split()][1:]


def wall(way: str) -> float:
    started = time.perf_counter()
    measure([sys.executable, "-m", ME, "--way", way])
    return time.perf_counter() - started


def medians(commands: Mapping[str, list[str]], rounds: int) -> dict[str, float]:
    """Seconds per epoch of each way, all ways in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            seconds[name] += measure(command)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def main() -> int:
    """Runs every measurement; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python that has PyTorch (default: this one)")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    if chosen.way:
        WAYS[chosen.way]()
        return 0
    commands = dict(KERAS_WAYS)
    torch = chosen.torch or sys.executable
    if subprocess.run([torch, "-c", "import torch"], capture_output=True, check=False).returncode:
        print(f"{torch} has no PyTorch: give another one with --torch", file=sys.stderr)
    else:
        commands["torch"] = [torch, str(TORCH_LOOP), str(MNIST), "32", str(EPOCHS)]
    found = medians(commands, chosen.rounds)
    for name, value in found.items():
        print(f"{name:14}{value:8.2f} s per epoch, median of {chosen.rounds * (EPOCHS - 1)}")
    for other in [name for name in ("epochs_plain", "torch") if name in found]:
        for name in ("epochs_bare", "epochs_ours"):
            print(f"{name} / {other:14}{found[name] / found[other]:8.2f}")
    ours, blog = wall("goal_ours"), wall("goal_blog")
    print(f"seconds to -ELBO {GOAL:.0f}: default run {ours:.0f}, blog's setting {blog:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
