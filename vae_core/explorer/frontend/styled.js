// Tells the server when the page's style is there, which comes as an element of its own.

const STYLE_PATIENCE = 3000; // milliseconds

export default function ({ setTriggerValue }) {
  const began = performance.now();
  let request = requestAnimationFrame(function look() {
    const styled = getComputedStyle(document.documentElement).getPropertyValue("--vae-styled");
    if (styled || performance.now() - began > STYLE_PATIENCE) setTriggerValue("styled", true);
    else request = requestAnimationFrame(look);
  });
  return () => cancelAnimationFrame(request);
}
