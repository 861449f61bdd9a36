"""What can be said exactly of a trained model: evidence, true posterior, fits, test metrics."""
