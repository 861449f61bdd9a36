from .models.data_files import *  # noqa: F403 -- scripts that were downloaded import this name
