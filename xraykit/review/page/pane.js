// One radiograph on the screen: zoom, pan and window by mouse, touch and keys; heat map and boxes over it.

import { drawn, ownWindow } from "./pixels.js";

const MOST_SCALE = 32;
const STEP = 1.25;

export class Pane {
  constructor(canvas, { onView, onWindow }) {
    this.canvas = canvas;
    this.source = document.createElement("canvas");
    this.onView = onView;
    this.onWindow = onWindow;
    this.picture = null;
    this.window = null;
    this.inverted = false;
    this.dragsWindow = false;
    this.heat = null;
    this.opacity = 0.5;
    this.boxes = [];
    this.fitted = true;
    this.view = { scale: 1, x: 0.5, y: 0.5 }; // The point of the picture (0-1) in the middle, and pixels per pixel.
    this.pointers = new Map();
    this.listen();
    new ResizeObserver(() => this.resized()).observe(canvas);
  }

  show(picture, { keepView = false } = {}) {
    const same = keepView && this.picture && !this.fitted;
    this.picture = picture;
    this.heat = null;
    this.boxes = [];
    this.window = null;
    if (picture) {
      drawn(picture, this.window, this.inverted, this.source);
      if (!same) this.fit();
    }
    this.paint();
  }

  setWindow(window) {
    this.window = window;
    this.redraw();
    this.onWindow(this);
  }

  setInverted(inverted) {
    this.inverted = inverted;
    this.redraw();
  }

  redraw() {
    if (this.picture) drawn(this.picture, this.window, this.inverted, this.source);
    this.paint();
  }

  get ratio() {
    return window.devicePixelRatio || 1;
  }

  resized() {
    const box = this.canvas.getBoundingClientRect();
    if (!box.width || !box.height) return;
    this.canvas.width = Math.round(box.width * this.ratio);
    this.canvas.height = Math.round(box.height * this.ratio);
    if (this.fitted) this.fit();
    this.paint();
  }

  get fitScale() {
    if (!this.picture) return 1;
    return Math.min(this.canvas.width / this.picture.width, this.canvas.height / this.picture.height);
  }

  fit() {
    this.fitted = true;
    this.setView({ scale: this.fitScale, x: 0.5, y: 0.5 });
  }

  original() {
    this.fitted = false;
    this.setView({ ...this.view, scale: 1 });
  }

  // Zoom so that the point under (x, y), in pixels of the canvas, stays where it is.
  zoom(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    if (!this.picture) return;
    const { width, height } = this.picture;
    const before = this.view;
    const least = Math.min(this.fitScale, 1) / 2;
    const scale = Math.min(Math.max(before.scale * factor, least), MOST_SCALE);
    const moved = (x - this.canvas.width / 2) * (1 / before.scale - 1 / scale);
    const risen = (y - this.canvas.height / 2) * (1 / before.scale - 1 / scale);
    this.fitted = false;
    this.setView({ scale, x: before.x + moved / width, y: before.y + risen / height });
  }

  // Move the picture by pixels of the canvas.
  pan(right, down) {
    if (!this.picture) return;
    this.fitted = false;
    const { scale, x, y } = this.view;
    this.setView({
      scale,
      x: x - right / scale / this.picture.width,
      y: y - down / scale / this.picture.height,
    });
  }

  setView(view, { quiet = false } = {}) {
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    this.view = { scale: view.scale, x: inside(view.x), y: inside(view.y) };
    this.paint();
    if (!quiet) this.onView(this);
  }

  changeWindow(wider, higher) {
    if (!this.picture) return;
    const [centre, width] = this.window ?? ownWindow(this.picture);
    const range = Math.max(this.picture.high - this.picture.low, 1);
    this.setWindow([centre + higher * range, Math.max(width + wider * range, range / 256, 1)]);
  }

  paint() {
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.picture) return;
    const { width, height } = this.picture;
    const { scale, x, y } = this.view;
    context.setTransform(scale, 0, 0, scale, this.canvas.width / 2 - x * width * scale,
      this.canvas.height / 2 - y * height * scale);
    context.imageSmoothingEnabled = scale < 2;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.source, 0, 0);
    if (this.heat) {
      context.globalAlpha = this.opacity;
      context.imageSmoothingEnabled = true;
      context.drawImage(this.heat, 0, 0, width, height);
      context.globalAlpha = 1;
    }
    for (const { box, chosen, name } of this.boxes) this.paintBox(context, box, chosen, name);
  }

  paintBox(context, [left, top, wide, high], chosen, name) {
    const { width, height } = this.picture;
    const line = (chosen ? 2 : 1) * this.ratio / this.view.scale;
    context.lineWidth = line;
    context.strokeStyle = "#56b4e9";
    context.setLineDash(chosen ? [] : [4 * line, 3 * line]);
    context.strokeRect(left * width, top * height, wide * width, high * height);
    context.setLineDash([]);
    // On a small screen the names of all boxes would cover each other.
    if (!chosen && Math.min(this.canvas.width, this.canvas.height) < 320 * this.ratio) return;
    const size = 12 * this.ratio / this.view.scale;
    context.font = `${size}px system-ui, sans-serif`;
    const at = Math.max(top * height - size / 3, size);
    context.lineWidth = size / 5;
    context.strokeStyle = "#000";
    context.strokeText(name, left * width, at);
    context.fillStyle = "#8fd0f5";
    context.fillText(name, left * width, at);
  }

  listen() {
    const { canvas } = this;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: (event.clientX - box.left) * this.ratio, y: (event.clientY - box.top) * this.ratio };
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, at(event));
      this.forWindow = event.button === 2 || event.shiftKey || this.dragsWindow;
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = this.pointers.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
      this.pointers.set(event.pointerId, now);
      if (other) this.pinched(before, now, other);
      else if (this.forWindow) {
        this.changeWindow((now.x - before.x) / canvas.width, (now.y - before.y) / canvas.height);
      } else this.pan(now.x - before.x, now.y - before.y);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", () => this.fit());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { x, y } = at(event);
      this.zoom(event.deltaY < 0 ? STEP : 1 / STEP, x, y);
    }, { passive: false });
  }

  pinched(before, now, other) {
    const apart = (point) => Math.hypot(point.x - other.x, point.y - other.y);
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    if (apart(before) > 0) this.zoom(apart(now) / apart(before), middle.x, middle.y);
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }
}
