"""Train: choose an objective, watch the latent plane form, keep the model."""

from functools import partial

import numpy as np
import streamlit as st

from ...errors import InputError
from ...models.frames import first_of_each_class, shown_images
from ...models.settings import TrainingConfig, command
from ...models.test_images import TestImages
from ..parts.formation import mount_formation
from ..parts.links import Link
from ..parts.problems import show_problem
from ..parts.run_wording import progress_text, run_verdict, waiting_text
from ..parts.style import COMMON
from ..server.job_queue import JobQueue, server_queue
from ..server.jobs import Job, JobView
from ..server.library import load_test_images
from ..server.model_zips import load_zip, model_zip
from ..server.paths import without_paths
from ..visitor.own_models import TRAINED, add_own_model, own_models
from ..visitor.run_settings import settings
from ..visitor.session import enter_page, is_present, keep_choices, kept_drawing, session_id

__all__ = ["show"]

STYLE = """
<style>
.stMainBlockContainer > .stVerticalBlock { gap: .6rem; }
.st-key-train button:enabled p { color: light-dark(#fff, #0b0d10); }
.st-key-train button:focus-visible { outline-offset: 2px; }
</style>
"""

NO_CLASS = 255
POLL = 0.5  # seconds between looks at a run
PROBLEM = "train_problem"  # of the session: why the last request was refused
ROUND = "upload_round"  # of the session: a new one forgets the file of the last


def show(link: Link) -> None:
    """Draws the page.

    Args:
        link: draws a link to a page.
    """
    enter_page("train")
    st.html(COMMON + STYLE)
    st.title("Train it yourself: what does the objective do to q?", anchor=False)
    try:
        test, queue = load_test_images(), server_queue(is_present)
    except InputError as error:
        show_problem(error)
        return
    st.markdown(
        "The network and the 60,000 digits stay; you choose what is decoded. Watch where the means "
        "of q go, how large its ellipses grow, and what a sample then costs."
    )
    job = _newest_job(queue)
    # Asked once: a run that ends meanwhile must not leave a page that waits and does not look.
    live = job is not None and job.state != "ended"
    left, right = st.columns([3, 7], gap="large")
    with left:
        config = _request(queue, live)
        _bring(test)
    with right:
        _run(queue, job, live, test, config.epochs)
        if job is not None and not live:
            _result(job.view(), link)
    keep_choices()


def _newest_job(queue: JobQueue) -> Job | None:
    """The visitor's newest run, also that of a visitor who has just loaded the page again."""
    jobs = [job for name in reversed(own_models()) if (job := queue.find(name))]
    if not jobs:
        return None
    queue.attach(jobs[0], session_id())
    return jobs[0]


def _request(queue: JobQueue, busy: bool) -> TrainingConfig:
    config = settings(queue.limits)
    shortage = queue.shortage()
    st.button(
        "Train",
        type="primary",
        key="train",
        on_click=_submit,
        args=(queue, config),
        disabled=busy or bool(shortage),
        width="stretch",
    )
    if shortage and not busy:
        st.info(shortage)
    if problem := st.session_state.pop(PROBLEM, ""):
        show_problem(problem)
    st.caption("The same run on your machine, to the same weights:")
    st.code(command(config), language=None, wrap_lines=True)
    return config


def _submit(queue: JobQueue, config: TrainingConfig) -> None:
    try:
        job = queue.submit(config, session_id(), kept_drawing())
    except InputError as error:
        st.session_state[PROBLEM] = str(error)
        return
    add_own_model(job.name)


def _run(queue: JobQueue, job: Job | None, live: bool, test: TestImages, epochs: int) -> None:
    if job is None:
        st.markdown(
            "No run yet. Press **Train**: the plane appears after about ten seconds, and a run "
            "of 20 epochs takes less than a minute."
        )
        labels = test.labels[:0]
        mount_formation("none", [], labels, [], epochs=epochs, live=False, history={}, measures=[])
        return
    st.fragment(_watch, run_every=POLL if live else None)(queue, job, test, live)


def _watch(queue: JobQueue, job: Job, test: TestImages, live: bool) -> None:
    """How the run stands: run again and again while it goes on."""
    view = job.view()
    if live and view.state == "ended":
        st.rerun()  # the rest of the page has something to say too
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="status"):
        if view.state == "waiting":
            st.markdown(waiting_text(*queue.place(job), queue.limits.runs))
        elif view.state == "running":
            done = view.epoch + (view.step / view.steps if view.steps else 0)
            st.progress(min(1.0, done / view.config.epochs), progress_text(view))
        if live and queue.may_cancel(job, session_id()):
            st.button("Cancel", key="cancel", on_click=queue.cancel, args=(job,))
    if view.state == "ended":
        (show_problem if view.outcome == "failed" else st.markdown)(run_verdict(view))
    labels = test.labels[shown_images(len(test.labels))]
    marked = first_of_each_class(labels)
    if job.drawing:
        marked, labels = [*marked, len(labels)], np.append(labels, NO_CLASS)
    mount_formation(
        view.name,
        view.frames,
        labels,
        marked,
        epochs=view.config.epochs,
        live=live,
        history=view.history,
        measures=view.measures,
        note="The mark without a class is your drawing." if job.drawing else "",
    )


def _result(view: JobView, link: Link) -> None:
    """What can be done with a model."""
    if not view.epoch:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        versus = "mean" if view.config.objective == "sample" else "sample"
        query = {"model": view.name, "versus": versus, TRAINED: ",".join(own_models())}
        link("explore", f"See it in Explore, beside {versus}", query)
        link("argument", "Put it to the argument", {**query, "claim": "3"})
        st.download_button(
            "Download the model",
            partial(model_zip, view.name),
            f"{view.name}.zip",
            "application/zip",
            key="download",
            on_click="ignore",
            help="A zip of its weights, metadata, the .keras file and the command.",
        )


def _bring(test: TestImages) -> None:
    """Takes a model's zip back."""
    with st.expander("Load a model from its zip", key="bring"):
        key = f"zip-{st.session_state.setdefault(ROUND, 0)}"
        st.file_uploader(
            "A zip that this page gave",
            "zip",
            key=key,
            on_change=_take_zip,
            args=(key, test),
            max_upload_size=64,
            label_visibility="collapsed",
        )
        if message := st.session_state.pop("brought", ""):
            st.markdown(message)


def _take_zip(key: str, test: TestImages) -> None:
    file = st.session_state.get(key)
    if file is None:
        return
    try:
        name = load_zip(file.getvalue(), test)
    except InputError as error:
        st.session_state["brought"] = f":red[{without_paths(str(error))}]"
    else:
        add_own_model(name)
        st.session_state["brought"] = f"Loaded as `{name}`: it is among the models of Explore."
    st.session_state[ROUND] += 1  # the server need not hold the file any longer
