// A panel, as Streamlit sees it: called for every change of its data, drawn by the page's code.

export default function (component) {
  let remove = () => {};
  page.whenDefined((code) => {
    remove = code.showPanel(component);
  });
  return () => remove();
}
