// The cells of a plane that have a value at each corner, and lines of equal value through them.

// mostCells bounds how finely a plane is drawn. Files have all points.
const mostCells = 40000;

// Cells are rectangles of lattice points with finite values at the corners. A map is evaluated by halving the
// distances: where points of a finer round are not there yet, the cell of the coarser one stands. Nothing is
// drawn across a point that was evaluated and is not finite.
class Cells {
  constructor(landscape, values) {
    this.nx = landscape.x.length;
    this.ny = landscape.y.length;
    this.x = landscape.x;
    this.y = landscape.y;
    this.values = values;
    this.state = new Uint8Array(values.length); // 0: not evaluated, 1: finite, 2: not finite
    this.low = Infinity;
    this.high = -Infinity;
    this.lowest = Infinity; // of the positive values
    this.open = 0; // points without a finite value
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      if (!landscape.evaluated(i)) { this.open++; continue; }
      if (!Number.isFinite(v)) { this.state[i] = 2; this.open++; continue; }
      this.state[i] = 1;
      if (v < this.low) this.low = v;
      if (v > this.high) this.high = v;
      if (v > 0 && v < this.lowest) this.lowest = v;
    }
    // The lattices that nest in this one are finished first, each half as fine: the steps of the coarsest of them.
    this.step = 1;
    for (let n = this.nx, m = this.ny; n % 2 && m % 2 && n > 2 && m > 2; n = (n + 1) / 2, m = (m + 1) / 2) this.step *= 2;
    this.least = Math.max(1, Math.ceil(Math.sqrt(values.length / mostCells)));
    this.quads = []; // i0, i1, j0, j1 of each
    this.divide(0, this.nx - 1, 0, this.ny - 1);
  }
  divide(i0, i1, j0, j1) {
    const wide = i1 - i0, high = j1 - j0;
    const corners = this.finite(i0, j0) && this.finite(i1, j0) && this.finite(i0, j1) && this.finite(i1, j1);
    if (wide <= 1 && high <= 1) {
      if (corners) this.quads.push(i0, i1, j0, j1);
      return;
    }
    const middle = (from, size) => from + (size > this.step ? this.step * Math.floor(size / this.step / 2) : size >> 1);
    const columns = wide > 1 ? [i0, middle(i0, wide), i1] : [i0, i1];
    const rows = high > 1 ? [j0, middle(j0, high), j1] : [j0, j1];
    const finer = columns.every((i) => rows.every((j) => this.state[j * this.nx + i] !== 0));
    const enough = wide <= this.least && high <= this.least;
    if (corners && (enough || !finer) && !this.broken(i0, i1, j0, j1)) {
      this.quads.push(i0, i1, j0, j1);
      return;
    }
    for (let q = 1; q < rows.length; q++) {
      for (let p = 1; p < columns.length; p++) this.divide(columns[p - 1], columns[p], rows[q - 1], rows[q]);
    }
  }
  finite(i, j) { return this.state[j * this.nx + i] === 1; }
  // broken says whether a point of a rectangle was evaluated and is not finite.
  broken(i0, i1, j0, j1) {
    for (let j = j0; j <= j1; j++) {
      for (let i = i0; i <= i1; i++) if (this.state[j * this.nx + i] === 2) return true;
    }
    return false;
  }
  // contour returns the pieces of the line of one level, x0, y0, x1, y1 of each.
  contour(level) {
    const { x, y, values, quads, nx } = this, out = [];
    for (let q = 0; q < quads.length; q += 4) {
      const x0 = x[quads[q]], x1 = x[quads[q + 1]], y0 = y[quads[q + 2]], y1 = y[quads[q + 3]];
      const a = values[quads[q + 2] * nx + quads[q]] - level, b = values[quads[q + 2] * nx + quads[q + 1]] - level;
      const c = values[quads[q + 3] * nx + quads[q + 1]] - level, d = values[quads[q + 3] * nx + quads[q]] - level;
      const kind = (a > 0) | ((b > 0) << 1) | ((c > 0) << 2) | ((d > 0) << 3);
      if (kind === 0 || kind === 15) continue;
      const bottom = () => out.push(x0 + (x1 - x0) * a / (a - b), y0), right = () => out.push(x1, y0 + (y1 - y0) * b / (b - c));
      const top = () => out.push(x0 + (x1 - x0) * d / (d - c), y1), left = () => out.push(x0, y0 + (y1 - y0) * a / (a - d));
      const pair = (p, r) => { p(); r(); };
      switch (kind) {
        case 1: case 14: pair(left, bottom); break;
        case 2: case 13: pair(bottom, right); break;
        case 4: case 11: pair(right, top); break;
        case 8: case 7: pair(top, left); break;
        case 3: case 12: pair(left, right); break;
        case 6: case 9: pair(bottom, top); break;
        default: // a saddle: its centre decides
          if ((a + b + c + d > 0) === (kind === 5)) { pair(left, top); pair(bottom, right); } else { pair(left, bottom); pair(right, top); }
      }
    }
    return out;
  }
}
