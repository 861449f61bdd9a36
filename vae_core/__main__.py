"""Command line: python -m vae_core train | evaluate | export | measure | record."""

import argparse
import contextlib
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from .errors import InputError
from .experiments.gradient_record import Row
from .models import checkpoint, data_files, recorded_run
from .models.data import ASSETS, Dataset, pixels
from .models.data_files import IMAGES, data_of, is_shipped, save_test_images
from .models.objectives import OBJECTIVES
from .models.settings import PRESETS, SCHEDULES, ModelConfig, TrainingConfig, preset
from .training import gradient_noise
from .training.progress import ProgressPrinter

__all__ = ["main"]

MEASURED = ASSETS / "models" / "sample"
EXPERIMENTS = ASSETS / "experiments"
DATA = "mnist"
DATA_HELP = "mnist, fashion, an .npz file, or a folder of IDX files"
TRAINING_FLAGS = [f.name for f in fields(TrainingConfig) if f.name != "model"]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def _layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(units) for units in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected units separated by commas, such as 512,512; received {text!r}"
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m vae_core", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    train = commands.add_parser("train", help="train a model on a data set")
    train.add_argument(
        "--preset", default="sample", help=f"{', '.join(PRESETS)}, or all (default: sample)"
    )
    train.add_argument("--out", type=Path, required=True, help="folder of the model")
    train.add_argument("--data", default=DATA, help=f"{DATA_HELP} (default: {DATA})")
    train.add_argument("--overwrite", action="store_true", help="replace a finished model")
    settings = train.add_argument_group("settings that replace the preset's")
    settings.add_argument("--objective", help=", ".join(OBJECTIVES))
    settings.add_argument("--samples", type=int, help="draws of z per image")
    settings.add_argument("--quadrature-order", type=int, help="nodes per dimension")
    settings.add_argument("--beta", type=float, help="weight of the KL")
    settings.add_argument("--hidden", type=_layers, help="units of the layers, such as 512,512")
    settings.add_argument("--epochs", type=int)
    settings.add_argument("--batch-size", type=int)
    settings.add_argument("--learning-rate", type=float)
    settings.add_argument("--schedule", help=", ".join(SCHEDULES))
    settings.add_argument("--seed", type=int)

    evaluate = commands.add_parser("evaluate", help="test metrics of a model, in nats")
    evaluate.add_argument("model", type=Path, help="folder of the model")
    evaluate.add_argument("--data", help=f"{DATA_HELP} (default: the model's)")
    evaluate.add_argument("--json", action="store_true", help="print a JSON object")

    export = commands.add_parser("export", help="write a model as a .keras file")
    export.add_argument("model", type=Path, help="folder of the model")
    export.add_argument("file", type=Path, help="a name that ends in .keras")

    measure = commands.add_parser(
        "measure", help="noise of the training gradient by batch size and samples per image"
    )
    measure.add_argument(
        "--model", type=Path, default=MEASURED, help="folder of the model (default: sample)"
    )
    measure.add_argument("--data", default=DATA, help=f"{DATA_HELP} (default: {DATA})")
    measure.add_argument("--seed", type=int, default=0, help="of the batches and of ε (default: 0)")
    measure.add_argument(
        "--out",
        type=Path,
        default=EXPERIMENTS,
        help="folder of gradients.json (default: assets/experiments)",
    )

    record = commands.add_parser("record", help="record the runs that the page Train ships")
    record.add_argument(
        "--run",
        default="all",
        help=f"{', '.join(recorded_run.RECORDED)}, or all (default: all)",
    )
    record.add_argument("--data", default=DATA, help=f"{DATA_HELP} (default: {DATA})")
    record.add_argument("--epochs", type=int, help="in place of the page's own number")
    record.add_argument("--seed", type=int, help="in place of the page's own seed")
    record.add_argument(
        "--out",
        type=Path,
        default=recorded_run.FOLDER,
        help="folder of the recorded runs (default: assets/runs)",
    )
    return parser


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps to itself what TensorFlow's C++ says on standard error while it loads."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _open_data(text: str) -> Dataset:
    """The data set that `--data` names; `fashion` is downloaded once."""
    if text != "fashion":
        return data_files.open_data(text)
    with _quiet():
        from .training.fashion import download

    return data_files.IdxFolder(download())


