"""Everything that knows Streamlit; nothing outside this package imports it."""

import os

# Each visitor's script runs in a thread of its own. Linear algebra that spreads one small product
# over all cores makes them wait for each other: a click took four times as long on two busy cores.
# Read by OpenBLAS when NumPy is first imported, which Streamlit leaves to the page.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
