"""Hostile uploads: a sentence or a sound result, soon, and nothing of them stays behind.

`--log-cli-level=info` says what was measured.
"""

import gc
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from vae_core.errors import InputError
from vae_core.explorer.server import model_zips as carrying
from vae_core.explorer.server.image_files import digit_from_file
from vae_core.explorer.server.shelf import Shelf
from vae_core.explorer.visitor import own_models
from vae_core.models import archive, checkpoint
from vae_core.models import drawn_digit as drawing

from .explore_page import APP, complaints, mnist
from .hostile_uploads import Upload, pictures, zips
from .oracles import random_arrays
from .test_archive import FIELDS, MODEL, Parts, unzipped
from .test_image_files import assert_seven
from .visitors import memory

ALL = 300
MOST_SECONDS = 2.0  # of this process's own work
MOST_GROWTH = 16.0  # MiB
# All of them in the long run, one in ten in the short.
SHARES = [pytest.param(1, marks=pytest.mark.long), 10]
WARM = 30  # uploads, until what is loaded once has been loaded
KEPT = 2

LOG = logging.getLogger(__name__)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files go to."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def shelf(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A server's shelf that keeps two models."""
    shelf = Shelf(KEPT)
    monkeypatch.setattr(carrying, "server_shelf", lambda: shelf)
    monkeypatch.setattr(own_models, "server_shelf", lambda: shelf)
    return shelf


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """The files of a model that is accepted."""
    folder = tmp_path_factory.mktemp("models") / "model"
    fields = FIELDS | {"data_sha256": mnist().data_sha256}
    checkpoint.save(folder, random_arrays(MODEL), fields)
    (folder / archive.KERAS_FILE).write_bytes(b"of whatever kind")
    return unzipped(archive.pack(folder))


def hand_in(uploads: Iterable[Upload], take: Callable[[bytes], bool]) -> int:
    """Hands in each file and looks at the time and the memory; returns how many there were.

    Args:
        uploads: the files.
        take: true where the file was accepted; raises InputError where it was not.
    """
    count, before, longest = 0, 0.0, (0.0, "")
    for count, upload in enumerate(uploads, 1):
        start = time.process_time()
        try:
            accepted = take(upload.payload)
        except InputError as error:
            accepted = False
            assert_sentence(str(error))
        longest = max(longest, (time.process_time() - start, upload.name))
        assert longest[0] < MOST_SECONDS, upload.name
        assert upload.fate == "either" or accepted == (upload.fate == "read"), upload.name
        if count == WARM:
            before = resident()
    growth = resident() - before if count > WARM else 0.0
    LOG.info("%d uploads: %.2f s at most (%s), %+.1f MiB", count, *longest, growth)
    assert growth < MOST_GROWTH
    return count


def assert_sentence(text: str) -> None:
    assert 10 < len(text) < 300
    assert text.isprintable()  # one line, too
    for hostile in ("<", "script", "evil", "alert", tempfile.gettempdir()):
        assert hostile not in text


def resident() -> float:
    """This process's memory in MiB; nothing where there is no telling."""
    gc.collect()
    return memory(os.getpid()) if sys.platform == "linux" else 0.0


@pytest.fixture(scope="module")
def all_pictures() -> list[Upload]:
    return [*pictures(np.random.default_rng(3))]


@pytest.fixture(scope="module")
def all_zips(parts: Parts) -> list[Upload]:
    return [*zips(parts, np.random.default_rng(4))]


@pytest.mark.parametrize("share", SHARES)
def test_a_picture_is_a_digit_or_a_sentence(
    share: int,
    all_pictures: list[Upload],
    temporary: Path,
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    uploads = all_pictures[::share]

    def take(payload: bytes) -> bool:
        digit: NDArray[np.uint8] = digit_from_file(payload)
        assert drawing.unpack(drawing.pack(digit)) is not None
        assert digit.max() > 100
        return True

    assert hand_in(uploads, take) == len(uploads)
    for upload in uploads:
        if upload.fate == "read":
            assert_seven(digit_from_file(upload.payload), 8)  # upright, whatever the camera did
    assert os.listdir(temporary) == []
    assert complaints(caplog) == []
    assert not recwarn.list


@pytest.mark.parametrize("share", SHARES)
def test_a_zip_is_a_model_or_a_sentence(
    share: int,
    all_zips: list[Upload],
    all_pictures: list[Upload],
    shelf: Shelf,
    temporary: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def take(payload: bytes) -> bool:
        before = [*temporary.rglob("*")]
        try:
            name = carrying.load_zip(payload, mnist())
        except InputError:
            assert [*temporary.rglob("*")] == before
            raise
        folder = shelf.folder(name)
        assert folder is not None
        arrays, _ = checkpoint.load_arrays(folder)
        assert all(np.isfinite(array).all() for array in arrays.values())
        assert len(os.listdir(folder.parent)) <= KEPT
        assert os.listdir(temporary) == [folder.parent.name]
        return True

    assert hand_in(all_zips[::share], take) == len(all_zips[::share])
    assert len(all_zips) + len(all_pictures) >= ALL
    assert complaints(caplog) == []


def open_page(page: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    if page == "train":
        at.switch_page("vae_core/explorer/pages/train.py")
    at.session_state["drawing"] = True
    return at.run()


@pytest.mark.parametrize("files", [pytest.param(30, marks=pytest.mark.long), 6])
@pytest.mark.parametrize("page", ["explore", "train"])
def test_the_page_says_what_became_of_a_file(
    page: str,
    files: int,
    all_pictures: list[Upload],
    all_zips: list[Upload],
    shelf: Shelf,
    caplog: pytest.LogCaptureFixture,
) -> None:
    uploads = all_pictures if page == "explore" else all_zips
    suffix = "png" if page == "explore" else "zip"
    at = open_page(page)
    for upload in uploads[:: len(uploads) // files]:
        at.file_uploader[0].upload(f"<img src=x onerror=alert(1)>.{suffix}", upload.payload)
        start = time.process_time()
        at.run()
        assert time.process_time() - start < MOST_SECONDS, upload.name
        assert not at.exception, upload.name
        said = [error.value for error in at.error]
        if page == "train":
            said += [text.value for text in at.markdown if text.value.startswith(":red")]
        for text in said:
            assert_sentence(text)
        assert len(said) <= 1
        assert upload.fate == "either" or bool(said) == (upload.fate == "refused"), upload.name
        assert at.file_uploader[0].value is None  # the server holds the file no longer
    assert complaints(caplog) == []
