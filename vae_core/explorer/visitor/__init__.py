"""One visitor's choices: in the address, in the session, in the controls."""
