/** This module is about the form for labels: what does not matter is hidden, sheets are drawn. */

const form = document.querySelector("form.labels");
const grid = document.getElementById("grid");
const skip = document.getElementById("skip");
const total = Number(grid.dataset.columns) * Number(grid.dataset.rows);

function drawGrid() {
  for (let n = 0; n < total; n += 1) {
    const label = document.createElement("button");
    label.type = "button";
    label.textContent = String(n + 1);
    label.setAttribute("aria-label", grid.dataset.words.replace("{n}", n + 1));
    label.addEventListener("click", () => {
      skip.value = String(n);
      show();
    });
    grid.append(label);
  }
  grid.hidden = false;
}

/** Say which labels of the sheet are used already, and show only the fields that matter. */
function show() {
  const first = Number(skip.value) || 0;
  [...grid.children].forEach((label, n) => {
    label.classList.toggle("gone", n < first);
    label.setAttribute("aria-pressed", String(n === first));
  });
  const what = form.elements.what.value;
  form.querySelectorAll("[data-for]").forEach((part) => {
    part.hidden = !part.dataset.for.split(" ").includes(what);
  });
  const kind = form.querySelector("input[name=stock]:checked")?.dataset.kind;
  const used = form.querySelector(".used");
  used.hidden = used.dataset.kind !== kind;
  if (used.hidden) skip.value = "0";
}

drawGrid();
show();
form.addEventListener("change", show);
skip.addEventListener("input", show);
