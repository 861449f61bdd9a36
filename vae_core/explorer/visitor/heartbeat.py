"""A sign of life for a run whose visitor looks at another page meanwhile."""

import streamlit as st

from ...errors import InputError
from ..server.job_queue import JobQueue, server_queue
from .own_models import TRAINED
from .session import is_present, session_id

__all__ = ["keep_runs"]

BEAT = 2.0  # seconds


def keep_runs() -> None:
    """Lets the browser ask for the visitor's runs as long as one goes on; draws nothing."""
    if not st.session_state.get(TRAINED):
        return
    try:
        queue = server_queue(is_present)
    except InputError:  # the page Train says what is wrong
        return
    jobs = [queue.find(name) for name in st.session_state[TRAINED]]
    if any(job is not None and job.state != "ended" for job in jobs):
        st.fragment(_beat, run_every=BEAT)(queue)


def _beat(queue: JobQueue) -> None:
    queue.hear(session_id())
