"""The blog's network in a plain PyTorch loop, without a data loader: seconds per epoch.

python tests/benchmarks/torch_loop.py MNIST.npz BATCH EPOCHS, with a Python that has torch.
"""

import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Vae(nn.Module):
    """784-64-2-64-784."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(784, 64)
        self.mean = nn.Linear(64, 2)
        self.log_var = nn.Linear(64, 2)
        self.decoder = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 784))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = functional.relu(self.hidden(x))
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        losses = functional.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum")
        kl = 0.5 * torch.sum(mean**2 + torch.exp(log_var) - log_var - 1)
        return (losses + kl) / len(x)


def main(path: str, batch: int, epochs: int) -> None:
    """Trains, and prints the seconds of each epoch."""
    images = np.load(path)["x_train"].reshape(-1, 784)
    x = torch.from_numpy(images.astype(np.float32) / 255)
    model = Vae()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(epochs):
        started = time.perf_counter()
        order = torch.randperm(len(x))
        for first in range(0, len(x) - batch + 1, batch):
            optimizer.zero_grad()
            model(x[order[first : first + batch]]).backward()
            optimizer.step()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
