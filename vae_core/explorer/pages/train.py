"""Train: choose an objective, watch the latent plane form beside a recorded run, keep the model."""

import contextlib
from functools import partial

import numpy as np
import streamlit as st

from ...errors import InputError
from ...models.frames import Frame, first_of_each_class, portrait_image, shown_images
from ...models.naming import heading
from ...models.settings import TrainingConfig, command
from ...models.test_images import TestImages
from ..parts.formation import Lane, Words, common_half, mount_formation
from ..parts.links import Link
from ..parts.problems import show_problem
from ..parts.run_wording import (
    Told,
    comparable_text,
    ending_text,
    finding_text,
    label_of,
    pair_text,
    progress_text,
    waiting_text,
)
from ..server.job_queue import JobQueue, server_queue
from ..server.jobs import Job, JobView
from ..server.library import load_test_images
from ..server.model_zips import load_zip, model_zip
from ..server.paths import without_paths
from ..server.recordings import load_recorded, recorded_name
from ..visitor.own_models import TRAINED, add_own_model, own_models
from ..visitor.run_settings import choose_settings, settings
from ..visitor.session import enter_page, is_present, keep_choices, kept_drawing, session_id

__all__ = ["show"]

NO_CLASS = 255
POLL = 0.5  # seconds between looks at a run
PAGE = "page"  # of the session: the page that was shown last
PROBLEM = "train_problem"  # of the session: why the last request was refused
ROUND = "upload_round"  # of the session: a new one forgets the file of the last


def show(link: Link) -> None:
    """Draws the page.

    Args:
        link: draws a link to a page.
    """
    came_from = st.session_state.get(PAGE, "train")
    enter_page("train")
    st.title("Train it yourself: what does the objective do to σ?", anchor=False)
    try:
        test, queue = load_test_images(), server_queue(is_present)
    except InputError as error:
        show_problem(error)
        return
    jobs = _jobs(queue)
    if came_from != "train" and jobs:
        choose_settings(jobs[0].config)  # a run stays until another story is chosen
    # Asked once: a run that ends meanwhile must not leave a page that waits and does not look.
    live = bool(jobs) and jobs[0].state != "ended"
    config, beside = _request(queue, live, test)
    job = jobs[0] if live else next((one for one in jobs if one.config == config), None)
    st.fragment(_watch, run_every=POLL if live else None)(
        queue, job, test, live, config, beside, link
    )
    keep_choices()


def _jobs(queue: JobQueue) -> list[Job]:
    """The visitor's runs, the newest first, also of one who has just loaded the page again."""
    jobs = [job for name in reversed(own_models()) if (job := queue.find(name))]
    if jobs:
        queue.attach(jobs[0], session_id())
    return jobs


def _request(queue: JobQueue, busy: bool, test: TestImages) -> tuple[TrainingConfig, str]:
    config, beside, go, more = settings(queue.limits)
    shortage = queue.shortage()
    go.button(
        "Train",
        type="primary",
        key="train",
        on_click=_submit,
        args=(queue, config),
        disabled=busy or bool(shortage),
        width=110,
    )
    if shortage and not busy:
        st.info(shortage)
    if problem := st.session_state.pop(PROBLEM, ""):
        show_problem(problem)
    with more:
        st.caption("The same run on your machine, to the same weights:")
        st.code(command(config), language=None, wrap_lines=True)
        _bring(test)
    return config, beside


def _submit(queue: JobQueue, config: TrainingConfig) -> None:
    try:
        job = queue.submit(config, session_id(), kept_drawing())
    except InputError as error:
        st.session_state[PROBLEM] = str(error)
        return
    add_own_model(job.name)


def _watch(
    queue: JobQueue,
    job: Job | None,
    test: TestImages,
    live: bool,
    config: TrainingConfig,
    beside: str,
    link: Link,
) -> None:
    """How the run stands, beside the recorded one: run again and again while it goes on."""
    queue.hear(session_id())
    view = job.view() if job else None
    if live and view and view.state == "ended":
        st.rerun()  # the rest of the page has something to say too
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="status"):
        _status(queue, job, view, live, link)
    lanes, told = _lanes(job, view, test, live, config, beside)
    names = [recorded_name(view.config if view else config), beside]
    shown = portrait_image(len(test.labels))
    both = len(told) == 2
    mount_formation(
        lanes,
        common_half([*(lane.frames for lane in lanes if lane), *_frames_of(names, test)]),
        test.images[shown],
        Words(
            f"test image {shown}, a {test.class_names[test.labels[shown]]}",
            pair_text(*told) if both else "",
            comparable_text(*told) if both else "",
            "The mark x without a class is your drawing." if job and job.drawing else "",
        ),
    )
    if view and view.state == "ended" and (finding := finding_text(view)):
        st.markdown(f"Your run: {finding}")


