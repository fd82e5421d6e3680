// The end of a blind review: agreement of readers with the model, with the labels given, and with each other.

import { get } from "./api.js";

const two = (value) => value.toFixed(2).replace(/^-(0\.0*)$/, "$1");
const $ = (id) => document.getElementById(id);
const WHY = {
  not_estimable: "not estimable", few_patients: "fewer than 10 patients", no_variation: "no variation",
};

export async function showAgreement() {
  const { rows, readers } = await get("/api/agreement");
  const pairs = Map.groupBy ? Map.groupBy(rows, pairOf) : grouped(rows);
  const body = [text("p", "Cohen's kappa: agreement beyond chance, 1 for complete agreement and 0 for none. The 95 % " +
    "intervals are over patients. Readings made before the model was shown count; what a reader is unsure of does not.")];
  for (const { reader, blind, begun, changed, sighted } of readers) {
    const rest = [
      begun && `${begun} of radiographs whose model is not shown yet, which do not count yet`,
      sighted && `${sighted} made with the model in view, which do not count`,
    ].filter(Boolean);
    body.push(text("p", `${reader}: ${blind} blind readings, ${changed} of them changed after the model was seen` +
      `${rest.length ? `; ${rest.join("; ")}` : ""}.`, "soft"));
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
    const interval = row.low === null ? WHY[row.no_interval] : `${two(row.low)} to ${two(row.high)}`;
    const cells = [row.cases, row.patients, `${(100 * row.agree).toFixed(0)} %`, row.kappa === null ? "–" : two(row.kappa), interval];
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
