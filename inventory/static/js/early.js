/**
 * This script is about keys pressed while a page still loads: a scanner does not wait. Being
 * no module it runs before the page is shown; it keeps the keys until the modules ask for them.
 */
{
  const keys = [];
  const keep = (event) => keys.push(event);
  document.addEventListener("keydown", keep, { capture: true });
  document.addEventListener("listening", (event) => {
    document.removeEventListener("keydown", keep, { capture: true });
    keys.forEach(event.detail);
  }, { once: true });
}
