"""Child processes run the modules that the server would import, wherever it was started."""

import subprocess
from pathlib import Path

import pytest

from vae_core.child_process import child_environment, module_command


def test_the_folder_of_the_start_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoys = tmp_path / "vae_core" / "__main__.py", tmp_path / "numpy.py"
    decoys[0].parent.mkdir()
    for decoy in decoys:
        decoy.write_text("raise SystemExit('a decoy')")
    monkeypatch.chdir(tmp_path)
    process = subprocess.run(
        [*module_command("vae_core"), "evaluate", "absent"],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.stderr == "vae_core: Model absent: metadata.json is missing\n"
