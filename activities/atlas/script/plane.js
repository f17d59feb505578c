// A plane from above: colours, contours, axes, and the point that is looked at.

const edges = { left: 52, right: 62, top: 10, bottom: 36 };

// frameOf lays the plane into a picture: its sides keep their proportion unless that is extreme.
function frameOf(landscape, width, height) {
  const { x, y } = landscape, wide = x.at(-1) - x[0], high = y.at(-1) - y[0];
  const ratio = Math.min(Math.max(high / wide, 0.5), 2);
  let w = Math.max(width - edges.left - edges.right, 20), h = Math.max(height - edges.top - edges.bottom, 20);
  if (h > w * ratio) h = w * ratio; else w = h / ratio;
  const left = edges.left + (width - edges.left - edges.right - w) / 2, top = edges.top + (height - edges.top - edges.bottom - h) * 0.4;
  return {
    left, top, width: w, height: h,
    px: (v) => left + ((v - x[0]) / wide) * w, py: (v) => top + h - ((v - y[0]) / high) * h,
    x: (p) => x[0] + ((p - left) / w) * wide, y: (p) => y[0] + ((top + h - p) / h) * high,
  };
}

// axisNames are what the directions are called; of principal components with their share of the variance.
function axisNames(landscape) {
  const { map } = landscape;
  if (map.kind !== "trajectory") return ["α", "β"];
  const shares = map.path ? unpack(map.path.shares) : [];
  return [0, 1].map((i) => `component ${i + 1}` + (Number.isFinite(shares[i]) ? ` (${spell(100 * shares[i], 2)} %)` : ""));
}

// heat fills a picture of w×h pixels with the colours of the plane; points without a value stay clear.
function heat(landscape, quantity, scale, palette, w, h, over) {
  const image = new ImageData(w, h), pixels = image.data, table = shades(palette);
  const cells = landscape.cells(quantity), { values, quads, nx, x, y } = cells;
  const wide = x.at(-1) - x[0], high = y.at(-1) - y[0];
  const column = (v) => Math.round(((v - x[0]) / wide) * w), row = (v) => h - Math.round(((v - y[0]) / high) * h);
  for (let q = 0; q < quads.length; q += 4) {
    const i0 = quads[q], i1 = quads[q + 1], j0 = quads[q + 2] * nx, j1 = quads[q + 3] * nx;
    const a = scale.place(values[j0 + i0]), b = scale.place(values[j0 + i1]), c = scale.place(values[j1 + i1]), d = scale.place(values[j1 + i0]);
    const left = column(x[i0]), right = column(x[i1]), bottom = row(y[quads[q + 2]]), top = row(y[quads[q + 3]]);
    for (let v = top; v < bottom; v++) {
      const t = (bottom - v - 0.5) / (bottom - top);
      for (let u = left; u < right; u++) {
        const s = (u + 0.5 - left) / (right - left);
        const place = (a * (1 - s) + b * s) * (1 - t) + (d * (1 - s) + c * s) * t, at = 4 * (v * w + u);
        if (place > 1.000001) {
          pixels[at] = over[0]; pixels[at + 1] = over[1]; pixels[at + 2] = over[2];
        } else {
          const k = 3 * Math.max(0, Math.min(255, Math.round(place * 255)));
          pixels[at] = table[k]; pixels[at + 1] = table[k + 1]; pixels[at + 2] = table[k + 2];
        }
        pixels[at + 3] = 255;
      }
    }
  }
  return image;
}

// bytesOfColor reads "#rrggbb".
const bytesOfColor = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

// hatch marks what was not evaluated or has no finite value.
function hatch(context, frame, colors) {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  context.strokeStyle = colors.hatch;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = -frame.height; at < frame.width; at += 7) {
    context.moveTo(frame.left + at, frame.top + frame.height);
    context.lineTo(frame.left + at + frame.height, frame.top);
  }
  context.stroke();
  context.restore();
}

