"""What the page shows against dense lattices that share no code with the project."""
