// How values become heights and colours.

const palettes = {
  viridis: "440154 48186A 472D7B 424086 3B528B 33638D 2C728E 26818E 21908C 1F9F88 28AE80 3EBC74 5DC963 82D34C ABDC32 D5E21A FDE725",
  cividis: "00224E 002E6A 1A386F 32436D 434E6C 52596D 61656F 6F7073 7C7B78 8B8778 9B9376 ABA072 BBAD6C CCBA64 DDC958 EFD748 FEE838",
  inferno: "000004 0B0724 210C4A 3D0965 57106E 71196E 8A226A A32C61 BC3754 D24644 E45A31 F1731D F98E09 FCAC11 F9CB35 F2EA69 FCFFA4",
  plasma: "0D0887 310597 4C02A1 6600A7 7E03A8 9511A1 AA2395 BC3587 CC4778 DA5A6A E66C5C F0804E F89540 FDAC33 FDC527 F8DF25 F0F921",
  coolwarm: "3B4CC0 4E68D8 6282EA 779AF7 8DB0FE A3C2FE B9D0F9 CCD9ED DDDCDC ECD3C5 F5C4AC F7B093 F4987A EB7D62 DD5F4B CA3B37 B40426",
  "red-blue": "053061 175290 2A71B2 3F8EC0 6BACD1 9BC9E0 C2DDEC E0ECF3 F7F6F6 FBE5D8 FBCCB4 F5AA89 E48066 D05548 BA2832 930E26 67001F",
  magma: "000004 0A0822 1D1146 36106A 50127C 6A1C81 822681 9C2E7F B63779 CF4170 E65163 F5695C FB8761 FEA571 FEC387 FDE0A2 FCFDBF",
};
// Those of two sides are for differences, which have 0 in their middle.
const sided = ["coolwarm", "red-blue"];
const paletteOf = (quantity) => (kindOf(quantity).difference && !sided.includes(state.palette) ? sided[0] : state.palette);
const tables = {};

// shades are 256 colours of a palette, three bytes each.
function shades(name) {
  if (!tables[name]) {
    const anchors = palettes[name].split(" ").map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));
    const table = new Uint8Array(768);
    for (let i = 0; i < 256; i++) {
      const at = (i / 255) * (anchors.length - 1), k = Math.min(Math.floor(at), anchors.length - 2);
      for (let c = 0; c < 3; c++) table[3 * i + c] = Math.round(anchors[k][c] + (at - k) * (anchors[k + 1][c] - anchors[k][c]));
    }
    tables[name] = table;
  }
  return tables[name];
}

// A Scale maps [low, high] to [0, 1].
class Scale {
  // near is the size below which a symmetric logarithmic scale, for values that touch or cross 0, is linear; 0 for other scales.
  constructor(low, high, logarithmic, near = 0) {
    this.low = low;
    this.high = high - low > 1e-300 ? high : low + (Math.abs(low) > 1e-290 ? Math.abs(low) * 0.01 : 1); // a constant lies at the foot
    this.logarithmic = logarithmic;
    this.near = near;
    this.from = this.bent(this.low);
    this.over = 1 / (this.bent(this.high) - this.from);
  }
  bent(v) {
    if (this.near) { // quotients of the largest numbers overflow
      const size = Math.abs(v), over = size / this.near;
      return Math.sign(v) * (Number.isFinite(over) ? Math.log1p(over) : Math.log(size) - Math.log(this.near));
    }
    return this.logarithmic ? Math.log(Math.max(v, this.low)) : v;
  }
  // place is below 0 or above 1 for values outside.
  place(v) { return (this.bent(v) - this.from) * this.over; }
  value(place) {
    const v = this.from + place / this.over;
    if (this.near) return Math.sign(v) * (Math.abs(v) < 700 ? Math.expm1(Math.abs(v)) * this.near : Math.exp(Math.abs(v) + Math.log(this.near)));
    return this.logarithmic ? Math.exp(v) : v;
  }
  // levels are about so many round values, at which contours are drawn.
  levels(count) {
    const { low, high, near } = this;
    if (near) { // powers of ten of both signs, and 0
      const out = [0];
      for (let e = Math.ceil(Math.log10(near)); e <= Math.log10(Math.max(high, -low)); e++) out.push(Number(`1e${e}`), -Number(`1e${e}`));
      return out.filter((v) => v > low && v < high).sort((a, b) => a - b);
    }
    const decades = this.logarithmic ? Math.log10(high / low) : 0;
    if (decades < 1.3) return roundValues(low, high, count);
    const steps = decades > 7 ? [1] : decades > 3.5 ? [1, 3] : decades > 2 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
    const out = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
      for (const s of steps) {
        const v = Number(`${s}e${e}`);
        if (v > low && v < high) out.push(v);
      }
    }
    return out;
  }
  // ticks are few values that are written at an axis.
  ticks(count) {
    const all = this.levels(count), every = Math.ceil(all.length / count);
    return every < 2 ? all : all.filter((v, i) => (all.length - 1 - i) % every === 0);
  }
}

