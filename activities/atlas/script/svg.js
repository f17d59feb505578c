// Drawing as SVG: what is drawn on a canvas can be drawn on this, as far as this page draws.

class Vector {
  constructor(width, height) {
    Object.assign(this, { width, height, parts: [], clips: 0, open: [0], path: "", fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, font: "11px sans-serif", textAlign: "left", textBaseline: "alphabetic" });
    this.vector = true;
  }
  add(text) { this.parts.push(text); }
  group(attributes) {
    this.add(`<g ${attributes}>`);
    this.open[this.open.length - 1]++;
  }
  save() { this.open.push(0); }
  restore() { this.add("</g>".repeat(this.open.pop())); }
  translate(x, y) { this.group(`transform="translate(${cut(x)} ${cut(y)})"`); }
  rotate(angle) { this.group(`transform="rotate(${cut(angle * 180 / Math.PI)})"`); }
  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${cut(x)} ${cut(y)}`; }
  lineTo(x, y) { this.path += `L${cut(x)} ${cut(y)}`; }
  rect(x, y, w, h) { this.path += `M${cut(x)} ${cut(y)}h${cut(w)}v${cut(h)}h${cut(-w)}z`; }
  arc(x, y, r) { this.path += `M${cut(x - r)} ${cut(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`; }
  closePath() { this.path += "z"; }
  clip() {
    const id = `clip-${++this.clips}`;
    this.add(`<clipPath id="${id}"><path d="${this.path}"/></clipPath>`);
    this.group(`clip-path="url(#${id})"`);
  }
  stroke() { if (this.path) this.add(`<path d="${this.path}" fill="none" ${this.line()}/>`); }
  fill() { if (this.path) this.add(`<path d="${this.path}" fill="${escaped(this.fillStyle)}"/>`); }
  line() { return `stroke="${escaped(this.strokeStyle)}" stroke-width="${this.lineWidth}" stroke-linejoin="round"`; }
  fillRect(x, y, w, h) { this.add(`<rect x="${cut(x)}" y="${cut(y)}" width="${cut(w)}" height="${cut(h)}" fill="${escaped(this.fillStyle)}"/>`); }
  strokeRect(x, y, w, h) { this.add(`<rect x="${cut(x)}" y="${cut(y)}" width="${cut(w)}" height="${cut(h)}" fill="none" ${this.line()}/>`); }
  fillText(text, x, y) { this.write(text, x, y, `fill="${escaped(this.fillStyle)}"`); }
  strokeText(text, x, y) { this.write(text, x, y, `fill="none" ${this.line()}`); }
  write(text, x, y, attributes) {
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign];
    const size = Number(/(\d+)px/.exec(this.font)[1]), down = { top: 0.8, middle: 0.35 }[this.textBaseline] || 0;
    const bold = this.font.startsWith("bold") ? ' font-weight="bold"' : "";
    this.add(`<text x="${cut(x)}" y="${cut(y + down * size)}" font-size="${size}"${bold} text-anchor="${anchor}" ${attributes}>${escaped(text)}</text>`);
  }
  drawImage(canvas, x, y, w, h) {
    this.add(`<image x="${cut(x)}" y="${cut(y)}" width="${cut(w)}" height="${cut(h)}" preserveAspectRatio="none" href="${canvas.toDataURL("image/png")}"/>`);
  }
  toString(title) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}" ` +
      `font-family="system-ui, sans-serif"><title>${escaped(title)}</title>${this.parts.join("\n")}</svg>\n`;
  }
}

const cut = (v) => Math.round(v * 100) / 100;
const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

// polygons draws a surface from back to front, without WebGL. What rises above the cut is flat there.
function polygons(context, surface, quantity, width, height) {
  space.aim(width, height);
  const project = surface.projection(width, height), { cells, scale } = surface, table = shades(paletteOf(quantity));
  const light = space.light.position.clone().normalize(), drawn = [];
  const corner = (i, j) => {
    const v = cells.values[j * cells.nx + i];
    return { place: scale.place(v), at: surface.at(cells.x[i], cells.y[j], Math.min(v, scale.high)) };
  };
  for (let q = 0; q < cells.quads.length; q += 4) {
    const [i0, i1, j0, j1] = cells.quads.slice(q, q + 4), four = [corner(i0, j0), corner(i1, j0), corner(i1, j1), corner(i0, j1)];
    if (four.every((c) => c.place > 1)) continue;
    const [a, b, c, d] = four.map((f) => f.at), u = c.map((v, k) => v - a[k]), w = d.map((v, k) => v - b[k]);
    const normal = [u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2], u[0] * w[1] - u[1] * w[0]], size = Math.hypot(...normal) || 1;
    const shine = 0.5 + 0.6 * Math.abs(normal[0] * light.x + normal[1] * light.y + normal[2] * light.z) / size;
    const mean = four.reduce((sum, f) => sum + Math.min(f.place, 1), 0) / 4, shade = 3 * Math.max(0, Math.min(255, Math.round(mean * 255)));
    const points = [a, b, c, d].map((p) => project(...p));
    drawn.push({
      points, depth: points.reduce((sum, p) => sum + p[2], 0),
      color: `rgb(${[0, 1, 2].map((k) => Math.min(255, Math.round(table[shade + k] * shine))).join(",")})`,
    });
  }
  for (const { level, pieces } of linesOf(surface.landscape, quantity, scale)) { // each piece just in front of the cell that it lies on
    for (let i = 0; i < pieces.length; i += 4) {
      const points = [0, 2].map((k) => project(...surface.at(pieces[i + k], pieces[i + k + 1], level)));
      drawn.push({ points, depth: 2 * (points[0][2] + points[1][2]) - 2e-3, line: true });
    }
  }
  drawn.sort((a, b) => b.depth - a.depth);
  surface.frame(context, project);
  for (const { points, color, line } of drawn) {
    context.beginPath();
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (line) {
      context.strokeStyle = "rgba(0,0,0,.45)";
      context.lineWidth = 0.9;
      context.stroke();
      continue;
    }
    context.closePath();
    context.lineWidth = 0.8; // over the seams between cells
    context.fillStyle = context.strokeStyle = color;
    context.fill();
    context.stroke();
  }
  return project;
}
