"""Claim 7: the recipe as the blog prints it."""

import streamlit as st

from ...arrays import Array
from ...experiments.claim_7_recipe import Printed, printed, rule, settled, verdict
from ...experiments.phrases import bounded, remainder
from ...experiments.quantity import nats
from ...experiments.subject import Subject
from ..parts.equations import Step
from ..parts.figures import draw, label, symbols
from ..parts.planes import Outline, outlines
from ..parts.symbol_links import say
from ..parts.verdicts import show_here, show_rule, table
from .caching import cached
from .claim import Claim

__all__ = ["CLAIM", "CORRECTED"]

EQUATION = (
    Step(
        "z = μ + 0.1 e^s ε",
        "What the recipe samples, with a head s of the encoder: σ is 0.1 exp(s).",
    ),
    Step(
        "½ ∑ ( μ^2 + e^s − 1 − s )",
        "What its KL charges for: the same s read as ln σ², so that σ is exp(s/2).",
    ),
    Step(
        "σ = e^(s/2) : & z = μ + e^(s/2) ε , & KL = ½ ∑ ( μ^2 + e^s − 1 − s )",
        "One reading for both: then loss + KL is −ELBO of the q that is sampled.",
    ),
)
# "-" marks what is wrong in the printed recipe, "+" what belongs there.
CORRECTED = """\
  class Sampling(keras.layers.Layer):
      def __init__(self, **options):
          super().__init__(**options)
          self.seeds = keras.random.SeedGenerator()

      def call(self, mean, log_var):
-         epsilon = normal(shape, stddev=0.1)          # noise of another q than the KL's
+         epsilon = keras.random.normal(keras.ops.shape(mean), seed=self.seeds)
-         return mean + exp(log_var) * epsilon         # reads ln σ² as ln σ
+         return mean + keras.ops.exp(0.5 * log_var) * epsilon

  class VAE(keras.Model):                              # built as encoder, Sampling, decoder
      def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
          mean, log_var = self.encoder(x)
          logits = self.decoder(self.sampling(mean, log_var))
-         loss = mean_over_pixels(...)                 # older printings: 784 times too small
+         loss = keras.ops.sum(keras.ops.softplus(logits) - x * logits, axis=-1)
-         kl = -0.5 * mean(1 + log_var - ...)          # older printings: half of it
+         kl = -0.5 * keras.ops.sum(
+             1 + log_var - keras.ops.square(mean) - keras.ops.exp(log_var), axis=-1
+         )
          return keras.ops.mean(loss + kl)             # one average, over the images
"""


def show(subject: Subject) -> None:
    """Draws the experiment."""
    model = subject.other("blog")
    found = cached(printed, model, x=subject.x)
    ruled = rule(model.metadata, len(model.mean))
    left, right = st.columns([6, 5], gap="large")
    with left:
        _plane(found)
    with right:
        show_here(verdict(found, ruled.usual))
        show_rule(ruled.sentence)
        sums = (found.printed, found.negative_elbo)
        table(
            ["nats", "what it prints", "−ELBO of the sampled q"],
            [
                ["expected loss", *[bounded(found.loss, found.error)] * 2],
                ["KL", *(nats(remainder(total, found.loss)) for total in sums)],
                ["sum", *(bounded(total, found.error) for total in sums)],
                ["σ in the KL", _pair(found.described), _pair(found.sampled)],
            ],
        )
    st.markdown("**Each slip alone**")
    say(
        "With this network's decoder and mean, and with s, one for both directions, where the "
        "printed loss is least:"
    )
    table(
        ["reading of the head s", "σ sampled", "σ in the KL", "prints", "−ELBO", "off by"],
        [
            [
                name,
                f"{one.sampled:.3f}" + ("" if one.inside else " or beyond"),
                f"{one.described:.3f}",
                bounded(one.printed, one.error),
                bounded(one.negative_elbo, one.error),
                nats(one.off),
            ]
            for name, one in cached(settled, model, x=subject.x).items()
        ],
    )
    st.markdown("**The corrected lines, in today's Keras**")
    with st.container(key="corrected"):
        st.code(CORRECTED, language="diff", wrap_lines=True)  # no scrolling: out of keys' reach


def _plane(found: Printed) -> None:
    colours = symbols()
    sampled = Outline("q it samples", found.mean, found.sampled, colours["sample"], "sample")
    described = Outline("q its KL describes", found.mean, found.described, colours["kl"], "kl")
    alt = (
        f"Two ellipses around one mean: the sampled q with stddevs {_pair(found.sampled)} and "
        f"the described one with {_pair(found.described)}."
    )
    with st.container(horizontal=True, gap="xsmall", key="planes"):
        for i, (target, width) in enumerate(outlines([described, sampled], 3.3, [sampled])):
            top = target.layout.yaxis.range[1]
            one = sampled if i else described
            label(
                target,
                -top,
                0.97 * top,
                f"━ {one.name}, 2σ",
                one.colour,
                one.symbol,
                yanchor="top",
                shift=(4, 0),
            )
            draw(target, alt, f"figure-recipe{i or ''}", width)


def _pair(stddev: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in stddev)


CLAIM = Claim(7, "7 The blog", show, ("blog",), EQUATION, follows_model=False)
