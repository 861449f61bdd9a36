"""Progress of a training run in a terminal: one bar, or one line per epoch when piped."""

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from .loop import Progress

__all__ = ["ProgressPrinter"]

WIDTH = 28


class ProgressPrinter:
    """Prints each `Progress` it is called with.

    Args:
        name: of the run.
        stream: a terminal gets a bar that is drawn over itself, anything else a line per epoch.
    """

    def __init__(self, name: str, stream: TextIO) -> None:
        self.name = name
        self.stream = stream
        self.first_epoch: int | None = None

    def __call__(self, progress: "Progress") -> None:
        if self.first_epoch is None:  # a continued run does not begin at 0
            self.first_epoch = progress.epoch
        if not progress.values:
            return
        done = progress.epoch - self.first_epoch
        left = progress.seconds / done * (progress.epochs - progress.epoch)
        losses = f"loss {progress.values['loss']:.2f}  test {progress.values['test_loss']:.2f}"
        epoch = f"epoch {progress.epoch}/{progress.epochs}"
        if self.stream.isatty():
            filled = WIDTH * progress.epoch // progress.epochs
            bar = "█" * filled + "░" * (WIDTH - filled)
            text = f"{self.name} {bar} {epoch}  {losses}  {left:.0f} s left"
            self.stream.write(f"\r\x1b[K{text}")
        else:
            self.stream.write(f"{self.name}: {epoch}  {losses}  {progress.seconds:.1f} s\n")
        self.stream.flush()

    def close(self) -> None:
        if self.stream.isatty() and self.first_epoch is not None:
            self.stream.write("\n")
