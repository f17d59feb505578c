// What a reader has chosen. It outlives a reload of the page, within the same tab.

const state = {
  chosen: null, // names of experiments
  order: [], // of all of them, as the table is sorted
  size: "38rem",
  group: "", line: "", quantity: "loss", view: "both", height: "auto", cut: 1, shared: true, palette: "viridis", contours: 12, points: false,
  turn: { azimuth: 0.75, elevation: 0.55, zoom: 1 },
  lineLog: "auto", trainingLog: "log", densityLog: "log",
};

function stored(kind, key) {
  try {
    return JSON.parse(kind.getItem(key)) || {};
  } catch {
    return {}; // a browser may forbid it, for files above all
  }
}
function store(kind, key, value) {
  try {
    kind.setItem(key, JSON.stringify(value));
  } catch {
    // then it lasts as long as the page
  }
}
const storeOf = (name) => { try { return window[name]; } catch { return null; } };
const session = storeOf("sessionStorage"), local = storeOf("localStorage");
const stateKey = `lossatlas ${pageData.sweep}`;

Object.assign(state, stored(session, stateKey), { order: [] });
const names = pageData.experiments.filter((e) => !e.comparison).map((e) => e.name);
const firstChosen = 4;
state.chosen = new Set(Array.isArray(state.chosen) ? state.chosen.filter((n) => names.includes(n)) : names.slice(0, firstChosen));

let saving = 0;
function saved() {
  clearTimeout(saving);
  saving = setTimeout(() => store(session, stateKey, { ...state, chosen: [...state.chosen] }), 300);
}

// listeners are told what changed: "chosen", or "theme".
const listeners = [];
function changed(what) {
  saved();
  for (const listener of listeners) listener(what);
}

// choose puts an experiment into the comparison or takes it out.
function choose(list, on) {
  for (const name of list) if (on) state.chosen.add(name); else state.chosen.delete(name);
  changed("chosen");
}

// Colours of experiments that lie over each other, told apart by people with any colour vision.
const inks = ["#3b6fd1", "#d1603b", "#2f9e6e", "#9a56c4", "#b58a00", "#008fa8", "#c9447c", "#6f7d14", "#7a6a5c", "#5a5fd8"];
const inkOf = (name) => inks[names.indexOf(name) % inks.length];
