// The findings of one case: what the model says, the label given, and what the reader says.

import { OUTCOMES, outcome } from "./outcomes.js";
import { percent } from "./list.js";

const $ = (id) => document.getElementById(id);
const READINGS = [["present", "Present"], ["absent", "Absent"], ["unsure", "Unsure"]];
const COMMENT_MS = 600;

export class Panel {
  constructor(state, { onRead, onFinding, onRevealed, onAllAbsent }) {
    Object.assign(this, { state, onRead, onFinding });
    this.finding = 0;
    this.timer = null;
    $("findings").addEventListener("click", (event) => this.clicked(event));
    $("comment").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.keepComment(), COMMENT_MS);
    });
    for (const kind of ["blur", "change"]) $("comment").addEventListener(kind, () => this.keepComment());
    document.addEventListener("visibilitychange", () => document.hidden && this.keepComment());
    $("blind").addEventListener("click", (event) => {
      if (event.target.id === "show-model") onRevealed();
      if (event.target.id === "rest-absent") onAllAbsent();
    });
  }

  get label() {
    return this.state.labels[this.finding].name;
  }

  reading(name = this.label) {
    return this.state.readings[this.state.chosen]?.[name] ?? { reading: "", comment: "" };
  }

  choose(finding) {
    this.keepComment();
    const last = this.state.labels.length - 1;
    this.finding = Math.min(Math.max(finding, 0), last);
    this.paint();
    $("findings").children[this.finding]?.scrollIntoView({ block: "nearest" });
    this.onFinding();
  }

  read(reading) {
    clearTimeout(this.timer);
    this.onRead(this.label, reading, $("comment").value);
    this.paint();
  }

  // Save a comment that was typed for the finding that it was typed for.
  keepComment() {
    clearTimeout(this.timer);
    const own = this.reading();
    const typed = $("comment").value.trim();
    if (this.shownFor !== `${this.state.chosen} ${this.label}` || typed === own.comment.trim()) return;
    this.onRead(this.label, own.reading, typed);
  }

  clicked(event) {
    const row = event.target.closest("[data-finding]");
    if (!row) return;
    const chosen = Number(row.dataset.finding);
    if (chosen !== this.finding) this.choose(chosen);
    const { reading } = event.target.dataset;
    if (reading !== undefined) {
      this.read(this.reading().reading === reading ? "" : reading);
      $("findings").children[this.finding].querySelector(`[data-reading=${reading}]`).focus();
    }
  }

  paint() {
    const row = this.state.cases[this.state.chosen];
    document.body.classList.toggle("closed", !row?.open);
    const focused = document.activeElement?.closest?.("#findings [data-finding]") ? document.activeElement : null;
    const kept = focused && [focused.closest("[data-finding]").dataset.finding, focused.dataset.reading ?? "choose"];
    $("findings").replaceChildren(...this.state.labels.map((label, column) => this.row(label, column, row)));
    if (kept) {
      const again = $("findings").children[kept[0]];
      (kept[1] === "choose" ? again.querySelector(".choose") : again.querySelector(`[data-reading=${kept[1]}]`))?.focus();
    }
    this.paintBlind(row);
    const now = `${this.state.chosen} ${this.label}`;
    // What somebody types is not replaced.
    if (this.shownFor !== now || document.activeElement !== $("comment")) $("comment").value = this.reading().comment;
    this.shownFor = now;
    $("comment-label").textContent = `Comment on ${this.label.replaceAll("_", " ")}`;
  }

  paintBlind(row) {
    const box = $("blind");
    box.hidden = !this.state.blind || !row || row.open;
    if (box.hidden) return;
    const left = this.state.labels.filter(({ name }) => !this.reading(name).reading).length;
    const all = this.state.labels.length;
    box.replaceChildren(
      paragraph(left ? `Blind: the model is shown after you read all findings (${all - left} of ${all} read).`
        : "All findings are read. What you change after seeing the model does not count for the agreement."),
      button("rest-absent", "All others absent", left === 0, "R"),
      button("show-model", "Show the model", left > 0, "M"),
    );
  }

  row(label, column, row) {
    const element = document.createElement("div");
    element.className = "finding";
    element.dataset.finding = column;
    const chosen = column === this.finding;
    element.classList.toggle("chosen", chosen);
    const name = label.name.replaceAll("_", " ");
    const head = document.createElement("button");
    head.type = "button";
    head.className = "choose";
    head.textContent = name;
    head.setAttribute("aria-pressed", chosen);
    const readings = document.createElement("div");
    readings.className = "readings";
    readings.setAttribute("role", "group");
    readings.setAttribute("aria-label", `${name} is`);
    const own = this.reading(label.name);
    for (const [reading, text] of READINGS) {
      const each = document.createElement("button");
      each.type = "button";
      each.dataset.reading = reading;
      each.textContent = text;
      each.setAttribute("aria-pressed", own.reading === reading);
      readings.append(each);
    }
    const line = document.createElement("div");
    line.className = "head";
    line.append(head, readings);
    element.append(line);
    if (row?.open) element.append(this.model(label, column, row));
    if (own.comment && !chosen) element.append(paragraph(own.comment, "said-before"));
    return element;
  }

  model(label, column, row) {
    const box = document.createElement("div");
    box.className = "of-model";
    const probability = row.probabilities[column];
    const threshold = row.thresholds[column];
    box.append(bar(probability, threshold, row.calls[column]));
    const found = outcome(row, column);
    const call = row.calls[column];
    const first = [
      probability === null ? "no probability" : percent(probability),
      threshold === null ? "no threshold" : `threshold ${percent(threshold)}`,
      label.calibrated ? "" : "not calibrated",
    ];
    const second = [
      call === null ? "" : `called ${call ? "present" : "absent"}`,
      row.given[column] === null ? "label unknown" : `label ${row.given[column] === 1 ? "present" : "absent"}`,
    ];
    const text = paragraph("", "numbers");
    for (const parts of [first, second]) {
      const line = document.createElement("span");
      line.textContent = parts.filter(Boolean).join(" · ");
      text.append(line);
    }
    if (found) {
      const badge = document.createElement("abbr");
      badge.className = `outcome ${found}`;
      badge.textContent = found;
      badge.title = OUTCOMES[found];
      text.lastChild.prepend(badge, " ");
    }
    box.append(text);
    return box;
  }
}

// Calibrated probabilities of rare findings are small: the root spreads them.
const place = (share) => `${100 * Math.sqrt(share)}%`;

function bar(probability, threshold, call) {
  const box = document.createElement("div");
  box.className = "bar";
  box.setAttribute("role", "img");
  const words = probability === null ? "no probability" : `probability ${percent(probability)}`;
  box.setAttribute("aria-label", threshold === null ? words : `${words}, threshold ${percent(threshold)}`);
  if (probability !== null) {
    const fill = document.createElement("div");
    fill.className = call ? "fill called" : "fill";
    fill.style.width = place(probability);
    box.append(fill);
  }
  if (threshold !== null) {
    const line = document.createElement("div");
    line.className = "threshold";
    line.style.left = place(threshold);
    box.append(line);
  }
  return box;
}

function paragraph(text, kind = "") {
  const element = document.createElement("p");
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function button(id, text, disabled, key) {
  const element = document.createElement("button");
  Object.assign(element, { type: "button", id, textContent: text, disabled, title: `${text} (${key})` });
  return element;
}
