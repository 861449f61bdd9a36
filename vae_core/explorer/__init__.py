"""The explorer: everything that knows Streamlit; nothing outside this package imports it."""
