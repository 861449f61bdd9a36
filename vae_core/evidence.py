from .inference.evidence import *  # noqa: F403 -- scripts that were downloaded import this name
