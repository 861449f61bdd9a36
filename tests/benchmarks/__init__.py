"""Measurements of speed and size: run by hand, never by the test run."""
