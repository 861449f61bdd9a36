"""Entry point of the explorer: `streamlit run app.py`."""

from vae_core.explorer.app import main

main()
