// Tells the server that the browser has the page's style: only then is there a page to be seen.

export default function ({ data, setStateValue }) {
  if (!data.told) setStateValue("styled", true);
}
