"""What a Streamlit page costs by itself: one picture, and a button that counts its clicks."""

import numpy as np
import streamlit as st

picture = np.random.default_rng(0).integers(0, 256, (280, 280), np.uint8)
st.image(picture, caption="A picture")
st.session_state.clicks = st.session_state.get("clicks", 0)
if st.button("Count"):
    st.session_state.clicks += 1
st.markdown(f"clicked {st.session_state.clicks} times")
