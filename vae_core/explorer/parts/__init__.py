"""Pieces that pages are put together from: components, figures, texts."""
