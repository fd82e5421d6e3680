// The radiograph and its prior side by side, with their tools.

import { Pane } from "./pane.js";
import { fullRange, ownWindow, radiograph } from "./pixels.js";

const $ = (id) => document.getElementById(id);
const shown = (value) => (Math.abs(value) >= 10 ? String(Math.round(value)) : value.toFixed(1));

export class Viewer {
  constructor(onTrouble) {
    this.onTrouble = onTrouble;
    const of = (id) => $(id).querySelector("canvas");
    const linked = { onView: (pane) => this.moved(pane), onWindow: () => this.paintTools() };
    this.main = new Pane(of("main-pane"), linked);
    this.prior = new Pane(of("prior-pane"), { ...linked, onWindow: () => {} });
    this.others = [];
    this.step = 0;
    this.wantsPrior = true;
    this.wantsHeat = false;
    this.wantsBoxes = true;
    this.heatOf = null;
    this.boxes = [];
    $("opacity").addEventListener("input", () => this.setOpacity($("opacity").value / 100));
    $("preset").addEventListener("input", () => this.preset());
    for (const id of ["centre", "width"]) {
      $(id).addEventListener("input", () => this.main.setWindow([Number($("centre").value), Number($("width").value)]));
    }
  }

  async show(number, detail, row) {
    this.number = number;
    this.others = detail.others;
    this.step = 0;
    const caption = $("main-pane").querySelector("figcaption");
    this.main.canvas.setAttribute("aria-label", `Radiograph of case ${number + 1}`);
    if (row.error) {
      caption.textContent = row.error;
      this.main.show(null);
      return;
    }
    caption.textContent = "Loading …";
    this.main.show(null);
    const [picture] = await Promise.all([radiograph(detail.picture), this.showPrior()]);
    if (this.number !== number) return;
    this.main.show(picture);
    caption.textContent = `${picture.width} × ${picture.height} pixels${picture.windows.length ? ", window of the file" : ""}`;
    this.tools(picture);
  }

  async showPrior() {
    const other = this.others[this.step];
    $("prior-pane").hidden = !other || !this.wantsPrior;
    const button = document.querySelector("[data-do=prior]");
    button.disabled = !other;
    button.textContent = other ? `Prior (${this.others.length})` : "No prior";
    this.main.resized();
    if (!other || !this.wantsPrior) return this.prior.show(null);
    const { number, step } = this;
    const when = other.earlier ? "earlier" : "later";
    const years = other.age === undefined ? "" : `, ${Math.round(other.age * 10) / 10} years`;
    const caption = $("prior-pane").querySelector("figcaption");
    caption.textContent = `${when} radiograph${years}${other.view ? `, ${other.view}` : ""} (${step + 1} of ${this.others.length})`;
    this.prior.canvas.setAttribute("aria-label", `Same patient, ${when} radiograph`);
    let picture = null;
    try {
      picture = await radiograph(other.picture);
    } catch (error) {
      caption.textContent = error.message;
    }
    if (this.number !== number || this.step !== step) return undefined;
    return this.prior.show(picture);
  }

  stepPrior(step) {
    const to = Math.min(Math.max(this.step + step, 0), this.others.length - 1);
    if (to === this.step || !this.wantsPrior) return;
    this.step = to;
    this.showPrior();
  }

  togglePrior() {
    this.wantsPrior = !this.wantsPrior;
    pressed("prior", this.wantsPrior);
    this.showPrior();
  }

  // Both radiographs show the same place at the same share of their fit.
  moved(pane) {
    $("zoom").textContent = `${Math.round(100 * this.main.view.scale)} %`;
    const other = pane === this.main ? this.prior : this.main;
    if (!pane.picture || !other.picture) return;
    const { scale, x, y } = pane.view;
    other.fitted = pane.fitted;
    other.setView({ scale: (scale / pane.fitScale) * other.fitScale, x, y }, { quiet: true });
    $("zoom").textContent = `${Math.round(100 * this.main.view.scale)} %`;
  }

