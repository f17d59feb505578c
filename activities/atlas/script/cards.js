// A card shows one plane: as a surface that turns, from above, or both; with what is at the point that is looked at.

class Card {
  constructor(landscape, atlas) {
    this.landscape = landscape;
    this.atlas = atlas;
    const label = `${landscape.title}, ${landscape.groupLabel}`;
    this.space = element("canvas", {
      class: "space", tabIndex: 0, role: "img",
      "aria-label": `Surface: ${label}. Arrow keys turn it, plus and minus zoom, 0 sets it back.`,
    });
    this.plane = element("canvas", {
      class: "plane", tabIndex: 0, role: "img",
      "aria-label": `Contours: ${label}. Arrow keys move the point that is looked at.`,
    });
    this.readout = element("p", { class: "readout" });
    const error = landscape.experiment.error ? `test ${landscape.experiment.test || "error"} ${landscape.experiment.error} %` : "";
    const points = `${landscape.x.length}×${landscape.y.length} points`, between = landscape.experiment.between;
    this.views = element("div", { class: "views" }, this.space, this.plane);
    const title = pageData.fragment ? {} : { href: `#${landscape.experiment.id}` }; // a fragment has no other parts
    const heading = element("h3", {}, element("a", title, ...breakable(landscape.title)));
    if (!landscape.experiment.comparison) heading.prepend(element("span", { class: "dot", "aria-hidden": "true" }));
    heading.style.setProperty("--dot", landscape.experiment.comparison ? "transparent" : inkOf(landscape.experiment.name));
    this.root = element("figure", { class: "card", id: landscape.id },
      element("figcaption", { class: "card-head" }, heading, element("span", { class: "about" }, [error, between, points, landscape.map.directions].filter(Boolean).join(" · "))),
      element("p", { class: "note" }, landscape.map.note || ""),
      this.views, this.readout, landscape.map.caption ? element("p", { class: "about" }, landscape.map.caption) : null,
      element("details", {}, element("summary", {}, "Download, and where this comes from"),
        element("p", { class: "links" }, element("span", {}, "view:"),
          ...["PNG", "SVG"].flatMap((form) => [
            button(`surface (${form})`, () => this.saveView("space", form), { class: "of-space" }), button(`contours (${form})`, () => this.saveView("plane", form)),
          ])),
        element("p", { class: "links" }, element("span", {}, "mesh:"), ...["GLB", "OBJ", "STL"].map((form) => button(form, () => this.saveMesh(form), { title: meshTitles[form] }))),
        element("p", { class: "links" }, element("span", {}, "numbers:"), ...dataButtons(landscape)), ...origin(landscape)));
    this.seen = false;
    this.listen();
  }
  listen() {
    const at = (canvas, event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top, box.width, box.height];
    };
    this.plane.addEventListener("pointermove", (event) => {
      const [px, py] = at(this.plane, event), f = this.frame;
      if (!f || px < f.left - 4 || px > f.left + f.width + 4 || py < f.top - 4 || py > f.top + f.height + 4) this.atlas.look(null);
      else this.atlas.look([f.x(px), f.y(py)]);
    });
    this.plane.addEventListener("pointerdown", (event) => this.plane.dispatchEvent(new PointerEvent("pointermove", event)));
    for (const canvas of [this.plane, this.space]) { // a finger that lifts leaves its mark
      canvas.addEventListener("pointerleave", (event) => event.pointerType === "touch" || this.atlas.look(null));
    }
    this.plane.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const { x, y } = this.landscape, from = this.atlas.point || [(x[0] + x.at(-1)) / 2, (y[0] + y.at(-1)) / 2];
      const move = (axis, v, by) => axis[Math.max(0, Math.min(axis.length - 1, nearestIndex(axis, v) + by))];
      this.atlas.look([move(x, from[0], step[0]), move(y, from[1], step[1])]);
      announce(this.readout.textContent);
    });
    // Surfaces are dragged; a click or tab into one lets the wheel zoom and a finger turn it upright.
    const held = new Map();
    let apart = 0;
    this.space.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, [event.clientX, event.clientY]);
      this.space.setPointerCapture?.(event.pointerId);
      this.space.focus({ preventScroll: true });
      apart = 0;
    });
    this.space.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) {
        this.atlas.look(this.surface?.pick(...at(this.space, event)) ?? null);
        return;
      }
      held.set(event.pointerId, [event.clientX, event.clientY]);
      if (held.size === 1) {
        this.atlas.turn((before[0] - event.clientX) * 0.008, (event.clientY - before[1]) * 0.008, 1);
      } else {
        const [a, b] = [...held.values()], now = Math.hypot(a[0] - b[0], a[1] - b[1]);
        if (apart > 0) this.atlas.turn(0, 0, now / apart);
        apart = now;
      }
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) this.space.addEventListener(end, (event) => held.delete(event.pointerId));
    this.space.addEventListener("wheel", (event) => {
      if (document.activeElement !== this.space) return;
      event.preventDefault();
      this.atlas.turn(0, 0, Math.exp(-event.deltaY * 0.0012));
    }, { passive: false });
    this.space.addEventListener("keydown", (event) => {
      const keys = {
        ArrowLeft: [-0.12, 0, 1], ArrowRight: [0.12, 0, 1], ArrowUp: [0, 0.08, 1], ArrowDown: [0, -0.08, 1], "+": [0, 0, 1.15], "=": [0, 0, 1.15], "-": [0, 0, 1 / 1.15],
      }[event.key];
      if (keys) this.atlas.turn(...keys); else if (event.key === "0") this.atlas.turnBack(); else return;
      event.preventDefault();
    });
  }
  // draw draws what is out of date; while the card is off the screen, nothing.
  draw(colors) {
    if (!this.seen) return;
    const { scale, quantity } = this.atlas.scaleFor(this.landscape), made = [scale.low, scale.high, scale.logarithmic, quantity, paletteOf(quantity), state.contours, state.points, colors.ink].join();
    const turn = JSON.stringify(state.turn);
    if (this.madeOf !== made) {
      this.surface?.dispose();
      this.surface = null;
      this.madeOf = made;
      this.drawnTurn = this.drawnPlane = null;
    }
    if (state.view !== "plane" && space.start()) {
      const { context, width, height, density, resized } = fit(this.space);
      if (width && (this.drawnTurn !== turn || resized || this.probedSpace)) {
        this.surface ||= new Surface(this.landscape, quantity, scale, colors);
        if (this.drawnTurn !== turn || resized) {
          this.project = drawSpace(context, this.surface, quantity, width, height, colors, density);
          this.behind = copyOf(this.space);
          this.drawnTurn = turn;
        } else {
          restored(context, this.behind, width, height);
        }
        this.probedSpace = false;
      }
    }
    if (state.view !== "space" || space.missing) {
      const { context, width, height, density, resized } = fit(this.plane);
      if (width && (this.drawnPlane !== made || resized || this.probedPlane)) {
        if (this.drawnPlane !== made || resized) {
          this.frame = drawPlane(context, this.landscape, quantity, scale, width, height, colors, density);
          this.above = copyOf(this.plane);
          this.drawnPlane = made;
        } else {
          restored(context, this.above, width, height);
        }
        this.probedPlane = false;
      }
    }
    this.probe(quantity, scale);
  }
  // probe marks the point that is looked at on both views, and says what is there.
  probe(quantity, scale) {
    const point = this.atlas.point, l = this.landscape;
    const inside = point && point[0] >= l.x[0] && point[0] <= l.x.at(-1) && point[1] >= l.y[0] && point[1] <= l.y.at(-1);
    const i = inside ? l.nearest(...point) : -1;
    this.readout.replaceChildren(...described(l, i, quantity)); // empty away from the map, when the style sheet has a hint
    if (i < 0) return;
    const x = l.x[i % l.x.length], y = l.y[Math.floor(i / l.x.length)], v = l.values(quantity)[i];
    if (this.frame && this.drawnPlane) {
      drawProbe(this.plane.getContext("2d"), this.frame.px(x), this.frame.py(y));
      this.probedPlane = true;
    }
    if (this.project && this.surface && this.drawnTurn && Number.isFinite(v)) {
      drawProbe(this.space.getContext("2d"), ...this.project(...this.surface.at(x, y, Math.min(v, scale.high))));
      this.probedSpace = true;
    }
  }
  // saveView makes a picture of a view, three times as fine as the screen's for PNG.
  saveView(which, form) {
    const canvas = this[which], width = canvas.clientWidth || 480, height = canvas.clientHeight || 360, density = 3;
    const picture = pictureOf(form, width, height, density);
    this.paint(picture.context, which, width, height, density);
    picture.save(`${this.landscape.map.stem}-${stem(this.atlas.quantity)}-${which === "space" ? "surface" : "contours"}`, `${this.landscape.title}: ${this.landscape.groupLabel}`);
  }
  // paint draws a view at another place than on the screen.
  paint(context, which, width, height, density) {
    const { scale, quantity } = this.atlas.scaleFor(this.landscape), colors = themed();
    if (which === "plane") {
      drawPlane(context, this.landscape, quantity, scale, width, height, colors, density);
      return;
    }
    const surface = new Surface(this.landscape, quantity, scale, colors);
    drawSpace(context, surface, quantity, width, height, colors, density);
    surface.dispose();
  }
  // saveMesh saves what is shown as a mesh.
  saveMesh(form) {
    const { scale, quantity } = this.atlas.scaleFor(this.landscape), surface = new Surface(this.landscape, quantity, scale, themed());
    if (surface.skin) saveMesh(surface, form, `${this.landscape.map.stem}-${stem(quantity)}`, this.landscape.title).finally(() => surface.dispose());
    else announce("no four neighbors have a value: there is no surface");
  }
  dispose() { this.surface?.dispose(); }
}

