"""The argument, claim by claim: each module computes, draws and judges one experiment."""
