"""Why a variational autoencoder decodes samples: the science behind the explorer."""
