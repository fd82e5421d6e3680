// What model, label and reader say of a finding, and which cases the filters let through.

export const OUTCOMES = { TP: "true positive", FP: "false positive", FN: "false negative", TN: "true negative" };
const OF_READING = { present: true, absent: false };

// TP, FP, FN or TN of a finding of a case; blank where call or label is unknown.
export function outcome(row, column) {
  if (!row.open || row.calls[column] === null || row.given[column] === null) return "";
  const called = row.calls[column];
  const present = row.given[column] === 1;
  return called ? (present ? "TP" : "FP") : present ? "FN" : "TN";
}

// How much of a case is read: no, some or yes.
export function readState(readings, labels) {
  const read = labels.filter(({ name }) => readings?.[name]?.reading).length;
  return read === 0 ? "no" : read === labels.length ? "yes" : "some";
}

function disagrees(kind, row, column, reading) {
  const mine = OF_READING[reading];
  const call = row.calls[column];
  const given = row.given[column] === null ? null : row.given[column] === 1;
  if (kind === "label") return call !== null && given !== null && call !== given;
  if (mine === undefined) return false;
  return kind === "reader" ? call !== null && mine !== call : given !== null && mine !== given;
}

// The columns of a case that all filters about a finding let through.
export function columnsOf(row, filters, labels, readings) {
  const columns = filters.finding === "" ? labels.map((_, column) => column) : [Number(filters.finding)];
  return columns.filter((column) => {
    if (filters.call && row.calls[column] !== (filters.call === "present")) return false;
    if (filters.outcomes.length && !filters.outcomes.includes(outcome(row, column))) return false;
    return !filters.disagree || disagrees(filters.disagree, row, column, readings?.[labels[column].name]?.reading);
  });
}

function lets(row, number, filters, state) {
  const readings = state.readings[number];
  if (filters.read && readState(readings, state.labels) !== filters.read) return false;
  const asksModel = filters.call || filters.outcomes.length || filters.disagree;
  if (asksModel && (!row.open || !columnsOf(row, filters, state.labels, readings).length)) return false;
  if (!filters.flag) return true;
  const flags = state.flags.found[number] ?? [];
  if (filters.flag === "*") return flags.length > 0;
  return filters.flag === "-" ? flags.length === 0 : flags.includes(filters.flag);
}

function rank(row, filters, state, number) {
  if (!row.open) return -Infinity;
  const columns = columnsOf(row, filters, state.labels, state.readings[number]);
  const values = filters.order === "high" ? row.probabilities : row.surprise;
  return Math.max(-Infinity, ...columns.map((column) => values[column] ?? -Infinity));
}

// Numbers of the cases that the filters let through, in order.
export function filtered(state, filters) {
  const numbers = state.cases.map((_, number) => number).filter((number) => lets(state.cases[number], number, filters, state));
  if (state.blind || filters.order === "number") return numbers;
  const ranks = new Map(numbers.map((number) => [number, rank(state.cases[number], filters, state, number)]));
  // A rank may be minus infinity twice, whose difference is no number.
  return numbers.sort((a, b) => (ranks.get(a) === ranks.get(b) ? a - b : ranks.get(b) > ranks.get(a) ? 1 : -1));
}
