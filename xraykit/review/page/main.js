// The page of a review: one state, and what happens when the reader does something.

import { showAgreement } from "./agreement.js";
import { bytes, get, post, save, setReader, unsaved } from "./api.js";
import { listen } from "./keys.js";
import { List } from "./list.js";
import { readState } from "./outcomes.js";
import { Panel } from "./panel.js";
import { coloured, radiograph } from "./pixels.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);
const STEP = 0.05;
const MOVE = 60;
const state = { labels: [], cases: [], readings: {}, flags: { checked: 0, of: null, found: {} }, chosen: null, blind: false };
let detail = null;
let list;
let panel;
let viewer;

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

// What fails is said, and the page goes on.
const told = (work) => async (...given) => {
  try {
    return await work(...given);
  } catch (error) {
    trouble(error.message);
    return undefined;
  }
};

// The reader.

const remembered = "xraykit-review-reader";

function askReader(proposed) {
  $("reader-name").value = sessionStorage.getItem(remembered) ?? proposed;
  $("reader-dialog").addEventListener("cancel", (event) => event.preventDefault());
  $("reader-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    setReader($("reader-name").value);
    try {
      await open();
      sessionStorage.setItem(remembered, $("reader-name").value);
      $("reader-dialog").close();
      $("list").focus();
    } catch (error) {
      $("reader-trouble").textContent = error.message;
    }
  });
  $("reader-dialog").showModal();
}

async function open() {
  const found = await get("/api/overview");
  Object.assign(state, found);
  document.title = `${found.title} – review`;
  $("title").textContent = found.title;
  document.body.classList.toggle("is-blind", found.blind);
  list.fill();
  list.flagsChanged();
  progress();
  if (list.numbers.length) await choose(list.numbers[0]);
  watchFlags();
}

async function watchFlags() {
  while (state.flags.of !== null && state.flags.checked < state.flags.of) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    try {
      state.flags = await get("/api/flags");
    } catch {
      continue;
    }
    list.flagsChanged();
  }
}

// A case.

const choose = told(async (number) => {
  if (number === undefined || number === null) return;
  if (state.chosen !== null) panel.keepComment();
  state.chosen = number;
  detail = null;
  const row = state.cases[number];
  $("case-name").textContent = `Case ${number + 1}${row.name ? ` · ${row.name}` : ""}`;
  list.reveal();
  panel.paint();
  facts();
  const found = await get(`/api/cases/${number}`);
  if (state.chosen !== number) return;
  detail = found;
  facts();
  await viewer.show(number, detail, row);
  if (state.chosen === number) paintOver();
  ahead();
});

// The next case is fetched while this one is read.
function ahead() {
  const next = list.beside(1);
  if (next !== undefined) get(`/api/cases/${next}`).then((found) => radiograph(found.picture)).catch(() => {});
}

function aboutPicture({ view, sex, age }) {
  const years = age === undefined ? "" : `${Math.round(age * 10) / 10} years`;
  return [view, sex === "M" ? "male" : sex === "F" ? "female" : sex, years].filter(Boolean).join(", ");
}

function facts() {
  $("facts").textContent = detail ? aboutPicture(detail) : "";
  const flags = Object.entries(detail?.flags ?? {});
  $("flags").replaceChildren(...flags.map(([name, reason]) => {
    const item = document.createElement("li");
    const box = document.createElement("details");
    const head = document.createElement("summary");
    head.textContent = `Flag: ${name.replaceAll("_", " ")}`;
    box.append(head, reason);
    item.append(box);
    return item;
  }));
}

const paintOver = told(async () => {
  if (!detail) return;
  const row = state.cases[state.chosen];
  viewer.setBoxes(detail.boxes ?? {}, panel.label);
  await viewer.setHeat(row.open && !row.error ? () => heatMap(state.chosen, panel.finding) : null);
});

const maps = new Map();

async function heatMap(number, finding) {
  const key = `${number} ${finding}`;
  if (!maps.has(key)) {
    if (maps.size > 200) maps.clear();
    maps.set(key, coloured(await bytes(`/api/cases/${number}/heat/${finding}`)));
  }
  return maps.get(key);
}

// Readings.

function progress() {
  const done = state.cases.filter((_, number) => readState(state.readings[number], state.labels) === "yes").length;
  const begun = state.cases.filter((_, number) => readState(state.readings[number], state.labels) === "some").length;
  $("progress").textContent = `${state.blind ? "Blind · " : ""}${state.reader} · ${done} of ${state.cases.length} read` +
    `${begun ? `, ${begun} begun` : ""}`;
}

