from .maths.bernoulli import *  # noqa: F403 -- scripts that were downloaded import this name