// labelsOf places the value of some contours on their lines, away from each other and from the marks of the plane.
function labelsOf(lines, frame, marks) {
  const clear = 26, taken = marks.map((m) => ({ x: frame.px(m.x), y: frame.py(m.y) }));
  const placed = [];
  for (let k = 0; k < lines.length; k++) {
    const { level, pieces } = lines[k];
    if (pieces.length < 24) continue;
    const angle = 0.8 + k * 2.4; // around the middle, each elsewhere
    const cx = frame.left + frame.width / 2, cy = frame.top + frame.height / 2;
    let best = null, most = 0.9;
    for (let i = 0; i < pieces.length; i += 4) {
      const px = frame.px((pieces[i] + pieces[i + 2]) / 2), py = frame.py((pieces[i + 1] + pieces[i + 3]) / 2);
      if (px < frame.left + 14 || px > frame.left + frame.width - 14 || py < frame.top + 9 || py > frame.top + frame.height - 9) continue;
      const reach = Math.hypot(px - cx, py - cy) || 1;
      const along = ((px - cx) * Math.cos(angle) - (py - cy) * Math.sin(angle)) / reach;
      if (along > most && ![...placed, ...taken].some((p) => Math.hypot(p.x - px, p.y - py) < clear)) [best, most] = [{ x: px, y: py, level }, along];
    }
    if (best) placed.push(best);
  }
  return placed;
}

// linesOf are the contours of a plane.
function linesOf(landscape, quantity, scale) {
  if (kindOf(quantity).plain) return [];
  const cells = landscape.cells(quantity);
  return scale.levels(state.contours).filter((v) => v > cells.low && v < cells.high).map((level) => ({ level, pieces: cells.contour(level) }));
}

// pathOf are the points of a training's path, or of several one after the other, with the points that are marked.
function pathOf(landscape) {
  const path = landscape.map.path;
  if (!path) return [];
  const name = (i) => (path.ends.length > 1 ? String.fromCharCode(97 + path.ends.findIndex((end) => i < end)) : "");
  return path.points.map(([x, y], i) => ({
    x, y, epoch: path.epochs[i], changed: path.changes[i], first: i === 0 || path.ends.includes(i), last: path.ends.includes(i + 1), name: name(i),
  }));
}

// drawPlane draws everything but the point that is looked at.
function drawPlane(context, landscape, quantity, scale, width, height, colors, density) {
  const frame = frameOf(landscape, width, height);
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, height);
  hatch(context, frame, colors);
  const w = Math.max(1, Math.round(frame.width * density)), h = Math.max(1, Math.round(frame.height * density));
  const raster = element("canvas", { width: w, height: h });
  raster.getContext("2d").putImageData(heat(landscape, quantity, scale, paletteOf(quantity), w, h, bytesOfColor(colors.over)), 0, 0);
  context.drawImage(raster, frame.left, frame.top, frame.width, frame.height);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  const lines = linesOf(landscape, quantity, scale);
  context.lineWidth = 0.9;
  context.strokeStyle = "rgba(255,255,255,.75)";
  context.beginPath();
  for (const { pieces } of lines) {
    for (let i = 0; i < pieces.length; i += 4) {
      context.moveTo(frame.px(pieces[i]), frame.py(pieces[i + 1]));
      context.lineTo(frame.px(pieces[i + 2]), frame.py(pieces[i + 3]));
    }
  }
  context.stroke();
  context.font = "10px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.lineJoin = "round";
  const labels = labelsOf(lines, frame, marksOf(landscape)), words = spellAll(labels.map((l) => l.level));
  for (const [i, label] of labels.entries()) {
    context.strokeStyle = "rgba(0,0,0,.65)";
    context.fillStyle = "#fff";
    context.strokeText(words[i], label.x, label.y);
    context.fillText(words[i], label.x, label.y);
  }
  if (state.points) drawEvaluated(context, landscape, frame);
  if (landscape.mask) drawBegun(context, landscape, quantity, scale, frame);
  drawCurve(context, landscape, (x, y) => [frame.px(x), frame.py(y)]);
  drawPath(context, pathOf(landscape).map((p) => ({ ...p, px: frame.px(p.x), py: frame.py(p.y) })));
  drawMarks(context, landscape, (x, y) => [frame.px(x), frame.py(y)]);
  context.restore();
  drawAxes(context, landscape, frame, colors);
  drawBar(context, frame, quantity, scale, colors);
  return frame;
}

