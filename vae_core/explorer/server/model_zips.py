"""Models leave the server as zips and come back."""

import contextlib
import subprocess
import tempfile
import threading
from pathlib import Path

from ...child_process import child_environment, module_command
from ...errors import InputError
from ...inference.loaded_model import check_data
from ...models import archive, checkpoint
from ...models.archive import KERAS_FILE
from ...models.test_images import TestImages
from .shelf import server_shelf

__all__ = ["load_zip", "model_zip"]

EXPORT = (*module_command("vae_core"), "export")
EXPORT_SECONDS = 60
_EXPORTS = threading.Lock()  # one at a time: each loads TensorFlow


def model_zip(name: str) -> bytes:
    """A model of the shelf as a zip.

    A worker that was killed has left no `.keras` file: it is written now, in a child process.

    Raises:
        InputError: the model is not kept any more, or its file cannot be written.
    """
    folder = server_shelf().folder(name)
    if folder is None:
        raise InputError(f"Model {name} is not kept by this server any more; train it again")
    file = folder / KERAS_FILE
    with _EXPORTS:
        if not file.exists():
            # Whatever keeps the child from it, `pack` says that the file is missing.
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(
                    [*EXPORT, str(folder), str(file)],
                    env=child_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=EXPORT_SECONDS,
                    check=False,
                )
    return archive.pack(folder)


def load_zip(payload: bytes, test: TestImages) -> str:
    """Puts a model that came as a zip on the shelf; returns its name.

    Raises:
        InputError: the zip is not one of a model for these images; nothing is kept of it.
    """
    shelf = server_shelf()
    # First elsewhere: a file that is refused must not drive another model off the shelf.
    try:
        with tempfile.TemporaryDirectory(prefix="vae-upload-") as place:
            folder = Path(place) / "model"
            metadata = archive.unpack(payload, folder)
            check_data("in this zip", metadata, test)
            checkpoint.load(folder)
            name, target = shelf.add(metadata.training.objective)
            try:
                folder.rename(target)
            except OSError:
                shelf.remove(name)
                raise
    except OSError as error:
        raise InputError(f"No room for the model's files: {error.strerror}.") from error
    return name
