"""The server's models: names nobody guesses, the oldest make room, nothing outside is reached."""

import tempfile
from pathlib import Path

import pytest

from vae_core.explorer.server.shelf import Shelf


def fill(shelf: Shelf, count: int) -> list[str]:
    names = []
    for _ in range(count):
        name, folder = shelf.add("sample")
        folder.mkdir()
        (folder / "weights.npz").write_bytes(b"weights")
        names.append(name)
    return names


def kept(shelf: Shelf, names: list[str]) -> list[str]:
    return [name for name in names if shelf.folder(name) is not None]


def test_names_differ_and_say_the_objective() -> None:
    shelf = Shelf(1000)
    names = {shelf.add("blog")[0] for _ in range(300)}
    assert len(names) == 300
    assert all(len(name) == len("blog-") + 8 for name in names)
    assert all(name.startswith("blog-") for name in names)


def test_a_new_name_has_a_folder_yet_to_be_made() -> None:
    shelf = Shelf(3)
    name, folder = shelf.add("sample")
    assert folder == shelf.folder(name)
    assert not folder.exists()
    assert folder.parent.is_dir()


def test_the_oldest_goes_with_its_files() -> None:
    shelf = Shelf(3)
    names = fill(shelf, 3)
    oldest = shelf.folder(names[0])
    names += fill(shelf, 2)
    assert kept(shelf, names) == names[2:]
    assert not oldest.exists()
    assert all((shelf.folder(name) / "weights.npz").exists() for name in names[2:])


def test_a_model_in_use_stays() -> None:
    shelf = Shelf(2)
    names = fill(shelf, 2)
    shelf.in_use = lambda name: name == names[0]
    names += fill(shelf, 1)
    assert kept(shelf, names) == [names[0], names[2]]
    shelf.in_use = lambda name: True  # nobody can make room: more than `most` for a while
    names += fill(shelf, 2)
    assert len(kept(shelf, names)) == 4
    shelf.in_use = lambda name: False
    names += fill(shelf, 1)
    assert kept(shelf, names) == names[-2:]


def test_remove_forgets_a_model_and_its_files() -> None:
    shelf = Shelf(3)
    first, second = fill(shelf, 2)
    folder = shelf.folder(first)
    shelf.remove(first)
    shelf.remove(first)
    shelf.remove("../" + second)
    assert not folder.exists()
    assert kept(shelf, [first, second]) == [second]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "../x", "/etc", "sample", "x\x00y", "sample-00000000", "a" * 5000]
)
def test_other_names_have_no_folder(name: str) -> None:
    shelf = Shelf(3)
    assert shelf.folder(name) is None  # before there is a place for files, too
    (own,) = fill(shelf, 1)
    for hostile in (name, f"{own}/{name}", f"../{own}", f"{own}/", own.upper()):
        assert shelf.folder(hostile) is None
    shelf.remove(name)
    assert kept(shelf, [own]) == [own]


def test_no_place_for_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shelf = Shelf(3)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(OSError, match="absent"):
        shelf.add("sample")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert shelf.folder(shelf.add("sample")[0]) is not None


def test_the_files_go_with_the_shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shelf = Shelf(3)
    fill(shelf, 2)
    assert len([*tmp_path.iterdir()]) == 1
    shelf._root.cleanup()
    assert [*tmp_path.iterdir()] == []