function read(label, reading, comment) {
  const number = state.chosen;
  const own = (state.readings[number] ??= {});
  own[label] = { ...own[label], reading, comment };
  $("saved").textContent = "Saving …";
  save({ case: number, label, reading, comment }, {
    onSaved: (saved) => {
      $("saved").textContent = unsaved() ? "Saving …" : `Saved ${new Date(saved.at).toTimeString().slice(0, 8)}`;
      if (!unsaved()) trouble("");
    },
    onTrouble: (error) => {
      $("saved").textContent = "Not saved";
      trouble(`Not saved: ${error.message}`);
    },
  });
  progress();
  list.paint();
  panel.paint();
}

function allAbsent() {
  if (!state.blind || state.cases[state.chosen].open) return;
  for (const { name } of state.labels) {
    const own = panel.reading(name);
    if (!own.reading) read(name, "absent", own.comment);
  }
}

const showModel = told(async () => {
  if (!state.blind || state.cases[state.chosen].open) return;
  const number = state.chosen;
  panel.keepComment();
  while (unsaved()) await new Promise((resolve) => setTimeout(resolve, 50));
  state.cases[number] = await post("/api/reveal", { case: number });
  await choose(number);
  list.refresh();
  if (state.cases.every((row) => row.open)) await showAgreement();
});

// The page itself.

function theme() {
  const key = "xraykit-review-theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const now = () => localStorage.getItem(key) ?? (dark.matches ? "dark" : "light");
  const paint = () => {
    document.documentElement.dataset.theme = now();
    $("theme").textContent = now() === "dark" ? "Light" : "Dark";
  };
  $("theme").addEventListener("click", () => {
    localStorage.setItem(key, now() === "dark" ? "light" : "dark");
    paint();
  });
  dark.addEventListener("change", paint);
  paint();
}

function toggleCases(shown) {
  document.body.classList.toggle("cases-shown", shown);
  $("cases-toggle").setAttribute("aria-expanded", String(document.body.classList.contains("cases-shown")));
  list.paint();
}

const actions = {
  previous: () => choose(list.beside(-1)),
  next: () => choose(list.beside(1)),
  nextUnread: () => choose(list.nextUnread()),
  findingBefore: () => panel.choose(panel.finding - 1),
  findingAfter: () => panel.choose(panel.finding + 1),
  present: () => panel.read("present"),
  absent: () => panel.read("absent"),
  unsure: () => panel.read("unsure"),
  clear: () => panel.read(""),
  comment: () => $("comment").focus(),
  allAbsent,
  showModel,
  heat: () => viewer.toggleHeat(),
  paler: () => viewer.changeOpacity(-STEP),
  stronger: () => viewer.changeOpacity(STEP),
  boxes: () => viewer.toggleBoxes(),
  invert: () => viewer.toggleInvert(),
  zoomIn: () => viewer.main.zoom(1.25),
  zoomOut: () => viewer.main.zoom(0.8),
  fit: () => viewer.fit(),
  original: () => viewer.main.original(),
  move: (right, down) => viewer.main.pan(right * MOVE, down * MOVE),
  narrower: () => viewer.main.changeWindow(-STEP, 0),
  wider: () => viewer.main.changeWindow(STEP, 0),
  lower: () => viewer.main.changeWindow(0, -STEP),
  higher: () => viewer.main.changeWindow(0, STEP),
  resetWindow: () => viewer.main.setWindow(null),
  drag: () => viewer.toggleDrag(),
  prior: () => viewer.togglePrior(),
  priorBefore: () => viewer.stepPrior(1),
  priorAfter: () => viewer.stepPrior(-1),
  filters: () => {
    toggleCases(true);
    $(state.blind ? "f-read" : "f-finding").focus();
  },
  list: () => {
    toggleCases(true);
    $("list").focus();
  },
  keys: () => $("keys").showModal(),
};

const BUTTONS = {
  "zoom-in": actions.zoomIn, "zoom-out": actions.zoomOut, fit: actions.fit, original: actions.original,
  invert: actions.invert, drag: actions.drag, prior: actions.prior, heat: actions.heat, boxes: actions.boxes,
  "reset-window": actions.resetWindow, "prior-before": actions.priorBefore, "prior-after": actions.priorAfter,
  previous: actions.previous, next: actions.next,
};

theme();
list = new List(state, (number) => {
  choose(number);
  if (matchMedia("(max-width: 45rem)").matches) toggleCases(false);
});
panel = new Panel(state, { onRead: read, onFinding: () => paintOver(), onRevealed: showModel, onAllAbsent: allAbsent });
viewer = new Viewer(trouble);
listen(actions);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) BUTTONS[button.dataset.do]();
  if (event.target.matches("[data-close]")) event.target.closest("dialog").close();
});
$("cases-toggle").addEventListener("click", () => toggleCases());
$("keys-open").addEventListener("click", actions.keys);
$("agreement-open").addEventListener("click", told(showAgreement));
addEventListener("beforeunload", (event) => {
  if (state.chosen !== null) panel.keepComment();
  if (unsaved()) event.preventDefault();
});
told(async () => askReader((await get("/api/start")).reader))();
