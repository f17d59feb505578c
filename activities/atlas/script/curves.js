// Curves over each other: lines through the landscapes, trainings, and densities of eigenvalues.

// A Curves is a plot of several series; one legend says what is at the place that is pointed at.
class Curves {
  constructor(parent, options) {
    Object.assign(this, { parent, options });
    this.root = element("div", { class: "curves", tabIndex: 0, role: "group", "aria-label": `${options.title}. Arrow keys move along the curves.` });
    this.root.addEventListener("keydown", (event) => this.walk(event));
    parent.append(this.root);
    new ResizeObserver(() => this.resize()).observe(this.root);
  }
  // set replaces the series: {label, x, y, color, dash}.
  set(series, logarithmic, marks = []) {
    this.given = [series, logarithmic, marks];
    this.plot?.destroy();
    this.plot = null;
    if (!series.length || !this.width) return;
    const colors = themed(), all = series.flatMap((s) => s.y).filter(Number.isFinite), size = Math.max(...all.map(Math.abs));
    const near = logarithmic && all.length && size > 0 && Math.min(...all) <= 0 ? Math.min(1e-3, size * 1e-6) : 0; // of a symmetric logarithmic axis
    if (near) logarithmic = false;
    const y = series.map((s) => s.y.map((v) => (Number.isFinite(v) && (!logarithmic || v > 0) ? v : null)));
    const data = joined(series.map((s, i) => [s.x, y[i]]));
    const { names: places } = this.options, named = (v) => (places ? places[v] ?? "" : spell(v, 4)); // x is a number, or the place of a name
    const axis = { stroke: colors.soft, grid: { stroke: colors.line, width: 1 }, ticks: { stroke: colors.line }, font: "11px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", labelSize: 22 };
    const positive = y.flat().filter((v) => v !== null), decades = Math.log10(Math.max(...positive) / Math.min(...positive));
    // Names of places that have no room next to each other lean.
    const longest = places ? 6.5 * Math.max(...places.map((p) => p.length)) : 0, leaning = places && places.length * (16 + longest) > this.width - 100;
    this.room = leaning ? Math.round(0.7 * Math.min(longest, 6.5 * clipped)) : 0; // for them, below
    // On a logarithmic axis lines and numbers stand at powers of ten, or where there are few of them at 1, 2 and 5, on a narrow one at any round numbers.
    const narrow = logarithmic && decades < 0.7;
    const round = (u, splits) => splits.map((v) => (v !== null && (!logarithmic || narrow || (decades > 1.5 ? /^1e/ : /^[125]e/).test(v.toExponential(6).replace(/\.?0+e/, "e"))) ? v : null));
    const drops = () => ({
      hooks: {
        drawClear: (u) => {
          u.ctx.save();
          u.ctx.strokeStyle = colors.soft;
          u.ctx.setLineDash([4, 4]);
          u.ctx.beginPath();
          for (const x of marks) {
            const px = Math.round(u.valToPos(x, "x", true));
            u.ctx.moveTo(px, u.bbox.top);
            u.ctx.lineTo(px, u.bbox.top + u.bbox.height);
          }
          u.ctx.stroke();
          u.ctx.restore();
        },
      },
    });
    this.plot = new libraries.uPlot({
      width: this.width, height: this.height, plugins: [drops()],
      cursor: { sync: this.options.sync ? { key: this.options.sync } : undefined, drag: { x: true, y: false } },
      scales: { x: { time: false, range: (u, low, high) => (data[0].length === 1 ? [data[0][0] - 0.5, data[0][0] + 0.5] : places ? [low - 0.5, high + 0.5] : [low, high]) }, y: near ? { distr: 4, asinh: near } : logarithmic && positive.length ? { distr: 3, range: (u, low, high) => wider(low, high) } : { range: (u, low, high) => roomy(low, high) } },
      axes: [{ ...axis, ...(places || this.options.x === "epoch" ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] } : {}), ...(places ? { space: leaning ? 18 : 16 + longest, rotate: leaning ? 45 : 0 } : {}), label: this.options.x, labelSize: 18, size: 34 + this.room,
        values: (u, splits) => splits.map((v) => (leaning ? clip(named(v)) : named(v))) }, {
        ...axis, label: this.upright(near ? " (symlog)" : ""), size: 62, filter: round, ...(logarithmic ? { splits: (u, side, low, high) => (narrow ? new Scale(low, high, true).ticks(6) : decades125(low, high)) } : {}), grid: { ...axis.grid, filter: round }, ticks: { ...axis.ticks, filter: round },
        values: (u, splits) => {
          const words = spellAll(splits.filter((v) => v !== null));
          return splits.map((v) => (v === null ? "" : words.shift()));
        },
      }],
      legend: { live: true, markers: { dash: (u, i) => (u.series[i].dash ? "dashed" : "solid") } },
      series: [
        { label: this.options.x, value: (u, v) => (v === null || v === undefined ? "" : named(v)) },
        ...series.map((s) => ({
          label: s.label, stroke: s.color, dash: s.dash, width: 1.6, paths: this.options.stepped ? libraries.uPlot.paths.stepped({ align: -1 }) : undefined, points: { show: s.x.length < 40, size: isLone(s) ? 8 : 5, width: 1.4, fill: s.dash ? colors.ground : s.color },
          value: (u, v, _, i) => (i === null || i === undefined ? "" : v === null || v === undefined ? "–" : spell(v, 4)),
        })),
      ],
    }, data, this.root);
    series.forEach((s, i) => { // a single value makes no line
      const marker = this.root.querySelectorAll(".u-marker")[i + 1];
      if (!isLone(s)) return;
      marker.classList.add("lone");
      marker.style.setProperty("background", s.dash ? "none" : s.color, "important");
    });
    for (const name of this.root.querySelectorAll(".u-series:not(:first-child) th")) { // a click hides a curve; a key does too
      name.tabIndex = 0;
      name.setAttribute("role", "button");
      name.setAttribute("aria-pressed", "true");
      name.addEventListener("click", () => name.setAttribute("aria-pressed", String(!name.closest(".u-series").classList.contains("u-off"))));
      name.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        name.click();
      });
    }
    this.root.setAttribute("aria-label", `${this.options.title}: ${series.map((s) => s.label).join("; ")}. Arrow keys move along the curves.`);
  }
  get width() { return Math.max(0, this.root.clientWidth - 18); } // less the padding
  get height() { return (this.options.height || 260) + this.room; }
  // upright is the name of the y axis, as much of it as has room: the legend has all of it.
  upright(scale) {
    const whole = this.options.y + scale, room = (this.options.height || 260) - 60;
    return [whole, this.options.y.split(" · ")[0] + scale].find((name) => widthOf(name, 12) <= room) || shortened(whole, room);
  }
  resize() {
    if (!this.plot) {
      if (this.given) this.set(...this.given);
    } else if (this.width && this.width !== this.plot.width) {
      this.plot.setSize({ width: this.width, height: this.height });
    }
  }
  walk(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !this.plot) return;
    event.preventDefault();
    const xs = this.plot.data[0], at = this.plot.cursor.idx ?? Math.floor(xs.length / 2), i = Math.max(0, Math.min(xs.length - 1, at + by));
    this.plot.setCursor({ left: this.plot.valToPos(xs[i], "x"), top: this.plot.over.clientHeight / 2 });
    announce([...this.root.querySelectorAll(".u-series")].map((row) => row.textContent.replace(":", " ")).join(", "));
  }
  png() { this.plot?.ctx.canvas.toBlob((blob) => save(`${stem(pageData.sweep, this.options.title)}.png`, "image/png", blob)); }
  csv() {
    if (!this.plot) return;
    const [xs, ...ys] = this.plot.data, quote = (s) => `"${s.replaceAll('"', '""')}"`;
    const head = [this.options.x, ...this.given[0].map((s) => s.label)].map(quote).join(",");
    const rows = xs.map((x, i) => [this.options.names ? quote(this.options.names[x]) : x, ...ys.map((y) => y[i] ?? "")].join(",")).filter((row) => this.options.names || !/^[^,]*,+$/.test(row)); // but for places without a value
    save(`${stem(pageData.sweep, this.options.title)}.csv`, "text/csv", [head, ...rows].join("\n") + "\n");
  }
  get buttons() { return [element("span", {}, `${this.options.y}:`), button("PNG", () => this.png()), button("CSV", () => this.csv())]; }
}

