"""Entry point of the explorer: page configuration and navigation, nothing else."""

import streamlit as st

from vae_core.explorer.pages import explore

st.set_page_config(page_title="Why does a VAE decode samples?", layout="wide")
st.navigation(
    [st.Page(explore.show, title="Explore", url_path="explore", default=True)], position="top"
).run()
