"""The recorded runs of this server: read once, shared by all visitors, never changed."""

from ...errors import InputError
from ...memo import Memo
from ...models import recorded_run
from ...models.frames import shown_images
from ...models.recorded_run import RECORDED, RecordedRun
from ...models.settings import TrainingConfig
from ...models.test_images import TestImages

__all__ = ["load_recorded", "recorded_as", "recorded_name"]

_runs = Memo(len(RECORDED))


def load_recorded(name: str, test: TestImages) -> RecordedRun:
    """A recorded run by its name; read again when its file changes.

    Args:
        name: a key of `RECORDED`.
        test: the test images that it shows.

    Raises:
        InputError: it is missing, damaged, or of other images.
    """
    file = recorded_run.FOLDER / f"{name}.npz"
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        changed = 0  # to read it says what is wrong
    run: RecordedRun = _runs((name, changed), lambda: recorded_run.read(file))
    expected = len(shown_images(len(test.labels)))
    if len(run.frames[0].points) != expected:
        raise InputError(
            f"Recorded run {name}: expected {expected} test images, "
            f"received {len(run.frames[0].points)}"
        )
    return run


def recorded_name(config: TrainingConfig) -> str:
    """The recorded run of these settings, whatever their seed; empty where there is none."""
    return next(
        (name for name, recorded in RECORDED.items() if recorded_as(config, recorded)),
        "",
    )


def recorded_as(config: TrainingConfig, recorded: TrainingConfig) -> bool:
    """Whether two settings differ at most in their seed."""
    return {**config.to_json(), "seed": 0} == {**recorded.to_json(), "seed": 0}