// wider is such a range on a logarithmic axis.
function wider(low, high) {
  const room = low < high ? Math.min(1.15, (high / low) ** 0.06) : 1.15;
  return [low / room, high * room];
}

// joined puts series into one table over the places of all: undefined, across which lines are drawn, where a series has no place, and null, where
// they end, where it has no value, from its place before to the one after.
function joined(list) {
  const [xs, ...columns] = libraries.uPlot.join(list);
  for (const column of columns) {
    for (const order of [[...column.keys()], [...column.keys()].reverse()]) {
      let last;
      for (const i of order) {
        if (column[i] !== undefined) last = column[i];
        else if (last === null) column[i] = null;
      }
    }
  }
  return [xs, ...columns];
}

// decades125 are 1, 2 and 5 times the powers of ten in a range. uPlot's own numbers at a logarithmic axis have no end if the range begins elsewhere.
function decades125(low, high) {
  const out = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) out.push(...[1, 2, 5].map((m) => Number(`${m}e${e}`)).filter((v) => v >= low && v <= high));
  return out;
}

// lineOf is the line that a map is of, with its splits.
const lineOf = (l) => `${l.experiment.name}\n${l.map.name}`;

// isLone says that a series has one value, which is drawn as a dot: filled, or hollow where a line would be dashed.
const isLone = (s) => s.y.filter(Number.isFinite).length === 1;

