from .models.data import *  # noqa: F403 -- scripts that were downloaded import this name
