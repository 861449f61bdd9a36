from .inference.evaluation import *  # noqa: F403 -- scripts that were downloaded import this name