def _train(arguments: argparse.Namespace) -> None:
    changes = {name: getattr(arguments, name) for name in TRAINING_FLAGS}
    changes = {name: value for name, value in changes.items() if value is not None}
    names = list(PRESETS) if arguments.preset == "all" else [arguments.preset]
    dataset = _open_data(arguments.data)
    shape = dataset.images("test").shape[1:]
    for name in names:
        hidden = arguments.hidden or preset(name).model.hidden
        config = preset(name, **changes, model=ModelConfig(image_shape=shape, hidden=hidden))
        folder = arguments.out / name if arguments.preset == "all" else arguments.out
        if (
            arguments.preset == "all"
            and not arguments.overwrite
            and _finished(folder, config, dataset)
        ):
            print(f"{folder}: finished already")
            continue
        _train_one(name, config, dataset, folder, arguments.overwrite)


def _finished(folder: Path, config: TrainingConfig, dataset: Dataset) -> bool:
    if not (folder / "metadata.json").exists():
        return False
    metadata = checkpoint.load_metadata(folder)
    return metadata.complete and bool(metadata.test) and _is_run(metadata, config, dataset)


def _is_run(metadata: checkpoint.Metadata, config: TrainingConfig, dataset: Dataset) -> bool:
    return metadata.training == config and metadata.data_sha256 == dataset.sha256()


def _train_one(
    name: str, config: TrainingConfig, dataset: Dataset, folder: Path, overwrite: bool
) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"Invalid --out. Expected a folder. Received: {folder}")
    if (folder / "metadata.json").exists() and not overwrite:
        metadata = checkpoint.load_metadata(folder)
        if metadata.complete and (metadata.test or not _is_run(metadata, config, dataset)):
            raise InputError(
                f"{folder} holds a finished model; expected another --out, or --overwrite"
            )
        if metadata.complete:  # interrupted after its training
            _record_metrics(folder, dataset)
            return
    with _quiet():  # TensorFlow: only now, so that wrong input is answered at once
        from .training.loop import train

    printer = ProgressPrinter(name, sys.stdout)
    try:
        train(config, dataset, folder, printer)
    except KeyboardInterrupt:
        printer.close()
        print(
            f"Interrupted. {folder} keeps the last complete epoch; the same command continues.",
            file=sys.stderr,
        )
        raise
    finally:
        if (folder / "metadata.json").exists() and not is_shipped(dataset):
            save_test_images(dataset, folder / IMAGES)  # for the explorer
    printer.close()
    _record_metrics(folder, dataset)


def _record_metrics(folder: Path, dataset: Dataset) -> None:
    metadata = checkpoint.load_metadata(folder)
    metrics = _metrics(folder, dataset)
    checkpoint.save_metadata(folder, replace(metadata, test=metrics))
    print(f"{folder}: test -ELBO {_number(metrics['negative_elbo'])} nats")


def _metrics(folder: Path, dataset: Dataset | None) -> dict[str, float | None]:
    from .inference.evaluation import evaluate

    network, metadata = checkpoint.load(folder)
    dataset = dataset or data_of(metadata.data_sha256, folder)
    if metadata.training.model.latent_dim != 2:
        raise InputError(
            f"Model {folder}: expected 2 latent dimensions, which can be integrated; received "
            f"{metadata.training.model.latent_dim}"
        )
    images = dataset.images("test")
    if images.shape[1:] != metadata.training.model.image_shape:
        raise InputError(
            f"Data set {dataset.path}: expected images of {metadata.training.model.image_shape} "
            f"pixels, received {images.shape[1:]}"
        )
    return evaluate(network, pixels(images)).metrics()


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _evaluate(arguments: argparse.Namespace) -> None:
    data = arguments.data
    metrics = _metrics(arguments.model, _open_data(data) if data is not None else None)
    if arguments.json:
        print(json.dumps(metrics, indent=1))
        return
    for key, value in metrics.items():
        print(f"{key:32}{'none' if value is None else format(value, '.4f'):>12}")


