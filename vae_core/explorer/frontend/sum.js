// The sum of a lane: loss at μ + price of σ + KL = −ELBO, which closes in the digits shown.

const TERMS = {
  loss_at_mean: ["mean", "loss at <span class='s'>μ</span>"],
  price: ["price", "<span class='s'>price of σ</span>"],
  kl: ["kl", "<span class='s'>KL</span>"],
  negative_elbo: ["elbo", "−ELBO"],
};
const SIGNS = { price: "+", kl: "+", negative_elbo: "=" };
// Whether the price has a part in what a network was trained on, by what set its σ.
export const PAID = { price: true, recipe: true, kl: false, nothing: false };

function nats(value) {
  if (value === null || Number.isNaN(value)) return "…";
  if (!Number.isFinite(value)) return "∞";
  return value.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "−");
}

export function klOf(mean, stddev) {
  return mean.reduce((sum, m, i) => sum + 0.5 * (m * m + stddev[i] ** 2 - 1) - Math.log(stddev[i]), 0);
}

// Paints the sum; `pending` is null, or the numbers while the server integrates: {price, kl}.
export function showSum(element, data, pending) {
  const rows = pending ? underWay(data.sum, pending) : data.sum;
  element.classList.toggle("pending", Boolean(pending));
  const whose = data.average.length ? "<br>test images" : "";
  element.innerHTML = `<span class="whose">this image${whose}</span>` + rows
    .map(({ key, value, error }) => {
      const [symbol, label] = TERMS[key];
      const unpaid = key === "price" && !PAID[data.setBy] && value !== "no q";
      const average = data.average[Object.keys(TERMS).indexOf(key)];
      return `<span class="sign" aria-hidden="true">${SIGNS[key] ?? ""}</span>
        <span class="term${unpaid ? " unpaid" : ""}" data-symbol="${symbol}" data-term="${key}">
        <span class="label">${label}</span> <b>${value}</b>
        <span class="error">${pending ? "" : error === "exact" ? "" : error}</span>
        ${unpaid ? "<span class='note'>not in its training loss</span>" : ""}
        ${average ? `<span class="average">${average}</span>` : ""}</span>`;
    })
    .join("");
  element.setAttribute("aria-busy", String(Boolean(pending)));
}

function underWay(sum, { price, kl }) {
  return sum.map((row) => {
    if (row.key === "price") return { ...row, value: price === null ? "…" : `≈ ${nats(price)}` };
    if (row.key === "kl") return { ...row, value: nats(kl) };
    if (row.key === "negative_elbo") return { ...row, value: "…" };
    return row;
  });
}
