from .models.drawn_digit import *  # noqa: F403 -- scripts that were downloaded import this name
