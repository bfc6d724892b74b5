// What the page can do besides being read: sort and search its tables, save its charts. Without it nothing is lost.
"use strict";

const decimal = document.querySelector("main").dataset.decimal;

// the number that a cell says, in the reader's language; a cell that says none sorts as text
function figure(text) {
  const plain = text.replace(/[\s\u00a0\u202f]/g, "").replace("\u2212", "-");
  const number = plain.replaceAll(decimal === "." ? "," : ".", "").replace(decimal, ".");
  return /^-?[\d.]+%?$/.test(number) ? parseFloat(number) : null;
}

function sort(table, head, place) {
  const down = head.getAttribute("aria-sort") === "descending";
  for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "ascending" : "descending");
  const keys = new Map([...table.tBodies[0].rows].map((row) => [row, row.cells[place].textContent.trim()]));
  const compare = (a, b) => {
    const [first, second] = [figure(a), figure(b)];
    if (first !== null && second !== null) return first - second;
    return a.localeCompare(b, document.documentElement.lang);
  };
  const known = [...keys.keys()].filter((row) => keys.get(row) !== "");
  known.sort((a, b) => compare(keys.get(a), keys.get(b)) * (down ? 1 : -1));
  const empty = [...keys.keys()].filter((row) => keys.get(row) === ""); // stand last, whichever way
  table.tBodies[0].append(...known, ...empty);
}

for (const table of document.querySelectorAll("main .table table")) {
  [...table.querySelectorAll("thead th")].forEach((head, place) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head, place));
    head.append(button);
  });
  if (table.tBodies[0].rows.length < 8) continue; // seen at a glance
  const field = Object.assign(document.createElement("input"), { type: "search", className: "find" });
  field.placeholder = field.ariaLabel = document.querySelector("main").dataset.find;
  field.addEventListener("input", () => {
    const sought = field.value.toLocaleLowerCase().trim();
    for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLocaleLowerCase().includes(sought);
  });
  table.parentElement.before(field);
}

// a chart is in the page already: its link takes it from there
for (const image of document.querySelectorAll("main figure img")) {
  const link = Object.assign(document.createElement("a"), { textContent: "SVG", href: image.src });
  link.download = `${image.closest("figure").dataset.name || "figure"}.svg`;
  const files = Object.assign(document.createElement("p"), { className: "files" });
  files.append(link);
  image.closest("figure").append(files);
}