// drawEvaluated marks the points of an estimated map whose values were computed.
function drawEvaluated(context, landscape, frame) {
  if (!landscape.map.estimated) return;
  const { x, y } = landscape, size = Math.min(1.6, frame.width / x.length / 3);
  context.fillStyle = "#fff";
  context.strokeStyle = "rgba(0,0,0,.6)";
  context.lineWidth = 0.5;
  for (let i = 0; i < x.length * y.length; i++) {
    if (!landscape.evaluated(i) || landscape.estimated(i)) continue;
    context.beginPath();
    context.arc(frame.px(x[i % x.length]), frame.py(y[Math.floor(i / x.length)]), size, 0, 7);
    context.fill();
    context.stroke();
  }
}

// drawBegun shows the points of a map in the making, of which only some are corners of cells yet, in their colors.
function drawBegun(context, landscape, quantity, scale, frame) {
  const { x, y } = landscape, values = landscape.values(quantity), table = shades(paletteOf(quantity));
  const size = Math.max(1.5, Math.min(3.5, frame.width / x.length / 2));
  context.strokeStyle = "rgba(255,255,255,.85)";
  context.lineWidth = 0.8;
  for (let i = 0; i < values.length; i++) {
    if (!landscape.evaluated(i) || !Number.isFinite(values[i])) continue;
    const k = 3 * Math.max(0, Math.min(255, Math.round(scale.place(values[i]) * 255)));
    context.fillStyle = `rgb(${table[k]},${table[k + 1]},${table[k + 2]})`;
    context.beginPath();
    context.arc(frame.px(x[i % x.length]), frame.py(y[Math.floor(i / x.length)]), size, 0, 7);
    context.fill();
    context.stroke();
  }
}

// drawCurve draws the curve between two minimizers, as far as it lies in the plane's frame.
function drawCurve(context, landscape, on) {
  const { map, x, y } = landscape;
  context.beginPath();
  let begun = false;
  for (const [u, v] of map.curve || []) {
    const inside = u >= x[0] && u <= x.at(-1) && v >= y[0] && v <= y.at(-1);
    if (inside) begun ? context.lineTo(...on(u, v)) : context.moveTo(...on(u, v));
    begun = inside;
  }
  context.lineJoin = "round";
  for (const [width, color] of [[3.6, "rgba(0,0,0,.65)"], [1.6, "#fff"]]) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  }
}

// drawPath draws the paths of trainings: their epochs in white, changes of the rate in red, the ends in black, with the letters of several.
function drawPath(context, points) {
  if (!points.length) return;
  context.lineWidth = 1.6;
  context.strokeStyle = "#fff";
  context.beginPath();
  points.forEach((p) => (p.first ? context.moveTo(p.px, p.py) : context.lineTo(p.px, p.py)));
  context.stroke();
  const size = points.length > 60 ? 1.6 : 2.6;
  for (const p of points) {
    context.beginPath();
    context.arc(p.px, p.py, p.last || p.changed ? 4 : size, 0, 7);
    context.fillStyle = p.last ? "#111" : p.changed ? "#e0483e" : "#fff";
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = p.last || p.changed ? "#fff" : "rgba(0,0,0,.6)";
    context.stroke();
    if (!p.last || !p.name) continue;
    context.lineWidth = 3;
    context.strokeStyle = "rgba(0,0,0,.65)";
    context.fillStyle = "#fff";
    context.strokeText(p.name, p.px + 10, p.py);
    context.fillText(p.name, p.px + 10, p.py);
  }
}