// shortened is as much of a name of an axis as fits, with an ellipsis.
function shortened(name, room) {
  let n = name.length;
  while (n > 1 && widthOf(`${name.slice(0, n)}…`, 12) > room) n--;
  return `${name.slice(0, n).trimEnd()}…`;
}

// clip shortens the name of a place that leans.
const clipped = 20, clip = (name) => (name.length > clipped ? `${name.slice(0, clipped - 1)}…` : name);

// roomy is a range with a little room on both sides; values of one sign don't make it cross 0.
function roomy(low, high) {
  if (low === null || high === null) return [0, 1];
  const room = 0.04 * (high - low) || 0.05 * Math.abs(high) || 0.5;
  return [low >= 0 ? Math.max(low - room, 0) : low - room, high <= 0 ? Math.min(high + room, 0) : high + room];
}

// downloads offer plots as they are seen, and the numbers behind them.
const downloads = (...plots) => element("p", { class: "links" }, ...plots.flatMap((c) => c.buttons));

const chosenOf = (list) => list.filter((l) => l.experiment.comparison || state.chosen.has(l.experiment.name));
const dashOf = (split) => (split === "test" ? [6, 4] : undefined);

// logSwitch is a labelled switch of a logarithmic axis.
function logSwitch(key, redraw) {
  const box = element("input", { type: "checkbox", checked: state[key] !== "linear", onchange: () => { state[key] = box.checked ? "log" : "linear"; saved(); redraw(); } });
  return element("label", { class: "control check" }, box, " log scale");
}

// A Slice is the line through a plane at β = 0.
class Slice extends Landscape {
  constructor(plane, row) {
    super(plane.experiment, { ...plane.map, name: `${plane.map.name} at β = 0` });
    Object.assign(this, { plane, from: row * plane.x.length });
  }
  values(quantity) { return this.plane.values(quantity).slice(this.from, this.from + this.x.length); }
  evaluated(i) { return this.plane.evaluated(this.from + i); }
}

