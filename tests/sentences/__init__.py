"""Every computed sentence: each outcome on real views, and each read back against own numbers."""