// marksOf are the named points of a plane, or where the trained weights are.
function marksOf(landscape) {
  const { map, x, y } = landscape;
  const inside = (m) => m.x >= x[0] && m.x <= x.at(-1) && m.y >= y[0] && m.y <= y.at(-1);
  return (map.marks || (map.path ? [] : [{ x: 0, y: 0, label: "" }])).filter(inside);
}

function drawMarks(context, landscape, at) {
  context.font = "bold 12px system-ui, sans-serif";
  context.textAlign = "left";
  for (const mark of marksOf(landscape)) {
    const [px, py] = at(mark.x, mark.y);
    for (const [color, width] of [["rgba(0,0,0,.7)", 3.4], ["#fff", 1.4]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(px - 5, py);
      context.lineTo(px + 5, py);
      context.moveTo(px, py - 5);
      context.lineTo(px, py + 5);
      context.stroke();
    }
    if (mark.label) {
      context.strokeStyle = "rgba(0,0,0,.7)";
      context.lineWidth = 3;
      context.strokeText(mark.label, px + 7, py - 7);
      context.fillStyle = "#fff";
      context.fillText(mark.label, px + 7, py - 7);
    }
  }
}

function drawAxes(context, landscape, frame, colors) {
  const { x, y } = landscape, [nameX, nameY] = axisNames(landscape);
  context.strokeStyle = colors.soft;
  context.lineWidth = 1;
  context.strokeRect(frame.left, frame.top, frame.width, frame.height);
  context.fillStyle = colors.soft;
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const v of axisValues(x[0], x.at(-1), frame.width > 180 ? 4 : 2)) context.fillText(spell(v, 3), frame.px(v), frame.top + frame.height + 5);
  context.textAlign = "right";
  context.textBaseline = "middle";
  const numbers = axisValues(y[0], y.at(-1), frame.height > 120 ? 4 : 2).map((v) => [spell(v, 3), v]);
  for (const [text, v] of numbers) context.fillText(text, frame.left - 6, frame.py(v));
  context.fillStyle = colors.ink;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(nameX, frame.left + frame.width / 2, frame.top + frame.height + 20);
  context.save();
  context.translate(Math.max(7, Math.min(frame.left - 43, frame.left - 16 - Math.max(...numbers.map(([text]) => widthOf(text, 11))))), frame.top + frame.height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText(nameY, 0, 0);
  context.restore();
}

// drawBar draws the scale of colours beside the plane.
function drawBar(context, frame, quantity, scale, colors) {
  const left = frame.left + frame.width + 10, table = shades(paletteOf(quantity)), steps = 64;
  for (let i = 0; i < steps; i++) {
    const k = 3 * Math.round(((i + 0.5) / steps) * 255);
    context.fillStyle = `rgb(${table[k]},${table[k + 1]},${table[k + 2]})`;
    const top = frame.top + frame.height * (1 - (i + 1) / steps);
    context.fillRect(left, top, 10, frame.height / steps + 0.6);
  }
  context.strokeStyle = colors.soft;
  context.lineWidth = 1;
  context.strokeRect(left, frame.top, 10, frame.height);
  context.fillStyle = colors.soft;
  context.font = "10px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "middle";
  const ticks = scale.ticks(6), words = spellAll(ticks);
  if (scale.near) context.fillText("symlog", left, frame.top + frame.height + 12);
  for (const [i, v] of ticks.entries()) {
    const py = frame.top + frame.height * (1 - scale.place(v));
    if (py > frame.top + 4 && py < frame.top + frame.height - 4) context.fillText(words[i], left + 13, py);
  }
}

// drawProbe marks the point that is looked at.
function drawProbe(context, px, py) {
  for (const [color, width] of [["#fff", 4], ["#111", 1.8]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.arc(px, py, 6, 0, 7);
    context.stroke();
  }
}
