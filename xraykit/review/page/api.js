// Requests to the server: each names its reader; readings are sent one after another, and again until they are saved.

let reader = "";

export function setReader(name) {
  reader = name;
}

export class Refused extends Error {}

async function asked(path, options = {}) {
  const headers = { "X-Reader": encodeURIComponent(reader), ...(options.headers ?? {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, credentials: "same-origin" });
  } catch {
    throw new Error("The server does not answer. Is the command xraykit review still running?");
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  let reason = text.trim();
  try {
    reason = JSON.parse(text).error ?? reason;
  } catch {
    // Plain text is the reason itself.
  }
  throw new Refused(reason || `The server refused (${answer.status}).`);
}

export const get = async (path) => (await asked(path)).json();
export const bytes = async (path) => (await asked(path)).arrayBuffer();

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await asked(path, { method: "POST", headers, body: JSON.stringify(body), keepalive: true })).json();
}

const AGAIN_MS = 3000;
const waiting = new Map();
let sending = false;

// What is not saved yet, so that leaving the page can be warned of.
export const unsaved = () => waiting.size;

// Save a reading; a newer one of the same finding replaces one that still waits.
export function save(reading, { onSaved, onTrouble }) {
  waiting.set(`${reading.case} ${reading.label}`, { reading, onSaved, onTrouble });
  if (!sending) drain();
}

async function drain() {
  sending = true;
  while (waiting.size) {
    const [key, item] = waiting.entries().next().value;
    try {
      const saved = await post("/api/readings", item.reading);
      if (waiting.get(key) === item) waiting.delete(key);
      item.onSaved(saved);
    } catch (error) {
      item.onTrouble(error);
      if (error instanceof Refused && waiting.get(key) === item) {
        waiting.delete(key);
        continue;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  sending = false;
}
