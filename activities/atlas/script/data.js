// The numbers of the page. Arrays are unpacked when they are first needed.

const numbersElement = document.getElementById("numbers");
const pageData = numbersElement ? JSON.parse(numbersElement.textContent) : { sweep: "", experiments: [] };

// bytesOf reads base64.
function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// unpack reads an array of floating-point numbers.
function unpack(text, single) {
  const bytes = bytesOf(text);
  return single ? Float64Array.from(new Float32Array(bytes.buffer)) : new Float64Array(bytes.buffer);
}

// What can be shown of a plane. Maps name their own loss and score.
const quantities = {
  loss: { label: "loss", logarithmic: true },
  accuracy: { label: "accuracy (%)" },
  ratio: { label: "|λmin/λmax|", logarithmic: true },
  lambda_max: { label: "λmax" },
  lambda_min: { label: "λmin" },
  uncertainty: { label: "error of the loss", logarithmic: true, plain: true }, // plain: without contours
  accuracy_error: { label: "error of the accuracy (points)", logarithmic: true, plain: true },
};
// A difference is called by the experiment whose map is subtracted and the quantity: "minus:map-3:loss".
const differenceOf = (quantity) => /^minus:(map-\d+):(\w+)$/.exec(quantity);
const kindOf = (quantity) => (differenceOf(quantity) ? { logarithmic: true, difference: true } : quantities[quantity]);

// scoreLabel is the name of a score with its unit, errorLabel of what is shown of it: of an accuracy the error, by errorOf.
const isAccuracy = (score) => !score || score.endsWith("accuracy");
const scoreLabel = (score) => `${score || "accuracy"} (%)`;
const errorLabel = (score) => scoreLabel(score).replace("accuracy", "error");
const errorOf = (score, v) => (isAccuracy(score) ? v.map((a) => 100 - a) : v);

const splitNames = { train: "training set", test: "test set" };

