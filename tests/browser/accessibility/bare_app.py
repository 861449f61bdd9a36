"""Streamlit's own widgets, and nothing of ours: what axe-core says of it is Streamlit's."""

import plotly.graph_objects as go
import streamlit as st


def bare() -> None:
    """A little of all that the pages use."""
    st.title("A title", anchor=False)
    st.markdown("Text with a [link](https://example.org) and `code`.")
    st.markdown("| a | b |\n| --- | ---: |\n| one | 1 |")
    st.caption("A caption with `code`.")
    st.segmented_control("Segments", ["one", "two"], default="one", label_visibility="collapsed")
    st.pills("Pills", ["one", "two"], default="one", help="Help.")
    with st.container(horizontal=True):
        st.number_input("Number", 0, 9, 1)
        st.number_input("Disabled", 0, 9, 1, disabled=True)
        st.slider("Slider", 0.0, 1.0, 0.5)
        st.selectbox("Choice", ["one", "two"], help="Help.")
        st.button("Button")
        st.button("Primary", type="primary")
        st.button("Disabled too", disabled=True)
        st.download_button("Download", "text", help="Help.")
        with st.popover("Popover"):
            st.text_input("Text", placeholder="0.30,-1.20")
    with st.expander("Expander"):
        st.markdown("Its content.")
    with st.expander("Open", expanded=True):
        st.file_uploader("File", "zip", label_visibility="collapsed")
    st.code("a command", language=None, wrap_lines=True)
    st.progress(0.5, "Progress")
    st.info("Info")
    st.error("Error")
    chart = go.Figure(go.Scatter(x=[1, 2], y=[1, 2], name="line"))
    chart.update_layout(xaxis_title="x", yaxis_title="y", title_text="A chart", showlegend=True)
    st.plotly_chart(chart, alt="A line.", config={"displayModeBar": False})


def other() -> None:
    """A second page: the navigation is shown for two of them."""


if __name__ == "__main__":
    st.set_page_config(page_title="Bare", layout="wide")
    st.navigation([st.Page(bare, default=True), st.Page(other)], position="top").run()