  fit() {
    this.main.fit();
  }

  tools(picture) {
    const windows = picture.windows.map(([centre, width], at) => new Option(`window ${at + 1}: ${shown(centre)} / ${shown(width)}`, at));
    $("preset").replaceChildren(new Option("as the network sees it", "own"), ...windows, new Option("all values", "full"), new Option("chosen", "chosen"));
    const range = Math.max(picture.high - picture.low, 1);
    Object.assign($("centre"), { min: picture.low - range / 4, max: picture.high + range / 4, step: range / 256 });
    Object.assign($("width"), { min: Math.max(range / 256, 1), max: 2 * range, step: range / 256 });
    this.paintTools();
  }

  preset() {
    const { picture } = this.main;
    const chosen = $("preset").value;
    if (!picture || chosen === "chosen") return;
    this.main.setWindow(chosen === "own" ? null : chosen === "full" ? fullRange(picture) : picture.windows[chosen]);
  }

  paintTools() {
    const { picture, window } = this.main;
    if (!picture) return;
    const same = (other) => window && other.every((value, at) => Math.abs(value - window[at]) < 1e-6);
    const at = picture.windows.findIndex(same);
    $("preset").value = !window ? "own" : at >= 0 ? at : same(fullRange(picture)) ? "full" : "chosen";
    const [centre, width] = window ?? ownWindow(picture);
    $("centre").value = centre;
    $("width").value = width;
    $("centre-value").textContent = shown(centre);
    $("width-value").textContent = shown(width);
  }

  toggleInvert() {
    this.main.setInverted(!this.main.inverted);
    this.prior.setInverted(this.main.inverted);
    pressed("invert", this.main.inverted);
  }

  toggleDrag() {
    this.main.dragsWindow = this.prior.dragsWindow = !this.main.dragsWindow;
    pressed("drag", this.main.dragsWindow);
  }

  toggleBoxes() {
    this.wantsBoxes = !this.wantsBoxes;
    pressed("boxes", this.wantsBoxes);
    this.paintBoxes();
  }

  setBoxes(boxes, chosen) {
    this.boxes = Object.entries(boxes).flatMap(([name, some]) =>
      some.map((box) => ({ box, chosen: name === chosen, name: name.replaceAll("_", " ") })));
    document.querySelector("[data-do=boxes]").disabled = !this.boxes.length;
    this.paintBoxes();
  }

  paintBoxes() {
    this.main.boxes = this.wantsBoxes ? this.boxes : [];
    this.main.paint();
  }

  // The heat map of what is chosen now: fetched only if it is wanted.
  async setHeat(heatOf) {
    this.heatOf = heatOf;
    document.querySelector("[data-do=heat]").disabled = !heatOf;
    await this.paintHeat();
  }

  async paintHeat() {
    const { heatOf } = this;
    this.main.heat = null;
    this.main.paint();
    if (!heatOf || !this.wantsHeat) return;
    const button = document.querySelector("[data-do=heat]");
    button.classList.add("busy");
    try {
      const heat = await heatOf();
      if (this.heatOf === heatOf && this.wantsHeat) this.main.heat = heat;
    } catch (error) {
      this.onTrouble(error.message);
    }
    button.classList.remove("busy");
    this.main.paint();
  }

  toggleHeat() {
    this.wantsHeat = !this.wantsHeat;
    document.body.classList.toggle("with-heat", this.wantsHeat);
    pressed("heat", this.wantsHeat);
    return this.paintHeat();
  }

  setOpacity(opacity) {
    this.main.opacity = opacity;
    this.main.paint();
  }

  changeOpacity(step) {
    $("opacity").value = 100 * Math.min(Math.max(this.main.opacity + step, 0), 1);
    this.setOpacity($("opacity").value / 100);
  }
}

function pressed(name, is) {
  document.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", is);
}
