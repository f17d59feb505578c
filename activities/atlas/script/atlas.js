// The landscapes of the chosen experiments side by side: one view, one scale, one cut for all.

const planes = landscapes.filter((l) => l.isPlane);

// labelOf is what a quantity of several planes is called; where they differ, by its plain name.
function labelOf(list, quantity) {
  const names = new Set(list.map((l) => l.label(quantity)));
  return names.size === 1 ? [...names][0] : kindOf(quantity).label || "difference";
}

const camerasKey = `lossatlas cameras ${pageData.sweep}`;
const groupKind = (group) => planes.find((l) => l.group === group).map.kind;

const atlas = {
  cards: [],
  point: null, // that is looked at, in the coordinates of the plane
  scales: new Map(),

  prepare() {
    const section = document.getElementById("landscapes");
    if (!section || !planes.length) return;
    section.hidden = false;
    const groups = new Map(planes.map((l) => [l.group, l]));
    if (!groups.has(state.group)) state.group = planes[0].group;
    const option = (l) => [l.group, l.groupLabel];
    const own = [...groups.values()].filter((l) => !l.experiment.comparison), between = [...groups.values()].filter((l) => l.experiment.comparison);
    const options = between.length ? [{ group: "of each experiment", options: own.map(option) }, { group: "between experiments", options: between.map(option) }] : own.map(option);
    this.quantityChoice = element("span", {});
    this.log = element("input", { type: "checkbox", onchange: () => this.set({ height: this.log.checked ? "log" : "linear" }) });
    this.cut = element("input", { type: "range", min: 1, max: 100, step: 0.5, value: state.cut * 100, oninput: () => this.set({ cut: this.cut.value / 100 }) });
    this.cutAt = element("output", {});
    const limit = (name, label) => element("input", {
      type: "number", step: "any", class: "limit", "aria-label": `${label} end of the color scale`, placeholder: "auto",
      onchange: (event) => this.set({ [name]: event.target.value === "" ? null : Number(event.target.value), ...(name === "high" ? { cut: 1 } : {}) }),
    });
    this.low = limit("low", "lower");
    this.high = limit("high", "upper");
    this.minusChoice = element("span", {});
    this.cameraChoice = element("span", {});
    this.compared = menu("Experiments");
    const points = element("input", { type: "checkbox", checked: state.points, onchange: () => this.set({ points: points.checked }) });
    this.points = element("label", { class: "control check", title: "The others are estimated." }, points, " evaluated points");
    const shared = element("input", { type: "checkbox", checked: state.shared, onchange: () => this.set({ shared: shared.checked }) });
    this.grid = element("div", { class: "cards" });
    this.count = element("p", { class: "legend", role: "status" });
    this.webgl = element("p", { class: "note", hidden: true });
    this.turnable = element("p", { class: "legend" },
      "Point at a place to mark it on every view and to read its numbers. Drag a surface, or tab to it and use the arrow keys, to turn all of them; once one is clicked, the wheel or two fingers zoom. ",
      "Hatched: not evaluated, or not finite. Values beyond the cut are grey from above and left out of the surface.");
    this.path = element("span", {}, " Path of a training: white, its epochs; red, where the learning rate changed; black, the last weights. Components are principal components of the path, with their shares of its variance.");
    this.turnable.append(this.path);
    const controls = element("details", { class: "controls" }, element("summary", {}, "Controls"),
      element("div", { class: "bar" },
        choice("map", options, state.group, (group) => this.setGroup(group)), this.compared, this.quantityChoice, this.minusChoice,
        choice("view", [["both", "surface and contours"], ["space", "surface"], ["plane", "contours"]], state.view, (view) => { this.set({ view }); }),
        element("label", { class: "control check" }, this.log, " log scale"),
        element("span", { class: "control" }, element("span", {}, "colors from"), this.low, element("span", {}, "to"), this.high),
        element("label", { class: "control" }, element("span", {}, "cut at"), this.cut, this.cutAt),
        element("label", { class: "control check" }, shared, " same scale for all"), this.points,
        choice("contours", [["6", "few"], ["12", "some"], ["24", "many"]], String(state.contours), (n) => this.set({ contours: Number(n) })),
        choice("colors", Object.keys(palettes).map((p) => [p, p]), state.palette, (palette) => this.set({ palette })),
        choice("size", [["54rem", "large"], ["38rem", "medium"], ["27rem", "small"]], state.size, (size) => this.set({ size })),
        this.cameraChoice, ...(pageData.fragment ? [] : [
          button("Save camera", () => this.saveCamera(), { title: "keep this camera in this browser, for this sweep" }),
          button("Link to this view", () => this.link(), { title: "puts maps, scale and camera into the address of the page, and copies it" }),
        ]),
        button("All as PNG", () => this.saveAll("PNG"), { title: "one picture of everything that is compared" }), button("All as SVG", () => this.saveAll("SVG"))));
    const narrow = matchMedia("(max-width: 40rem)"), fold = () => { controls.open = !narrow.matches; }; // as in page.css
    narrow.addEventListener("change", fold);
    fold();
    section.append(controls, this.webgl, this.count, this.grid, this.turnable);
    this.watch = new IntersectionObserver((entries) => {
      for (const entry of entries) this.cards.find((c) => c.root === entry.target).seen = entry.isIntersecting;
      this.refresh();
    }, { rootMargin: "200px" });
    new ResizeObserver(() => this.refresh()).observe(this.grid);
    window.addEventListener("beforeprint", () => { // what has not been on the screen as well
      for (const card of this.cards) {
        card.seen = true;
        card.draw(themed());
      }
    });
    window.addEventListener("hashchange", () => {
      if (!follow(location.hash)) return;
      if (!groups.has(state.group)) state.group = planes[0].group;
      section.querySelector("select").value = state.group;
      changed("chosen");
    });
    listeners.push((what) => {
      if (what === "chosen") this.rebuild();
      else this.redraw();
    });
    this.rebuild();
  },
  set(values) {
    Object.assign(state, values);
    saved();
    this.adapt();
    this.refresh();
  },
  // setGroup shows other maps: of curvature first the ratio, of others what was shown before.
  setGroup(group) {
    const curved = groupKind(group) === "hessian", before = groupKind(state.group) === "hessian";
    Object.assign(state, { group, cut: 1, low: null, high: null, minus: "", quantity: curved ? "ratio" : before ? "loss" : state.quantity });
    saved();
    this.rebuild();
  },
  // shown are the planes that are compared now, in the order of the table; of checkpoints the latest first until the table is sorted.
  shown() {
    const place = (l) => (state.order.length || !ofCheckpoints ? state.order.indexOf(l.experiment.name) : -names.indexOf(l.experiment.name));
    return planes.filter((l) => l.group === state.group && (l.experiment.comparison || state.chosen.has(l.experiment.name))).sort((a, b) => place(a) - place(b));
  },
  // rebuild makes the cards anew where others are chosen; those that stay keep what they have drawn.
  rebuild() {
    const shown = this.shown(), before = new Map(this.cards.map((c) => [c.landscape, c]));
    for (const [l, card] of before) {
      if (shown.includes(l)) continue;
      this.watch.unobserve(card.root);
      card.dispose();
    }
    this.cards = shown.map((l) => before.get(l) || new Card(l, this));
    this.grid.replaceChildren(...this.cards.map((c) => c.root));
    for (const card of this.cards) if (!before.has(card.landscape)) this.watch.observe(card.root);
    const gone = absentMaps.filter((l) => l.group === state.group && state.chosen.has(l.experiment.name));
    this.count.replaceChildren(shown.length ? "" : "Choose experiments here or in the table to compare their landscapes.");
    for (const l of gone) this.count.append(element("span", { class: "note" }, `${l.title}: ${l.map.note || "this map is not there."} `));
    this.adapt();
    this.refresh();
  },
  // adapt brings the controls into line with the chosen maps.
  adapt() {
    const shown = this.shown(), able = Object.keys(quantities).filter((q) => (shown.length ? shown : planes.filter((l) => l.group === state.group)).every((l) => l.has(q)));
    if (!able.includes(state.quantity)) state.quantity = able[0];
    refill(this.quantityChoice, choice("shows", able.map((q) => [q, labelOf(shown, q)]), state.quantity, (quantity) => this.set({ quantity, cut: 1, low: null, high: null, minus: "" })));
    const others = quantities[state.quantity].plain ? [] : shown;
    if (!others.some((l) => l.id === state.minus)) state.minus = "";
    this.minusChoice.hidden = others.length < 2;
    refill(this.minusChoice, choice("minus", [["", "nothing"], ...others.map((l) => [l.id, l.title])], state.minus, (minus) => this.set({ minus, cut: 1, low: null, high: null })));
    this.compared.hidden = names.length < 2;
    refill(this.compared.lastChild, ...names.map((name) => tick(name, state.chosen.has(name), (on) => choose([name], on))));
    this.low.value = state.low ?? "";
    this.high.value = state.high ?? "";
    this.cameras();
    this.scales.clear();
    this.common = scaleOf(shown, this.quantity, state.height, state.cut, state);
    this.points.hidden = !shown.some((l) => l.map.estimated);
    this.path.hidden = !shown.some((l) => l.map.path);
    this.log.checked = this.common.logarithmic;
    this.log.disabled = !this.common.able;
    this.cut.value = state.cut * 100;
    this.cutAt.value = state.cut < 1 ? (state.shared ? spell(this.common.high, 3) : `${Math.round(state.cut * 100)} %`) : "no cut";
    this.grid.dataset.view = state.view;
    this.grid.style.setProperty("--wide", state.size);
  },
  // quantity is what the cards show: that which is chosen, or its difference from another map.
  get quantity() { return state.minus ? `minus:${state.minus}:${state.quantity}` : state.quantity; },
  scaleFor(landscape) {
    const { quantity } = this;
    if (state.shared) return { scale: this.common, quantity };
    if (!this.scales.has(landscape)) this.scales.set(landscape, scaleOf([landscape], quantity, state.height, state.cut, state));
    return { scale: this.scales.get(landscape), quantity };
  },
  // look sets the point that is looked at; null for none.
  look(point) {
    if (!point && !this.point) return;
    this.point = point;
    this.refresh();
  },
  turn(azimuth, elevation, zoom) {
    const t = state.turn;
    t.azimuth += azimuth;
    t.elevation = Math.max(0.02, Math.min(Math.PI / 2 - 0.01, t.elevation + elevation));
    t.zoom = Math.max(0.4, Math.min(6, t.zoom * zoom));
    saved();
    this.refresh();
  },
  turnBack() { this.aim([0.75, 0.55, 1]); },
  aim([azimuth, elevation, zoom]) {
    Object.assign(state.turn, { azimuth, elevation, zoom });
    this.turn(0, 0, 1);
  },
  // cameras offers the usual cameras, and those that were saved in this browser.
  cameras() {
    const usual = { "from a corner": [0.75, 0.55, 1], "from the front": [0, 0.3, 1], "from the side": [Math.PI / 2, 0.3, 1], "from above": [0, Math.PI / 2 - 0.01, 1] };
    const saved = stored(local, camerasKey).list || [], all = { ...usual };
    saved.forEach((camera, i) => { all[`saved ${i + 1}`] = camera; });
    refill(this.cameraChoice, choice("camera", [["", "…"], ...Object.keys(all).map((name) => [name, name])], "", (name) => name && this.aim(all[name])));
  },
  saveCamera() {
    const { azimuth, elevation, zoom } = state.turn, list = [...(stored(local, camerasKey).list || []), [azimuth, elevation, zoom]].slice(-9);
    store(local, camerasKey, { list });
    this.cameras();
    announce(`camera saved as saved ${list.length}`);
  },
  link() {
    history.replaceState(null, "", linkOf());
    navigator.clipboard?.writeText(location.href).catch(() => {}); // the address has it all the same
    announce("the address of the page now links to this view");
  },
  // saveAll makes one picture of all that is compared, each part as large as on the screen, with its name above.
  saveAll(form) {
    const views = ["space", "plane"].filter((v) => (state.view === "both" || state.view === v) && !(v === "space" && space.missing));
    const parts = this.cards.flatMap((card) => (views.length ? views : ["plane"]).map((view) => ({ card, view })));
    if (!parts.length) return;
    const colors = themed(), width = 420, height = 386, head = 26, columns = Math.min(parts.length, Math.max(1, Math.ceil(Math.sqrt(parts.length / (views.length || 1)))) * (views.length || 1));
    const whole = [columns * width, Math.ceil(parts.length / columns) * (height + head)], density = Math.min(2, 8000 / Math.max(...whole));
    const picture = pictureOf(form, ...whole, density), context = picture.context;
    context.fillStyle = colors.ground;
    context.fillRect(0, 0, ...whole);
    parts.forEach(({ card, view }, i) => {
      context.save();
      context.translate((i % columns) * width, Math.floor(i / columns) * (height + head));
      context.fillStyle = colors.ink;
      context.font = "bold 13px system-ui, sans-serif";
      context.textAlign = "left";
      context.textBaseline = "top";
      if (view === views[0] || views.length < 2) context.fillText(card.landscape.title, 10, 8);
      context.translate(0, head);
      card.paint(context, view, width, height, density);
      context.restore();
    });
    picture.save(stem(pageData.sweep, state.group, this.quantity), `${pageData.sweep}: ${state.group}, ${labelOf(this.shown(), this.quantity)}`);
  },
  // refresh draws with the next frame of the screen.
  refresh() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      const colors = themed();
      for (const card of this.cards) card.draw(colors);
      this.webgl.hidden = !space.missing;
      this.webgl.textContent = space.missing;
      this.grid.classList.toggle("flat", space.missing !== "");
    });
  },
  // redraw forgets what is drawn.
  redraw() {
    for (const card of this.cards) card.madeOf = null;
    this.refresh();
  },
};