// slices are those of the experiments' own surfaces that have points at β = 0.
function slices() {
  const own = landscapes.filter((l) => l.map.kind === "surface" && l.isPlane && !l.experiment.comparison);
  return own.map((l) => [l, l.y.findIndex((v) => Math.abs(v) < 1e-9)]).filter(([, row]) => row >= 0).map(([l, row]) => new Slice(l, row));
}

// mostLines is how many lines one frame shows, each with its splits: more could not be told apart by their colors.
const mostLines = 8;
const limitNote = () => element("p", { class: "note", role: "status", hidden: true });

// limited returns the first items of a list, those of mostLines lines; of names the line of an item. The note says how to see the others.
function limited(list, of, note, what, fewer) {
  const all = [...new Set(list.map(of))];
  note.hidden = all.length <= mostLines;
  note.textContent = note.hidden ? "" : `The first ${mostLines} of ${all.length} ${what} are drawn; choose fewer ${fewer} to see the others.`;
  return list.filter((l) => all.indexOf(of(l)) < mostLines);
}

// whatOf names the map of a line, with the experiments of a comparison by their letters.
const whatOf = (l) => (l.experiment.comparison ? [l.experiment.name, l.experiment.between].filter(Boolean).join(", ") : l.map.name);

function prepareLines() {
  const section = document.getElementById("lines"), lines = [...landscapes.filter((l) => l.isLine), ...slices()];
  if (!section || !lines.length) return;
  section.hidden = false;
  const key = (l) => (l.experiment.comparison ? `${l.experiment.name}/` : l.map.name); // a curve and its straight line are together
  const groups = [...new Set(lines.map(key))];
  state.lines = state.lines.filter((g) => groups.includes(g));
  if (!state.lines.length) { // at first one map of several experiments, or all lines of one
    const own = groups.filter((g) => lines.some((l) => key(l) === g && l.isLine && !l.experiment.comparison));
    state.lines = names.length === 1 && own.length ? own.slice(0, mostLines) : [groups[0]];
  }
  const pick = (g, on) => {
    state.lines = groups.filter((other) => (other === g ? on : state.lines.includes(other)));
    saved();
    draw();
  };
  const maps = menu("Maps", ...groups.map((g) => tick(g.replace(/\/$/, ""), state.lines.includes(g), (on) => pick(g, on)))), log = logSwitch("lineLog", () => draw());
  maps.hidden = groups.length < 2;
  const plots = element("div", { class: "plots" }), data = element("details", {}, element("summary", {}, "Numbers, and where they come from"));
  const limit = limitNote(), drawn = element("span", {}, " Of several draws of directions, the first."), along = element("span", {}), of = element("span", {});
  section.append(element("div", { class: "bar" }, maps, log),
    element("p", { class: "legend" }, "Solid: training set. Dashed: test set. Drag to enlarge, double-click to see all; click a name to hide its curve.", of, drawn, along), limit, plots, data);
  const loss = new Curves(plots, { title: "loss along a line", x: "α", y: "loss", sync: "line" });
  const accuracy = new Curves(plots, { title: "score along a line", x: "α", y: "accuracy (%)", sync: "line" });
  section.append(downloads(loss, accuracy));
  function draw() {
    const chosen = chosenOf(lines.filter((l) => state.lines.includes(key(l))));
    const shown = limited(chosen, lineOf, limit, "lines", "maps here, or fewer experiments in the table,"), all = [...new Set(shown.map(lineOf))];
    const own = ownParts(shown.map((l) => l.experiment.name)), differ = (list, of) => new Set(list.map(of)).size > 1;
    // Experiments have the same color everywhere; of several lines of one experiment, and of comparisons, each has its own.
    const plain = !shown.some((l) => l.experiment.comparison) && new Set(shown.map((l) => inkOf(l.experiment.name))).size === new Set(shown.map(lineOf)).size;
    const named = (l, list, quantity) => { // by what tells it from the others
      const parts = [];
      if (differ(shown, (o) => o.experiment.name) || !(l.experiment.comparison || differ(shown, (o) => o.map.name))) parts.push(own.get(l.experiment.name));
      if (differ(shown, (o) => o.map.name)) parts.push(l.map.name);
      if (differ(list, (o) => o.label(quantity))) parts.push((quantity === "loss" ? l.map.loss : l.map.score) || "");
      return [...new Set([...parts, l.map.split])].filter(Boolean).join(", ");
    };
    const series = (list, quantity) => list.map((l) => ({
      label: named(l, list, quantity),
      x: l.x.filter((_, i) => l.evaluated(i)), y: [...l.values(quantity)].filter((_, i) => l.evaluated(i)), // of a line in the making, the points that are there
      color: plain ? inkOf(l.experiment.name) : inks[all.indexOf(lineOf(l))], dash: dashOf(l.map.split),
    }));
    const directions = [...new Set(shown.map((l) => l.map.directions).filter(Boolean))];
    const what = [...new Set(shown.map(whatOf))]; // where the legend leaves it out
    of.textContent = groups.length > 1 && what.length === 1 ? ` Map: ${what[0]}.` : "";
    along.textContent = directions.length ? ` Lines are ${[...directions.slice(0, 3), ...(directions.length > 3 ? ["others"] : [])].join(", or ")}.` : "";
    drawn.hidden = !shown.some((l) => l.map.draws > 1);
    const marks = shown.flatMap((l) => (l.map.marks || []).map((m) => m.x)), scored = shown.filter((l) => l.has("accuracy"));
    Object.assign(loss.options, { y: labelOf(shown, "loss") });
    Object.assign(accuracy.options, { y: labelOf(scored, "accuracy") });
    const logarithmic = state.lineLog === "auto" ? shown.some((l) => spread(l) > 100) : state.lineLog === "log";
    log.firstChild.checked = logarithmic;
    loss.set(series(shown, "loss"), logarithmic, marks);
    accuracy.set(series(scored, "accuracy"), false, marks);
    accuracy.root.hidden = !scored.length;
    data.replaceChildren(data.firstChild, ...shown.map((l) => element("div", {},
      element("p", { class: "links" }, element("strong", {}, [l.title, ...(l.experiment.comparison ? [] : [l.map.name]), splitNames[l.map.split] || l.map.split].join(", ")), ...dataButtons(l.plane || l)), ...origin(l.plane || l))));
  }
  listeners.push(draw);
  draw();
}

