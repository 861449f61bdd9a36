"""Training with Keras: runs, their process, what they tell; with `keras_model`, the only Keras."""
