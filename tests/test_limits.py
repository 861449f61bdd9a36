"""What a server allows: read from the environment, checked on every run; the memory it has."""

from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from vae_core.errors import InputError
from vae_core.explorer.server.limits import MIB, Limits, free_memory
from vae_core.models.settings import ModelConfig, TrainingConfig

CONFIG = TrainingConfig(epochs=20)
NAMES = [one.name for one in fields(Limits)]
HOSTILE = ["", " ", "x", "-1", "+5", "1.5", "1e3", " 5", "5\n", "1_000", "٣", "²", "0x10", "9" * 10,
           "9" * 5000, "nan", "inf", "None", "5;rm", "\x00"]  # fmt: skip


def variable(name: str) -> str:
    return f"VAE_TRAIN_{name.upper()}"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Limits.from_environment({}) == Limits()
    assert Limits.from_environment({"VAE_TRAIN_": "x", "VAE_TRAIN_RUN": "x"}) == Limits()
    # A small machine: one run, and none that takes all night.
    assert (Limits().runs, Limits().seconds, Limits().free_mib) == (1, 600, 1500)


def test_each_limit_has_its_variable() -> None:
    wanted = {name: 7 + i for i, name in enumerate(NAMES)}
    environment = {variable(name): str(value) for name, value in wanted.items()}
    assert asdict(Limits.from_environment(environment)) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_hostile_values_are_refused_by_name(name: str) -> None:
    for text in HOSTILE:
        with pytest.raises(InputError, match=f"`{variable(name)}`.*Received") as error:
            Limits.from_environment({variable(name): text})
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 250


@pytest.mark.parametrize("name", NAMES)
def test_only_what_may_be_none_may_be_zero(name: str) -> None:
    environment = {variable(name): "0"}
    if name in ("waiting", "free_mib"):
        assert getattr(Limits.from_environment(environment), name) == 0
    else:
        with pytest.raises(InputError, match=r"Expected an integer from 1 on.*='0'"):
            Limits.from_environment(environment)


@pytest.mark.parametrize(
    ("config", "most", "received"),
    [
        (replace(CONFIG, epochs=101), "100 epochs", 101),
        (replace(CONFIG, model=ModelConfig(hidden=(8, 257))), "256 units of a hidden layer", 257),
        (replace(CONFIG, model=ModelConfig(hidden=(8,) * 4)), "3 hidden layers", 4),
        (replace(CONFIG, samples=11), "10 samples per image", 11),
        (replace(CONFIG, objective="blog", samples=12), "10 samples per image", 12),
    ],
)
def test_says_which_limit_a_run_exceeds(config: TrainingConfig, most: str, received: int) -> None:
    with pytest.raises(InputError, match=f"at most {most}; received {received}"):
        Limits().check(config)


def test_runs_at_the_limits_are_allowed() -> None:
    Limits().check(replace(CONFIG, epochs=100, samples=10, model=ModelConfig(hidden=(256,) * 3)))
    for objective in ("quadrature", "mean", "autoencoder"):  # they draw no samples
        Limits().check(replace(CONFIG, objective=objective, samples=1000))


def test_free_memory_is_that_of_the_machine(tmp_path: Path) -> None:
    root = write(tmp_path, {"proc/meminfo": "MemTotal: 9999999 kB\nMemAvailable:  2048 kB\n"})
    assert free_memory(root) == 2


GROUPS = [
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        *("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
        *("memory/memory.stat", "total_inactive_file"),
    ),
]


@pytest.mark.parametrize("group", GROUPS, ids=["version 2", "version 1"])
@pytest.mark.parametrize(
    ("most", "expected"), [("max\n", 2048), (f"{500 * MIB}\n", 400), (f"{9000 * MIB}\n", 2048)]
)
def test_free_memory_is_no_more_than_the_control_group_has(
    tmp_path: Path, group: tuple[str, str, str, str], most: str, expected: float
) -> None:
    limit, use, details, cached = group
    files = {
        "proc/meminfo": f"MemAvailable: {2048 * 1024} kB\n",
        f"sys/fs/cgroup/{limit}": most,
        f"sys/fs/cgroup/{use}": f"{130 * MIB}\n",
        f"sys/fs/cgroup/{details}": f"anon {5 * MIB}\n{cached} {30 * MIB}\nfile 7\n",
    }
    assert free_memory(write(tmp_path, files)) == expected


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/meminfo": ""},
        {"proc/meminfo": "MemAvailable: much kB\n"},
        {"sys/fs/cgroup/memory.max": "1000"},
    ],
    ids=str,
)
def test_free_memory_is_unlimited_where_nothing_is_known(
    tmp_path: Path, files: dict[str, str]
) -> None:
    assert free_memory(write(tmp_path, files)) == float("inf")


def test_free_memory_of_this_machine_is_a_number_of_mib() -> None:
    assert 1 < free_memory() < 2**30 or free_memory() == float("inf")