def _frames_of(names: list[str], test: TestImages) -> list[list[Frame]]:
    """The frames of recorded runs, for the scale that a run like theirs will need."""
    found = []
    for name in names:
        with contextlib.suppress(InputError):  # its lane says so
            found.append(load_recorded(name, test).frames if name else [])
    return found


def _status(queue: JobQueue, job: Job | None, view: JobView | None, live: bool, link: Link) -> None:
    if job is None or view is None:
        st.markdown(
            "Press **Train** for a run of your own: its first picture comes within ten seconds, "
            "20 epochs take less than a minute."
        )
        return
    if view.state == "waiting":
        st.markdown(waiting_text(*queue.place(job), queue.limits.runs))
    elif view.state == "running":
        done = view.epoch + (view.step / view.steps if view.steps else 0)
        st.progress(min(1.0, done / view.config.epochs), progress_text(view))
    else:
        (show_problem if view.outcome == "failed" else st.markdown)(ending_text(view))
    if live and queue.may_cancel(job, session_id()):
        st.button("Cancel", key="cancel", on_click=queue.cancel, args=(job,))
    if not live:
        _result(view, link)


def _lanes(
    job: Job | None,
    view: JobView | None,
    test: TestImages,
    live: bool,
    config: TrainingConfig,
    beside: str,
) -> tuple[list[Lane | None], list[Told]]:
    """The visitor's run, or the recorded one of the same settings; and the one beside."""
    labels = test.labels[shown_images(len(test.labels))]
    marked = first_of_each_class(labels)
    runs: list[tuple[str, Told, list[Frame], list[float], int] | None] = []
    if view is not None:
        told = Told(view.config, [frame.epoch for frame in view.frames], view.measures, "yours")
        objective = view.history.get("test_loss", [])
        runs.append((view.name, told, view.frames, objective, view.config.epochs))
    for name in ([] if view else [recorded_name(config)]) + [beside]:
        try:
            run = load_recorded(name, test) if name else None
        except InputError as error:
            show_problem(error)
            run = None
        if run is None:
            runs.append(None)
            continue
        told = Told(run.config, [frame.epoch for frame in run.frames], run.measures, "recorded")
        key = f"recorded-{name}"
        runs.append((key, told, run.frames, run.history.get("test_loss", []), run.config.epochs))
    if runs[0] and runs[1] and runs[0][0] == runs[1][0]:
        runs[0] = None  # one run beside itself shows nothing
    lanes: list[Lane | None] = []
    for one, other in ((runs[0], runs[1]), (runs[1], runs[0])):
        if one is None:
            lanes.append(None)
            continue
        name, told, frames, objective, epochs = one
        own_labels, own_marked = labels, marked
        if told.whose == "yours" and job and job.drawing:
            own_labels, own_marked = np.append(labels, NO_CLASS), [*marked, len(labels)]
        lanes.append(
            Lane(
                name,
                heading(told.config),
                label_of(told, other[1] if other else None),
                told.whose,
                epochs,
                live and told.whose == "yours",
                frames,
                told.measures,
                objective,
                own_labels,
                own_marked,
            )
        )
    return lanes, [one[1] for one in runs if one]


def _result(view: JobView, link: Link) -> None:
    """What can be done with a model."""
    if not view.epoch:
        return
    versus = "sample" if view.config.objective == "mean" else "mean"
    query = {"model": view.name, "versus": versus, TRAINED: ",".join(own_models())}
    link("explore", "See it in Explore", query)
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
    key = f"zip-{st.session_state.setdefault(ROUND, 0)}"
    st.file_uploader(
        "Load a model from a zip that this page gave",
        "zip",
        key=key,
        on_change=_take_zip,
        args=(key, test),
        max_upload_size=64,
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
