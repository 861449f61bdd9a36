"""Densities, divergences and estimators: formulas, with no model and no data in them."""
