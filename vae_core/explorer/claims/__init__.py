"""The argument, claim by claim: each module draws one experiment of `vae_core.experiments`.

Every module `claim_NUMBER_NAME` has its `CLAIM`; the page finds them here.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from .claim import Claim

__all__ = ["all_claims"]


@cache
def all_claims() -> dict[str, Claim]:
    """The claims by their number in the address, in order."""
    names = [module.name for module in iter_modules(__path__) if module.name.startswith("claim_")]
    found = [import_module(f"{__name__}.{name}").CLAIM for name in names]
    return {str(one.number): one for one in sorted(found, key=lambda one: one.number)}
