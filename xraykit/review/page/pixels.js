// Radiographs as the server packs them, and their greys under a window; heat maps as coloured pictures.

import { bytes } from "./api.js";

const MOST_KEPT = 6;
const kept = new Map();

// A radiograph with all its values; the last few are kept in memory.
export async function radiograph(number) {
  if (kept.has(number)) {
    const found = kept.get(number);
    kept.delete(number);
    kept.set(number, found);
    return found;
  }
  const picture = unpacked(await bytes(`/api/pictures/${number}`));
  kept.set(number, picture);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return picture;
}

function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let start = 4 + length;
  const values = new Float32Array(buffer, start, facts.count);
  start += 4 * facts.count;
  const greys = new Uint8Array(buffer, start, facts.count);
  start += Math.ceil(facts.count / 4) * 4;
  const Kind = facts.sample_bytes === 1 ? Uint8Array : Uint16Array;
  const positions = new Kind(buffer, start, facts.width * facts.height);
  const known = values.filter((value) => !Number.isNaN(value));
  const low = known.reduce((a, b) => Math.min(a, b), Infinity);
  const high = known.reduce((a, b) => Math.max(a, b), -Infinity);
  return { ...facts, values, greys, positions, low, high };
}

// All values from black to white.
export const fullRange = (picture) => [(picture.low + picture.high + 1) / 2, picture.high - picture.low + 1];

// Where a reader begins who changes the window: that of the file, or all values.
export const ownWindow = (picture) => picture.windows[0] ?? fullRange(picture);

// The grey of each position; without a window that of the file (DICOM PS3.3, C.11.2.1.2: linear).
export function greysUnder(picture, window, inverted) {
  const greys = new Uint8Array(picture.count);
  for (let at = 0; at < picture.count; at += 1) {
    const value = picture.values[at];
    let grey = picture.greys[at];
    if (window) {
      const [centre, width] = window;
      const share = (value - (centre - 0.5)) / Math.max(width - 1, 1e-6) + 0.5;
      grey = Math.round(255 * Math.min(Math.max(share, 0), 1));
      if (picture.inverted) grey = 255 - grey;
    }
    // Padding has no value and stays black.
    greys[at] = Number.isNaN(value) ? 0 : inverted ? 255 - grey : grey;
  }
  return greys;
}

// The radiograph at its original size, drawn into a canvas that is not shown.
export function drawn(picture, window, inverted, canvas) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  const greys = greysUnder(picture, window, inverted);
  const image = new ImageData(picture.width, picture.height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = Uint32Array.from(greys, (grey) => (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0);
  const { positions } = picture;
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = colours[positions[at]];
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The middle of Matplotlib's inferno, as the report draws heat maps: 0 to 1 in equal steps.
export const COLOURS = [
  [66, 10, 104], [87, 16, 110], [106, 23, 110], [127, 30, 108], [147, 38, 103], [168, 46, 95], [188, 55, 84],
  [204, 66, 72], [221, 81, 58], [234, 99, 42], [243, 120, 25], [249, 142, 9], [252, 165, 10],
];

// A heat map as a picture whose opacity grows with the heat.
export function coloured(buffer) {
  const heat = new Uint8Array(buffer);
  const side = Math.round(Math.sqrt(heat.length));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  heat.forEach((value, at) => {
    const place = (value / 255) * (COLOURS.length - 1);
    const below = Math.min(Math.floor(place), COLOURS.length - 2);
    const share = place - below;
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * at + channel] = COLOURS[below][channel] * (1 - share) + COLOURS[below + 1][channel] * share;
    }
    image.data[4 * at + 3] = value;
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