def _export(arguments: argparse.Namespace) -> None:
    with _quiet():
        from .training.loop import export

    export(arguments.model, arguments.file)
    print(f"{arguments.file} written")


def _measure(arguments: argparse.Namespace) -> None:
    if arguments.out.exists() and not arguments.out.is_dir():
        raise InputError(f"Invalid --out. Expected a folder. Received: {arguments.out}")
    if arguments.seed < 0:
        raise InputError(
            "Invalid value received for `seed`. Expected an integer from 0. "
            f"Received: seed={arguments.seed}"
        )
    defaults = {"model": MEASURED, "data": DATA, "seed": 0, "out": EXPERIMENTS}
    command = ["python", "-m", "vae_core", "measure"]
    for name, default in defaults.items():
        if getattr(arguments, name) != default:
            command += [f"--{name}", str(getattr(arguments, name))]
    dataset = _open_data(arguments.data)
    gradient_noise.check(arguments.model, dataset)  # wrong input is answered at once
    arguments.out.mkdir(parents=True, exist_ok=True)  # and so is a place that cannot be written
    with _quiet():
        from . import keras_model
    del keras_model  # loaded for `measure`
    record = gradient_noise.measure(
        arguments.model,
        dataset,
        arguments.seed,
        command=shlex.join(command),
        on_rows=_print_shares,
    )
    text = json.dumps(record, indent=1) + "\n"
    file = arguments.out / "gradients.json"
    checkpoint.write_atomically(file, lambda stream: stream.write(text.encode()))
    print(f"{file} written")


def _print_shares(rows: Sequence[Row]) -> None:
    shares = ", ".join(f"{row.part} {row.share:.3g} ± {row.share_stderr:.1g}" for row in rows)
    print(
        f"{rows[0].weights}, batches of {rows[0].batch_size}, {rows[0].samples} samples: "
        f"share of ε {shares}",
        flush=True,
    )


def _record(arguments: argparse.Namespace) -> None:
    from .training.recording import record

    known = recorded_run.RECORDED
    if arguments.run not in (*known, "all"):
        raise InputError(
            f"Invalid value received for `run`. Expected one of {', '.join(known)}, all. "
            f"Received: run={arguments.run!r}"
        )
    if arguments.out.exists() and not arguments.out.is_dir():
        raise InputError(f"Invalid --out. Expected a folder. Received: {arguments.out}")
    changes = {
        name: value
        for name in ("epochs", "seed")
        if (value := getattr(arguments, name)) is not None
    }
    dataset = _open_data(arguments.data)
    names = list(known) if arguments.run == "all" else [arguments.run]
    configs = {name: replace(known[name], **changes) for name in names}
    for name, config in configs.items():
        run = record(name, config, dataset, partial(_print_epoch, name))
        file = arguments.out / f"{name}.npz"
        recorded_run.write(run, file)
        print(f"{file} written, {file.stat().st_size / 1000:.0f} kB", flush=True)


def _print_epoch(name: str, event: dict[str, Any]) -> None:
    print(
        f"{name}: epoch {event['epoch']}/{event['epochs']}  "
        f"test {event['values']['test_loss']:.2f}  {event['seconds']:.1f} s",
        flush=True,
    )


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns its exit status: 0, 2 for bad input, 130 when interrupted."""
    try:
        parsed = _parser().parse_args(arguments)
        commands = {
            "train": _train,
            "evaluate": _evaluate,
            "export": _export,
            "measure": _measure,
            "record": _record,
        }
        commands[parsed.command](parsed)
    except InputError as error:
        print(f"vae_core: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"vae_core: {where}{error.strerror or error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in ("keras", "tensorflow"):
            raise
        print(
            "vae_core: Keras and TensorFlow are not installed; "
            "install them with: pip install 'vae-explorer[train]'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
