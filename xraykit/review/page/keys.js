// Everything by keyboard: what each key does. Keys of one letter can be switched off (WCAG 2.1.4).

const $ = (id) => document.getElementById(id);

export function listen(actions) {
  const KEYS = [
    ["← →", "previous, next case", { ArrowLeft: actions.previous, ArrowRight: actions.next }],
    ["↑ ↓", "previous, next finding", { ArrowUp: actions.findingBefore, ArrowDown: actions.findingAfter }],
    ["N", "next case that is not read completely", { n: actions.nextUnread }],
    ["P", "finding present", { p: actions.present }],
    ["A", "finding absent", { a: actions.absent }],
    ["U", "unsure", { u: actions.unsure }],
    ["Backspace", "take the reading back", { Backspace: actions.clear }],
    ["C", "write a comment; Escape ends it", { c: actions.comment }],
    ["R", "blind mode: all others absent", { r: actions.allAbsent }],
    ["M", "blind mode: show the model", { m: actions.showModel }],
    ["H", "heat map of the chosen finding", { h: actions.heat }],
    ["[ ]", "its opacity", { "[": actions.paler, "]": actions.stronger }],
    ["B", "annotated boxes", { b: actions.boxes }],
    ["I", "invert", { i: actions.invert }],
    ["+ −", "zoom", { "+": actions.zoomIn, "=": actions.zoomIn, "-": actions.zoomOut }],
    ["F", "fit", { f: actions.fit }],
    ["O", "original size", { o: actions.original }],
    ["Shift ← → ↑ ↓", "move the radiograph", {}],
    ["1 2", "narrower, wider window", { 1: actions.narrower, 2: actions.wider }],
    ["3 4", "lower, higher centre", { 3: actions.lower, 4: actions.higher }],
    ["0", "window of the file", { 0: actions.resetWindow }],
    ["D", "dragging changes the window", { d: actions.drag }],
    ["V", "the patient's other radiographs", { v: actions.prior }],
    ["< >", "earlier, later one of them", { "<": actions.priorBefore, ">": actions.priorAfter }],
    ["/", "to the filters", { "/": actions.filters }],
    ["L", "to the list of cases", { l: actions.list }],
    ["?", "this page", { "?": actions.keys }],
  ];
  $("keys-list").replaceChildren(...KEYS.flatMap(([keys, what]) => [made("dt", keys), made("dd", what)]));
  const byKey = Object.assign({}, ...KEYS.map(([, , of]) => of));
  const moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const { target } = event;
    if (target.matches("textarea, input:not([type=checkbox]), select")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const move = event.shiftKey && moves[event.key];
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = move ? () => actions.move(...move) : byKey[letter];
    if (!action || (event.key.length === 1 && event.key !== "?" && !$("keys-on").checked)) return;
    event.preventDefault();
    action();
  });
}

function made(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
