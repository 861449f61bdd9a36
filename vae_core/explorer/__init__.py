"""Everything that knows Streamlit; nothing outside this package imports it."""
