"""Fashion-MNIST from the network, into the place where `keras.datasets` keeps it."""

from pathlib import Path

import keras

from ..errors import InputError
from ..models.data_files import IDX_FILES

__all__ = ["download"]

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
CACHE = "datasets/fashion-mnist"


def download() -> Path:
    """Folder of the four IDX files, which are fetched where they are not there yet.

    Raises:
        InputError: there is no way to the server.
    """
    try:
        files = [
            keras.utils.get_file(f"{name}.gz", origin=f"{URL}/{name}.gz", cache_subdir=CACHE)
            for name in IDX_FILES.values()
        ]
    except Exception as error:  # whatever stands between here and there
        raise InputError(
            "Fashion-MNIST cannot be downloaded; expected a connection, or --data with a folder of "
            f"its IDX files. Received: {' '.join(str(error).split()):.150}"
        ) from error
    return Path(files[0]).parent