// spread is the ratio of the largest to the smallest positive loss of a line.
function spread(l) {
  const all = [...l.values("loss")].filter(Number.isFinite), v = all.filter((x) => x > 0);
  if (all.some((x) => x <= 0)) return Math.max(...all.map(Math.abs)) > 20 ? Infinity : 1;
  return v.length ? Math.max(...v) / Math.min(...v) : 1;
}

function prepareTrainings() {
  const trainingScore = trainings.length && trainings.every((t) => t.experiment.score === trainings[0].experiment.score) ? trainings[0].experiment.score : "";
  const section = document.getElementById("trainings");
  if (!section || !trainings.length) return;
  section.hidden = false;
  const plots = element("div", { class: "plots" }), marked = element("span", {}, " Dashed vertical lines: steps of the learning rate."), dotted = element("span", {}, " One epoch is a dot: filled for the training set, hollow for the test set.");
  const limit = limitNote();
  section.append(element("div", { class: "bar" }, logSwitch("trainingLog", () => draw())),
    element("p", { class: "legend" }, "Solid: training set, as it was trained on. Dashed: test set, after each epoch.", dotted, marked), limit, plots);
  const made = [["loss", "loss"], ["error", errorLabel(trainingScore)], ["weight norm", "norm of the weights"], ["rate", "learning rate"]].map(([name, y]) =>
    new Curves(plots, { title: name === "rate" ? "learning rate" : `${name} of the training`, x: "epoch", y, sync: "training", height: 240, stepped: name === "rate" }));
  section.append(downloads(...made));
  const read = new Map();
  const of = (t) => {
    if (!read.has(t)) read.set(t, Object.fromEntries(Object.entries(t.map).map(([name, text]) => [name, [...unpack(text)]])));
    return read.get(t);
  };
  function draw() {
    const shown = limited(chosenOf(trainings), (t) => t.experiment.name, limit, "trainings", "experiments in the table"), own = ownParts(shown.map((t) => t.experiment.name)), error = (v) => errorOf(trainingScore, v);
    // The rate of epoch e, whose loss stands at e, holds from e − 1 to e: where rates change, axes begin before the first epoch.
    const changing = shown.some((t) => of(t).lr.some((lr, _, all) => lr !== all[0]));
    const series = (train, test, change = (v) => v) => shown.flatMap((t) => {
      const log = of(t), color = inkOf(t.experiment.name), begun = (values, first) => (changing ? [first, ...values] : values);
      const one = (name, split) => ({
        label: test ? `${own.get(t.experiment.name)}, ${split}` : own.get(t.experiment.name), color, dash: dashOf(split),
        x: begun(log.epoch, log.epoch[0] - 1), y: begun(change(log[name]), name === "lr" ? log.lr[0] : NaN),
      });
      return test ? [one(train, "train"), one(test, "test")] : [one(train)];
    });
    const drops = [...new Set(shown.flatMap((t) => of(t).rate_steps))];
    marked.hidden = !drops.length;
    dotted.hidden = !shown.some((t) => of(t).epoch.length === 1);
    made[0].set(series("train_loss", "test_loss"), state.trainingLog !== "linear", drops);
    made[1].set(series("train_accuracy", "test_accuracy", error), false, drops);
    made[2].set(series("weight_norm"), false, drops);
    made[3].set(series("lr"), state.trainingLog !== "linear", drops);
  }
  listeners.push(draw);
  draw();
}

