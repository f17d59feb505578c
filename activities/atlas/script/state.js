// What a reader has chosen. It outlives a reload of the page, within the same tab.

const state = {
  chosen: null, // names of experiments
  picked: false, // the reader has chosen them
  order: [], // of all of them, as the table is sorted
  size: "38rem",
  group: "", lines: [], quantity: "loss", minus: "", view: "both", height: "auto", cut: 1, low: null, high: null, shared: true, palette: "viridis", contours: 12, points: false,
  turn: { azimuth: 0.75, elevation: 0.55, zoom: 1 }, // the camera, in radians
  lineLog: "auto", trainingLog: "log", densityLog: "log", acrossLog: "linear",
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
// At first the first of each group of repetitions is compared, and no more than a few, of checkpoints the latest; in a fragment all.
const firstChosen = 4, ofCheckpoints = document.querySelector("#experiments[data-watched]") !== null;
const groups = new Map();
for (const e of pageData.experiments) if (!e.comparison && !groups.has(e.group || e.name)) groups.set(e.group || e.name, e.name);
const first = [...groups.values()];
state.chosen = new Set(state.picked ? state.chosen.filter((n) => names.includes(n)) : pageData.fragment ? names : ofCheckpoints ? first.slice(-firstChosen) : first.slice(0, firstChosen));
if (pageData.fragment && pageData.experiments.length > 1) state.view = "space";

// What is linked: a view of the landscapes, in the part of the address after #. Angles are in degrees.
const linked = ["group", "quantity", "minus", "view", "height", "palette"];
function linkOf() {
  const { azimuth, elevation, zoom } = state.turn, degrees = (v) => Math.round(v * 1800 / Math.PI) / 10;
  const fields = { camera: [degrees(azimuth), degrees(elevation), Math.round(zoom * 100) / 100].join() };
  for (const name of linked) if (state[name]) fields[name] = state[name];
  if (state.low !== null) fields.low = state.low;
  if (state.high !== null) fields.high = state.high;
  if (state.cut < 1) fields.cut = state.cut;
  fields.compare = [...state.chosen].map((n) => names.indexOf(n) + 1).join();
  return `#${new URLSearchParams(fields)}`;
}
// follow takes over what a link says, as far as this page has it, and reports whether it was a link to a view.
function follow(hash) {
  const fields = new URLSearchParams(hash.slice(1)), camera = (fields.get("camera") || "").split(",").map(Number);
  if (camera.length !== 3 || !camera.every(Number.isFinite)) return false;
  Object.assign(state.turn, {
    azimuth: camera[0] * Math.PI / 180, elevation: Math.max(0.02, Math.min(Math.PI / 2 - 0.01, camera[1] * Math.PI / 180)), zoom: Math.max(0.4, Math.min(6, camera[2])),
  });
  for (const name of linked) if (fields.has(name)) state[name] = fields.get(name);
  if (!fields.has("minus")) state.minus = "";
  if (!(state.palette in palettes)) state.palette = "viridis";
  const number = (name) => (fields.has(name) && Number.isFinite(Number(fields.get(name))) ? Number(fields.get(name)) : null);
  Object.assign(state, { low: number("low"), high: number("high"), cut: Math.max(0.01, Math.min(1, number("cut") ?? 1)) });
  const chosen = (fields.get("compare") || "").split(",").map((i) => names[i - 1]).filter(Boolean);
  if (chosen.length) Object.assign(state, { chosen: new Set(chosen), picked: true });
  return true;
}
follow(location.hash);

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
  state.picked = true;
  for (const name of list) if (on) state.chosen.add(name); else state.chosen.delete(name);
  changed("chosen");
}

// Colours of experiments that lie over each other, told apart by people with any colour vision.
const inks = ["#3b6fd1", "#d1603b", "#2f9e6e", "#9a56c4", "#b58a00", "#008fa8", "#c9447c", "#6f7d14", "#7a6a5c", "#5a5fd8"];
const inkOf = (name) => inks[names.indexOf(name) % inks.length];
