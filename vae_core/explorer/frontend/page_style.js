// Tells the server that the browser has the page's style: only then is there a page to be seen.

const told = new WeakSet();

export default function ({ parentElement, setStateValue }) {
  if (told.has(parentElement)) return;
  told.add(parentElement);
  setStateValue("styled", true);
}