function prepareSpectra() {
  const section = document.getElementById("spectra");
  if (!section || !spectra.length) return;
  section.hidden = false;
  const plots = element("div", { class: "plots" }), data = element("details", {}, element("summary", {}, "Where these come from")), limit = limitNote();
  section.append(element("div", { class: "bar" }, logSwitch("densityLog", () => draw())),
    element("p", { class: "legend" }, "Density of the eigenvalues of the Hessian, or of the matrix that a map names, at the weights that are mapped; its integral is 1. The table has λmin, λmax and the trace."), limit, plots, data);
  const density = new Curves(plots, { title: "density of eigenvalues", x: "eigenvalue", y: "density", height: 320 });
  section.append(downloads(density));
  function draw() {
    const shown = limited(chosenOf(spectra), lineOf, limit, "spectra", "experiments in the table"), all = [...new Set(shown.map(lineOf))], log = state.densityLog !== "linear";
    const visible = (v) => { // as in pictures, seven orders of magnitude below the peak; what lies lower is rounding
      const least = log ? 1e-7 * Math.max(...v) : -Infinity;
      return [...v].map((d) => (d < least ? NaN : d));
    };
    const plain = all.length === new Set(shown.map((l) => inkOf(l.experiment.name))).size; // as of lines
    density.set(shown.map((l) => ({
      label: `${l.experiment.name}, ${l.map.name} ${l.map.split}`, x: [...l.values("x")], y: visible(l.values("density")),
      color: plain ? inkOf(l.experiment.name) : inks[all.indexOf(lineOf(l))], dash: dashOf(l.map.split),
    })), log);
    data.replaceChildren(data.firstChild, ...shown.map((l) => element("div", {}, element("strong", {}, l.title), ...origin(l))));
  }
  listeners.push(draw);
  draw();
}