const meshTitles = { GLB: "glTF with colors, for Blender, slides and browsers", OBJ: "with colors, for modeling programs", STL: "closed, 100 mm long, for print" };

// pictureOf is something to draw on, and to save as PNG or SVG.
function pictureOf(form, width, height, density) {
  if (form === "SVG") {
    const context = new Vector(width, height);
    return { context, save: (name, title) => save(`${name}.svg`, "image/svg+xml", context.toString(title)) };
  }
  const canvas = element("canvas", { width: Math.round(width * density), height: Math.round(height * density) }), context = canvas.getContext("2d");
  context.scale(density, density);
  return { context, save: (name) => canvas.toBlob((blob) => save(`${name}.png`, "image/png", blob)) };
}

// described says what is at point i of a plane, nothing for −1.
function described(l, i, quantity) {
  const words = [], say = (name, value) => words.push(element("span", {}, element("b", {}, name), ` ${value}`));
  if (i < 0) return [];
  const n = l.x.length, [nameX, nameY] = l.map.kind === "trajectory" ? ["component 1", "component 2"] : ["α", "β"];
  say(nameX, spell(l.x[i % n], 3));
  say(nameY, spell(l.y[Math.floor(i / n)], 3));
  const of = (m, k, name) => spell(m.values(name)[k], 4);
  if (differenceOf(quantity)) say(l.label(quantity), of(l, i, quantity));
  say(l.label("loss"), of(l, i, "loss") + (l.estimated(i) ? ` ± ${spell(l.values("loss_error")[i], 2)} (estimated)` : ""));
  const sampling = l.has("loss_se") ? l.values("loss_se")[i] : NaN;
  if (Number.isFinite(sampling)) say("standard error", `${spell(sampling, 2)}, of the rise over the center ${spell(l.values("rise_se")[i], 2)}`);
  if (l.has("decay")) say("of it weight decay", of(l, i, "decay"));
  if (l.has("accuracy")) say(l.map.score || "accuracy", Number.isNaN(l.values("accuracy")[i]) ? "—" : `${of(l, i, "accuracy")} %`);
  const curved = l.has("lambda_max") ? l : l.curvature;
  const k = curved === l ? i : curved ? curved.nearest(l.x[i % n], l.y[Math.floor(i / n)]) : -1;
  if (k >= 0) {
    for (const [name, array] of [["λmin", "lambda_min"], ["λmax", "lambda_max"]]) {
      say(name, spell(curved.values(array)[k], 4) + (curved.estimated(k) && `${array}_error` in curved.map.arrays ? ` ± ${spell(curved.values(`${array}_error`)[k], 2)} (estimated)` : ""));
    }
    say("|λmin/λmax|", of(curved, k, "ratio"));
    if (curved !== l) words.push(element("span", { class: "soft" }, `(Hessian at ${spell(curved.x[k % curved.x.length], 3)}, ${spell(curved.y[Math.floor(k / curved.x.length)], 3)})`));
  }
  return words;
}

// fit gives a canvas the pixels of its place on the screen.
function fit(canvas) {
  const density = Math.min(window.devicePixelRatio || 1, 2), width = canvas.clientWidth, height = canvas.clientHeight;
  const w = Math.round(width * density), h = Math.round(height * density), resized = canvas.width !== w || canvas.height !== h;
  if (resized) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  return { context, width, height, density, resized };
}

function copyOf(canvas) {
  const copy = element("canvas", { width: canvas.width, height: canvas.height });
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
}
function restored(context, copy, width, height) {
  context.clearRect(0, 0, width, height);
  context.drawImage(copy, 0, 0, width, height);
}
