// The list of cases and its filters. Only the rows in sight are in the page, so that thousands scroll smoothly.

import { filtered, outcome, readState } from "./outcomes.js";

const ROW = 52;
const BEYOND = 6;
const $ = (id) => document.getElementById(id);

export class List {
  constructor(state, onChoose) {
    this.state = state;
    this.onChoose = onChoose;
    this.numbers = [];
    this.box = $("list");
    this.box.addEventListener("scroll", () => this.paint());
    this.box.addEventListener("click", (event) => {
      const row = event.target.closest("[data-case]");
      if (row) onChoose(Number(row.dataset.case));
    });
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    $("filters").addEventListener("input", () => this.refresh());
    $("f-reset").addEventListener("click", () => {
      $("filters").reset();
      this.refresh();
    });
    new ResizeObserver(() => this.paint()).observe(this.box);
  }

  fill() {
    const { labels } = this.state;
    const any = new Option("any", "");
    $("f-finding").replaceChildren(any, ...labels.map(({ name }, column) => new Option(name.replaceAll("_", " "), column)));
    this.refresh();
  }

  get filters() {
    const outcomes = [...document.querySelectorAll("[name=outcome]:checked")].map((box) => box.value);
    const of = (id) => $(id).value;
    return {
      finding: of("f-finding"), call: of("f-call"), disagree: of("f-disagree"), flag: of("f-flag"),
      read: of("f-read"), order: of("f-order"), outcomes,
    };
  }

  refresh() {
    this.numbers = filtered(this.state, this.filters);
    const all = this.state.cases.length;
    $("count").textContent = this.numbers.length === all ? `${all} cases` : `${this.numbers.length} of ${all} cases`;
    $("rows").style.height = `${this.numbers.length * ROW}px`;
    this.paint();
  }

  flagsChanged() {
    const { checked, of, found } = this.state.flags;
    const names = [...new Set(Object.values(found).flat())].sort();
    const chosen = $("f-flag").value;
    const fixed = [...$("f-flag").options].slice(0, 3);
    $("f-flag").replaceChildren(...fixed, ...names.map((name) => new Option(name.replaceAll("_", " "), name)));
    $("f-flag").value = chosen;
    $("flags-progress").textContent = of === null ? "No input check: flags are unknown."
      : checked < of ? `Input check: ${checked} of ${of} radiographs` : "";
    if (chosen) this.refresh();
    else this.paint();
  }

  // The case before or after the chosen one among those in the list; the first if the chosen one is not in it.
  beside(step) {
    const at = this.numbers.indexOf(this.state.chosen);
    return at < 0 ? this.numbers[0] : this.numbers[at + step];
  }

  nextUnread() {
    const at = this.numbers.indexOf(this.state.chosen);
    const order = [...this.numbers.slice(at + 1), ...this.numbers.slice(0, at + 1)];
    return order.find((number) => readState(this.state.readings[number], this.state.labels) !== "yes");
  }

  reveal() {
    const at = this.numbers.indexOf(this.state.chosen);
    if (at < 0) return this.paint();
    const top = at * ROW;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.box.scrollTop = top + ROW - clientHeight;
    this.paint();
  }

  pressed(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || !this.numbers.length) return;
    event.preventDefault();
    event.stopPropagation();
    const at = Math.max(0, this.numbers.indexOf(this.state.chosen));
    const to = Math.min(Math.max(at + steps[event.key], 0), this.numbers.length - 1);
    this.onChoose(this.numbers[to]);
  }

  paint() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - BEYOND);
    const last = Math.min(this.numbers.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + BEYOND);
    $("rows").replaceChildren(...this.numbers.slice(first, last).map((number, at) => this.row(number, first + at)));
    if (this.numbers.includes(this.state.chosen)) this.box.setAttribute("aria-activedescendant", `case-${this.state.chosen}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  row(number, at) {
    const row = document.createElement("div");
    row.id = `case-${number}`;
    row.className = "row";
    row.dataset.case = number;
    row.style.top = `${at * ROW}px`;
    const of = { role: "option", "aria-selected": number === this.state.chosen, "aria-setsize": this.numbers.length, "aria-posinset": at + 1 };
    for (const [name, value] of Object.entries(of)) row.setAttribute(name, value);
    const { labels, readings, cases } = this.state;
    const read = readState(readings[number], labels);
    const marks = { yes: "●", some: "◐", no: "○" };
    const words = { yes: "read completely", some: "begun", no: "not read" };
    row.append(
      part("mark", marks[read], words[read]),
      part("name", `${number + 1}${cases[number].name ? ` · ${cases[number].name}` : ""}`),
      part("said", cases[number].error ? "cannot be read" : this.said(number)),
    );
    return row;
  }

  said(number) {
    const row = this.state.cases[number];
    const flagged = (this.state.flags.found[number] ?? []).length ? " · flagged" : "";
    if (!row.open) return "";
    const { finding } = this.filters;
    if (finding !== "") {
      const column = Number(finding);
      const found = outcome(row, column);
      const probability = row.probabilities[column];
      return `${probability === null ? "no probability" : percent(probability)}${found ? ` · ${found}` : ""}${flagged}`;
    }
    const found = this.state.labels.map((_, column) => outcome(row, column));
    const counts = ["TP", "FP", "FN"].map((kind) => [kind, found.filter((each) => each === kind).length]);
    const shown = counts.filter(([, count]) => count).map(([kind, count]) => `${count} ${kind}`);
    if (found.some(Boolean)) return `${shown.join(" · ") || "all TN"}${flagged}`;
    const called = row.calls.filter(Boolean).length;
    return `${called ? `${called} called present` : "none called present"}${flagged}`;
  }
}

export const percent = (share) => {
  const value = 100 * share;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value > 99.9 && value < 100) return "> 99.9 %";
  return value < 10 ? `${Number(value.toPrecision(2))} %` : `${Math.round(value)} %`;
};

function part(kind, text, title = "") {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  if (title) {
    element.title = title;
    element.setAttribute("aria-label", title);
    element.setAttribute("role", "img");
  }
  return element;
}