// roundValues are round numbers in [low, high], about so many.
function roundValues(low, high, count) {
  const rough = (high - low) / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((s) => s * power >= rough * 0.999) * power;
  const out = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) out.push(Number((i * step).toPrecision(12)));
  return out;
}

// axisValues are at least three round numbers in [low, high], about so many, to be written at an axis.
function axisValues(low, high, count) {
  for (;; count++) {
    const values = roundValues(low, high, count);
    if (values.length > 2 || count > 6) return values;
  }
}

// rangeOf is the range of finite values of several planes.
function rangeOf(list, quantity) {
  let low = Infinity, high = -Infinity, lowest = Infinity;
  for (const l of list) {
    const cells = l.cells(quantity);
    low = Math.min(low, cells.low);
    high = Math.max(high, cells.high);
    lowest = Math.min(lowest, cells.lowest);
  }
  return low <= high ? { low, high, lowest } : { low: 0, high: 1, lowest: 1 };
}

// scaleOf is the scale of several planes: limits are what a reader has typed for its ends, null for an end of the values, and
// the cut, a fraction of the scale, takes off its upper end. Auto takes a logarithmic one where values span more than a factor of 30.
function scaleOf(list, quantity, height, cut, limits) {
  let { low, high, lowest } = rangeOf(list, quantity);
  if (kindOf(quantity).difference) { // as far to both sides
    high = Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE);
    low = -high;
  }
  if (limits.low !== null && limits.low < (limits.high ?? high)) low = limits.low;
  if (limits.high !== null && limits.high > low) high = limits.high;
  if (limits.low !== null && low > 0) lowest = low;
  if (kindOf(quantity).difference) {
    const scale = new Scale(low, high * cut, false, height === "log" && low < 0 ? Math.max(high * 1e-3, Number.MIN_VALUE) : 0);
    return Object.assign(scale, { able: true, logarithmic: height === "log", whole: scale });
  }
  // Where a logarithmic scale would be taken and values touch or cross 0, it is a symmetric one.
  const size = Math.max(high, -low), symmetric = quantity === "loss" && low <= 0 && low < high && (height === "log" || (height === "auto" && size > 20));
  if (symmetric) {
    const near = Math.max(Math.min(1e-3, size * 1e-6), Number.MIN_VALUE), whole = new Scale(low, high, true, near);
    const scale = cut < 1 ? new Scale(low, whole.value(Math.max(cut, 0.01)), true, near) : whole;
    return Object.assign(scale, { able: true, whole });
  }
  const able = kindOf(quantity).logarithmic && (lowest < high || (quantity === "loss" && low < high));
  const logarithmic = able && (height === "log" || (height === "auto" && low >= 0 && high / lowest > 30));
  const whole = new Scale(logarithmic ? lowest : low, high, logarithmic);
  const scale = cut < 1 ? new Scale(whole.low, whole.value(Math.max(cut, 0.01)), logarithmic) : whole;
  scale.able = able;
  scale.whole = whole;
  return scale;
}
