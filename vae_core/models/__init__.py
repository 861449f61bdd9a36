"""What a model is: settings, network, images, and both as files."""
