// The end of a blind review: agreement of readers with the model, with the labels given, and with each other.

import { get } from "./api.js";

const $ = (id) => document.getElementById(id);
const WHY = {
  not_estimable: "not estimable", few_patients: "fewer than 10 patients", no_variation: "no variation",
};

export async function showAgreement() {
  const { rows, readers } = await get("/api/agreement");
  const pairs = Map.groupBy ? Map.groupBy(rows, pairOf) : grouped(rows);
  const body = [text("p", "Cohen's kappa: agreement beyond chance, 1 for complete agreement and 0 for none. The 95 % " +
    "intervals are over patients. Readings made before the model was seen count; what a reader is unsure of does not.")];
  for (const { reader, blind, changed, sighted } of readers) {
    body.push(text("p", `${reader}: ${blind} blind readings, ${changed} of them changed after the model was seen; ` +
      `${sighted} made with the model in view, which do not count.`, "soft"));
  }
  if (!rows.length) body.push(text("p", "No blind reading yet. Start the command with --blind to read before the model is shown."));
  for (const [pair, some] of pairs) body.push(table(pair, some));
  $("agreement-body").replaceChildren(...body);
  $("agreement").showModal();
}

const pairOf = (row) => `${row.first} and ${row.second}`;

function grouped(rows) {
  const found = new Map();
  for (const row of rows) found.set(pairOf(row), [...(found.get(pairOf(row)) ?? []), row]);
  return found;
}

function table(pair, rows) {
  const box = text("div", "", "wide");
  const made = document.createElement("table");
  made.createCaption().textContent = pair;
  const head = made.createTHead().insertRow();
  for (const name of ["Finding", "Cases", "Patients", "Agree", "Kappa", "95 % interval"]) {
    const cell = text("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    if (row.finding === "all findings") line.className = "total";
    const first = text("th", row.finding.replaceAll("_", " "));
    first.scope = "row";
    line.append(first);
    const interval = row.low === null ? WHY[row.no_interval] : `${row.low.toFixed(2)} to ${row.high.toFixed(2)}`;
    const cells = [row.cases, row.patients, `${(100 * row.agree).toFixed(0)} %`, row.kappa === null ? "–" : row.kappa.toFixed(2), interval];
    for (const cell of cells) line.insertCell().textContent = cell;
  }
  box.append(made);
  return box;
}

function text(tag, content, kind = "") {
  const element = document.createElement(tag);
  element.textContent = content;
  if (kind) element.className = kind;
  return element;
}
