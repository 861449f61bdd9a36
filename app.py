"""Entry point of the explorer: page configuration and navigation, nothing else."""

import streamlit as st

from vae_core.explorer.navigation import pages

st.set_page_config(page_title="Why does a VAE decode samples?", layout="wide")
st.navigation([*pages().values()], position="top").run()