// A Landscape is one map of one experiment: a line or a plane.
class Landscape {
  constructor(experiment, map, number) {
    this.experiment = experiment;
    this.map = map;
    this.id = `map-${number}`;
    this.x = map.x || [];
    this.y = map.y || [];
    this.unpacked = {};
    this.cellsOf = {};
    this.curvature = null; // a Hessian map over the same plane
  }
  get title() { return this.experiment.name; }
  get isLine() { return this.map.kind === "line"; }
  get isPlane() { return this.y.length > 1 && this.x.length > 1; }
  // group names the maps of other experiments that this one is compared with.
  get group() { return (this.experiment.comparison ? `${this.experiment.name}/` : "") + `${this.map.name}/${this.map.split}`; }
  get groupLabel() {
    const of = { hessian: "curvature", trajectory: "path and loss" }[this.map.kind] || "loss", name = this.map.loss ? ` (${this.map.loss})` : "";
    const norm = this.map.norm ? `, ${this.map.norm}` : ""; // of batch normalization
    return `${this.experiment.comparison ? this.experiment.name : this.map.name}: ${of}${name} of the ${splitNames[this.map.split] || this.map.split}${norm}`;
  }
  // label is what a quantity of the map is called.
  label(quantity) {
    const difference = differenceOf(quantity);
    if (difference) return `Δ ${this.label(difference[2])}`;
    if (quantity === "loss") return this.map.loss || "loss";
    if (quantity === "uncertainty" && this.map.kind === "hessian") return `error of λmin and λmax${this.map.absolute ? "" : " (% of the larger)"}`;
    if (quantity === "uncertainty") return `error of the ${this.label("loss")}${this.map.absolute ? "" : " (% of it)"}`;
    if (quantity === "accuracy_error") return `error of the ${this.map.score || "accuracy"} (points)`;
    return quantity === "accuracy" ? scoreLabel(this.map.score) : quantities[quantity].label;
  }
  has(quantity) {
    const difference = differenceOf(quantity);
    if (difference) return this.has(difference[2]);
    if (quantity.startsWith("accuracy") && this.map.score === "none") return false;
    if (quantity === "uncertainty") return "loss_error" in this.map.arrays;
    return quantity === "ratio" ? "lambda_min" in this.map.arrays : quantity in this.map.arrays;
  }
  // values are those of a quantity at the points, row by row.
  values(quantity) {
    if (!this.unpacked[quantity]) {
      const difference = differenceOf(quantity);
      if (difference) {
        this.unpacked[quantity] = this.minus(landscapes.find((l) => l.id === difference[1]), difference[2]);
      } else if (quantity === "ratio") {
        const low = this.values("lambda_min"), high = this.values("lambda_max");
        this.unpacked.ratio = low.map((v, i) => Math.abs(v / high[i]));
      } else if (quantity === "uncertainty" && "lambda_min_error" in this.map.arrays) {
        const [low, high, lowError, highError] = ["lambda_min", "lambda_max", "lambda_min_error", "lambda_max_error"].map((name) => this.values(name));
        this.unpacked.uncertainty = low.map((v, i) => {
          const error = Math.max(lowError[i], highError[i]);
          return this.map.absolute || error === 0 ? error : (100 * error) / Math.max(Math.abs(v), Math.abs(high[i]));
        });
      } else if (quantity === "uncertainty") {
        const loss = this.values("loss"), error = this.values("loss_error");
        this.unpacked.uncertainty = this.map.absolute ? error : error.map((v, i) => (v ? Math.abs((100 * v) / loss[i]) : 0));
      } else {
        this.unpacked[quantity] = unpack(this.map.arrays[quantity], this.map.single);
      }
    }
    return this.unpacked[quantity];
  }
  // minus subtracts another map, interpolated where its points are others.
  minus(other, quantity) {
    const n = this.x.length;
    return this.values(quantity).map((v, k) => v - other.between(this.x[k % n], this.y[Math.floor(k / n)], quantity));
  }
  // between is the value at (x, y), interpolated linearly from the points around it; NaN beyond the ends, or where one of these has no value.
  between(x, y, quantity) {
    const values = this.values(quantity), n = this.x.length;
    const at = (axis, v) => { // the index below v, and the share of the next one
      const i = Math.max(0, Math.min(axis.length - 2, nearestIndex(axis, v))), k = axis[i] > v && i > 0 ? i - 1 : i;
      const t = (v - axis[k]) / (axis[k + 1] - axis[k]);
      return [k, t < -1e-9 || t > 1 + 1e-9 ? NaN : t];
    };
    const part = (w, i) => (w === 0 ? 0 : w * (this.evaluated(i) ? values[i] : NaN)); // 0 · NaN is NaN
    const [i, s] = at(this.x, x), [j, t] = at(this.y, y);
    return part((1 - s) * (1 - t), j * n + i) + part(s * (1 - t), j * n + i + 1) + part(s * t, (j + 1) * n + i + 1) + part((1 - s) * t, (j + 1) * n + i);
  }
  // mask is 1 where a point was evaluated; null if all were.
  get mask() {
    if (this.readMask === undefined) this.readMask = this.map.mask ? bytesOf(this.map.mask) : null;
    return this.readMask;
  }
  evaluated(i) { return !this.mask || this.mask[i] === 1; }
  // estimated says that a point's values were not computed but estimated.
  estimated(i) {
    this.readEstimated ||= this.map.estimated ? bytesOf(this.map.estimated) : [];
    return this.readEstimated[i] === 1;
  }
  // cells are the parts of the plane that can be drawn.
  cells(quantity) { return this.cellsOf[quantity] ||= new Cells(this, this.values(quantity)); }
  // nearest is the index of the evaluated point that is nearest to (x, y), −1 if there is none close by.
  nearest(x, y) {
    const i = nearestIndex(this.x, x), j = nearestIndex(this.y, y), n = this.x.length;
    for (let ring = 0; ring <= 8; ring++) {
      let best = -1, least = Infinity;
      for (let q = Math.max(0, j - ring); q <= Math.min(this.y.length - 1, j + ring); q++) {
        for (let p = Math.max(0, i - ring); p <= Math.min(n - 1, i + ring); p++) {
          if (Math.max(Math.abs(p - i), Math.abs(q - j)) !== ring || !this.evaluated(q * n + p)) continue;
          const distance = (this.x[p] - x) ** 2 + (this.y[q] - y) ** 2;
          if (distance < least) [best, least] = [q * n + p, distance];
        }
      }
      if (best >= 0) return best;
    }
    return -1;
  }
}

function nearestIndex(axis, v) {
  let low = 0, high = axis.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (axis[middle] <= v) low = middle; else high = middle;
  }
  return v - axis[low] <= axis[high] - v ? low : high;
}

const landscapes = [], spectra = [], trainings = [], absentMaps = [];
for (const experiment of pageData.experiments) {
  for (const map of experiment.maps || []) {
    const made = new Landscape(experiment, map, landscapes.length + absentMaps.length + spectra.length + 1);
    if (!map.arrays) absentMaps.push(made);
    else if (map.kind === "spectrum") spectra.push(made);
    else landscapes.push(made);
  }
  if (experiment.training) trainings.push({ experiment, map: experiment.training });
}
for (const l of landscapes) {
  if (l.isPlane && !l.has("lambda_max") && l.map.plane) {
    const same = landscapes.filter((m) => m.has("lambda_max") && m.map.plane === l.map.plane && m.experiment === l.experiment);
    l.curvature = same.find((m) => m.map.split === l.map.split) || same[0] || null;
  }
}
