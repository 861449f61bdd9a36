"""Training runs: `train(config)` fits the Keras model, reports progress, survives interruption."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow loads: errors only
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..errors import InputError
from ..keras_model import VariationalAutoencoder
from ..models import checkpoint
from ..models.data import Dataset
from ..models.settings import TrainingConfig

__all__ = ["Progress", "export", "train"]

RESUME = "resume.npz"
RECORD = ("config", "data_sha256", "epochs_done", "history")  # of its JSON part
TEST_BATCH = 500
STEPS_PER_CALL = 75


@dataclass(frozen=True)
class Progress:
    """Where a run stands after an epoch, and before its first step."""

    epoch: int  # complete ones
    epochs: int
    seconds: float  # since the run, or its continuation, began
    values: dict[str, float]  # losses of the epoch, in nats; empty before the first step
    arrays: dict[str, NDArray[np.float32]] = field(repr=False)  # named as in weights.npz


Listener = Callable[[Progress], None]
StepListener = Callable[[int, int], None]


def train(
    config: TrainingConfig,
    dataset: Dataset,
    folder: Path,
    on_progress: Listener | None = None,
    on_step: StepListener | None = None,
) -> VariationalAutoencoder:
    """Trains a model into a folder; continues there if an equal run was interrupted.

    After each epoch the folder holds a usable model, and beside it `resume.npz`, the state of
    the optimizer and of the random numbers, until the run is complete. Equal settings and data
    on the same machine give equal weights, interrupted or not.

    Args:
        config: the settings.
        dataset: its training images are fitted, its test images give the test losses.
        folder: where `weights.npz` and `metadata.json` go.
        on_progress: called before the first step and after each epoch.
        on_step: called with the steps done in this epoch and their number, every few dozen.
            An exception from either ends the run; the complete epochs are kept.

    Returns:
        The trained model.

    Raises:
        InputError: the images do not fit the network, or the folder holds another run.
    """
    images, test_images = dataset.images("train"), dataset.images("test")
    for received in (images.shape[1:], test_images.shape[1:]):
        if received != config.model.image_shape:
            raise InputError(
                f"Data set {dataset.path}: expected images of {config.model.image_shape} pixels, "
                f"received {received}"
            )
    steps, per_call = _steps(len(images) // config.batch_size)
    if not steps:
        raise InputError(
            f"Invalid value received for `batch_size`. Expected at most {len(images)}, the number "
            f"of training images. Received: batch_size={config.batch_size}"
        )
    model = VariationalAutoencoder(config)
    model.build((None, config.model.pixels))
    rate: Any = config.learning_rate
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, config.epochs * steps)
    # XLA and many steps per call: a batch of 32 is too little work to go back to Python for.
    model.compile(keras.optimizers.Adam(rate), jit_compile=True, steps_per_execution=per_call)
    model.optimizer.build(model.trainable_variables)
    saver = _Saver(config, dataset, folder, steps, on_progress, on_step)
    first_epoch = saver.resume(model)
    batches = _batches(images, config, steps, first_epoch)
    del images  # TensorFlow has its own copy, and a small machine little room
    model.fit(
        batches,
        initial_epoch=first_epoch,
        epochs=config.epochs,
        steps_per_epoch=steps,
        validation_data=_test_batches(test_images),
        callbacks=[saver],
        shuffle=False,  # the batches are shuffled already
        verbose=0,
    )
    return model


def _steps(batches: int) -> tuple[int, int]:
    """Steps of an epoch, and how many of them run in one call.

    A call of another size would be compiled a second time, so the number of steps is a multiple;
    up to one in a hundred batches is left out for it, others in each epoch (937 is a prime).
    """
    for steps in range(batches, batches - batches // 100 - 1, -1):
        per_call = _divisor(steps, STEPS_PER_CALL)
        if per_call > STEPS_PER_CALL // 3:
            return steps, per_call
    return batches, _divisor(batches, STEPS_PER_CALL)


def _divisor(count: int, at_most: int) -> int:
    """Largest divisor of a count up to a limit; 0 for none."""
    return max((n for n in range(1, min(count, at_most) + 1) if count % n == 0), default=0)


def _batches(
    images: NDArray[np.uint8], config: TrainingConfig, steps: int, first_epoch: int
) -> tf.data.Dataset:
    """Batches of all epochs from `first_epoch` on, in an order that seed and epoch decide."""
    flat = tf.constant(images.reshape(len(images), -1))  # grey levels stay one byte
    count, size = len(images), config.batch_size

    def shuffled(epoch: Any) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(count), seed=tf.stack([tf.constant(config.seed, tf.int64), epoch])
        )
        # The images of no whole batch are left out; others in each epoch.
        return tf.data.Dataset.from_tensor_slices(tf.reshape(order[: steps * size], (-1, size)))

    return (
        tf.data.Dataset.range(first_epoch, config.epochs)
        .flat_map(shuffled)
        .map(lambda chosen: tf.cast(tf.gather(flat, chosen), tf.float32) / 255.0)
        .prefetch(16)
    )


def _test_batches(images: NDArray[np.uint8]) -> tf.data.Dataset:
    size = _divisor(len(images), TEST_BATCH)
    flat = tf.constant(images.reshape(len(images), -1))
    return (
        tf.data.Dataset.from_tensor_slices(flat)
        .batch(size)
        .map(lambda x: tf.cast(x, tf.float32) / 255.0)
        .prefetch(4)
    )


class _Saver(keras.callbacks.Callback):
    """Saves each complete epoch, tells the listener, and finds an interrupted run again."""

    def __init__(
        self,
        config: TrainingConfig,
        dataset: Dataset,
        folder: Path,
        steps: int,
        on_progress: Listener | None,
        on_step: StepListener | None,
    ) -> None:
        super().__init__()
        self.run_config = config
        self.folder = folder
        self.steps = steps
        self.on_progress = on_progress
        self.on_step = on_step
        self.epoch = 0  # complete ones
        self.history: dict[str, list[float]] = {}
        self.data_sha256 = dataset.sha256()
        self.versions = {m.__name__: m.__version__ for m in (keras, tf, np)}
        self.started = 0.0

    def _state(self, model: VariationalAutoencoder) -> list[Any]:
        """All that the next step depends on: weights, Adam's moments, the state of ε."""
        return [*model.variables, *model.optimizer.variables]

    def resume(self, model: VariationalAutoencoder) -> int:
        """Restores an interrupted run; returns the number of epochs it had completed."""
        path = self.folder / RESUME
        if not path.exists():
            return 0
        arrays, state = checkpoint.read_arrays(path), self._state(model)
        if set(arrays) != {"record", *(f"state_{i}" for i in range(len(state)))}:
            raise InputError(f"{path} is not the state of a run; delete it to start anew")
        try:
            record = json.loads(bytes(arrays["record"]).decode())
            record = {key: record[key] for key in RECORD}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is not the state of a run; delete it to start anew"
            ) from error
        if record["config"] != json.loads(json.dumps(self.run_config.to_json())):
            raise InputError(
                f"{self.folder} holds an interrupted run with other settings: expected the same "
                f"ones, or another --out; the settings there are {record['config']}"
            )
        if record["data_sha256"] != self.data_sha256:
            raise InputError(f"{self.folder} holds an interrupted run on another data set")
        for i, variable in enumerate(state):
            variable.assign(arrays[f"state_{i}"])
        self.history = record["history"]
        self.epoch = record["epochs_done"]
        return self.epoch

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.started = time.monotonic()
        self._tell({})

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._check(logs or {})  # at once: an epoch of a large network takes a while
        if self.on_step:
            self.on_step(batch + 1, self.steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {
            name.replace("val_", "test_"): float(value) for name, value in (logs or {}).items()
        }
        self._check(values)
        for name, value in values.items():
            self.history.setdefault(name, []).append(round(value, 4))
        self.epoch = epoch + 1
        self._save()
        self._tell(values)

    def _check(self, values: dict[str, float]) -> None:
        if not np.isfinite([float(value) for value in values.values()]).all():
            raise InputError(
                f"The loss is not finite in epoch {self.epoch + 1}; a learning rate below "
                f"{self.run_config.learning_rate:g} may help"
            )

    def _tell(self, values: dict[str, float]) -> None:
        if self.on_progress:
            seconds = time.monotonic() - self.started
            self.on_progress(
                Progress(self.epoch, self.run_config.epochs, seconds, values, self.model.arrays())
            )

    def _save(self) -> None:
        config, model, epochs_done = self.run_config, self.model, self.epoch
        if epochs_done < config.epochs:
            record = {
                "config": config.to_json(),
                "data_sha256": self.data_sha256,
                "epochs_done": epochs_done,
                "history": self.history,
            }
            state = {f"state_{i}": np.asarray(v) for i, v in enumerate(self._state(model))}
            state["record"] = np.frombuffer(json.dumps(record).encode(), np.uint8)
            checkpoint.write_atomically(
                self.folder / RESUME, lambda file: np.savez(file, allow_pickle=False, **state)
            )
        checkpoint.save(
            self.folder,
            model.arrays(),
            {
                "training": config,
                "epochs_done": epochs_done,
                "head": config.trained_for.head,
                "data_sha256": self.data_sha256,
                "versions": self.versions,
                "history": self.history,
                "test": {},
            },
        )
        if epochs_done == config.epochs:
            (self.folder / RESUME).unlink(missing_ok=True)


def export(folder: Path, file: Path) -> None:
    """Writes a trained model as a `.keras` file, whole or not at all.

    Raises:
        InputError: the model cannot be loaded, or `file` does not end in `.keras`.
    """
    if file.suffix != ".keras":
        raise InputError(
            f"Invalid export file. Expected a name that ends in .keras. Received: {file}"
        )
    checkpoint.load(folder)  # for its checks
    arrays, metadata = checkpoint.load_arrays(folder)
    model = VariationalAutoencoder(metadata.training)
    model.build((None, metadata.training.model.pixels))
    model.assign(arrays)
    partial = file.with_name(f".partial-{file.name}")
    try:
        model.save(partial)
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
