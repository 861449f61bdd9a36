"""What the server holds for all visitors: models, runs, threads. Knows no Streamlit."""
