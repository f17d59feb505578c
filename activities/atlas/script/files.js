// Files that are made in the page from its numbers, in the forms that `lossatlas export` writes.

// save offers a file.
function save(name, type, ...parts) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

// stem is a name that every system takes for a file.
const stem = (...words) => words.join("-").toLowerCase().replace(/[^a-z0-9._=]+/g, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 120) || "atlas";

// arraysOf are the arrays of a map over its points, by their names in a file.
const arraysOf = (l) => ["loss", "accuracy", "decay", "lambda_min", "lambda_max", "residual_min", "residual_max", "lambda_min_error", "lambda_max_error", "loss_error", "accuracy_error", "loss_se", "accuracy_se", "rise_se"].filter((name) => name in l.map.arrays);

const decimal = (v) => (Number.isFinite(v) ? String(v) : Number.isNaN(v) ? "NaN" : v > 0 ? "Inf" : "-Inf");
// known is a field of a table: empty where the value is not known.
const known = (v) => (Number.isNaN(v) ? "" : decimal(v));

function csvOf(l) {
  const [first, second, ...more] = arraysOf(l), out = [["x", "y", first, second, "evaluated", ...more].join(",")];
  const columns = [first, second, ...more].map((name) => l.values(name)), n = l.x.length;
  for (let i = 0; i < columns[0].length; i++) {
    const there = l.evaluated(i), at = (column) => (there ? known(column[i]) : "");
    out.push([decimal(l.x[i % n]), decimal(l.y[Math.floor(i / n)]), there ? decimal(columns[0][i]) : "", at(columns[1]), there && !l.estimated(i), ...columns.slice(2).map(at)].join(","));
  }
  return out.join("\n") + "\n";
}

// jsonOf has null for what was not evaluated, and the names of what is not finite.
function jsonOf(l) {
  const out = { name: l.map.name, experiment: l.experiment.name, kind: l.map.kind, split: l.map.split, x: l.x, y: l.y };
  for (const name of arraysOf(l)) {
    const values = l.values(name);
    out[name] = l.y.map((_, j) => l.x.map((_, i) => {
      const k = j * l.x.length + i;
      return !l.evaluated(k) ? null : Number.isFinite(values[k]) ? values[k] : decimal(values[k]);
    }));
  }
  if (l.map.path) out.path = { epochs: l.map.path.epochs, points: l.map.path.points };
  if (l.map.meta) out.meta = JSON.parse(l.map.meta);
  return JSON.stringify(out);
}

const base64 = (bytes) => {
  let raw = "";
  for (let i = 0; i < bytes.length; i += 8192) raw += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(raw);
};
const raw = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const maskOf = (l) => l.mask || new Uint8Array(l.x.length * l.y.length).fill(1);

// vtsOf is a VTK structured grid, its arrays in base64, as VTK's text form knows no NaN.
function vtsOf(l) {
  const points = new Float64Array(3 * l.x.length * l.y.length), n = l.x.length;
  for (let i = 0; i < points.length / 3; i++) points.set([l.x[i % n], l.y[Math.floor(i / n)], 0], 3 * i);
  const array = (attributes, bytes) => {
    const framed = new Uint8Array(8 + bytes.length);
    new DataView(framed.buffer).setBigUint64(0, BigInt(bytes.length), true);
    framed.set(bytes, 8);
    return `<DataArray ${attributes} format="binary">${base64(framed)}</DataArray>\n`;
  };
  const extent = `0 ${l.x.length - 1} 0 ${l.y.length - 1} 0 0`;
  return `<?xml version="1.0"?>\n<VTKFile type="StructuredGrid" version="1.0" byte_order="LittleEndian" header_type="UInt64">\n` +
    `<StructuredGrid WholeExtent="${extent}">\n<Piece Extent="${extent}">\n<Points>\n` +
    array('type="Float64" Name="points" NumberOfComponents="3"', raw(points)) + `</Points>\n<PointData Scalars="loss">\n` +
    arraysOf(l).map((name) => array(`type="Float64" Name="${name}"`, raw(l.values(name)))).join("") + array('type="UInt8" Name="mask"', maskOf(l)) +
    "</PointData>\n</Piece>\n</StructuredGrid>\n</VTKFile>\n";
}

// npzOf is the grid as NumPy reads it.
function npzOf(l) {
  const plane = `(${l.y.length}, ${l.x.length})`;
  const meta = Int32Array.from([...(l.map.meta || "null")].map((c) => c.codePointAt(0)));
  const entries = [
    npy("x", "<f8", `(${l.x.length},)`, raw(Float64Array.from(l.x))), npy("y", "<f8", `(${l.y.length},)`, raw(Float64Array.from(l.y))),
    ...arraysOf(l).map((name) => npy(name, "<f8", plane, raw(l.values(name)))),
    ...(l.map.estimated ? [npy(l.map.absolute ? "stated_absolute_error" : "stated_error", "<f8", "(1,)", raw(Float64Array.of(l.map.stated_error))),
      npy("evaluated", "|b1", plane, bytesOf(l.map.estimated).map((v) => 1 - v))] : []),
    ...(l.map.images ? [npy("images", "<f8", "(1,)", raw(Float64Array.of(l.map.images))), npy("population", "<f8", "(1,)", raw(Float64Array.of(l.map.population)))] : []),
    npy("mask", "|b1", plane, maskOf(l)), npy("meta", `<U${meta.length}`, "()", raw(meta)),
  ];
  return zipped(entries);
}

// npy is one array with NumPy's header.
function npy(name, descr, shape, body) {
  const head = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const length = Math.ceil((10 + head.length + 1) / 64) * 64 - 10, text = `${head.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(10 + length + body.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  for (let i = 0; i < length; i++) bytes[10 + i] = text.charCodeAt(i);
  bytes.set(body, 10 + length);
  return { name: `${name}.npy`, bytes };
}

// zipped is an archive of files that are not compressed.
function zipped(files) {
  const local = [], central = [];
  let at = 0, size = 0;
  for (const { name, bytes } of files) {
    const title = new TextEncoder().encode(name), sum = crc32(bytes);
    const fields = (central) => {
      const view = new DataView(new ArrayBuffer(central ? 46 : 30)), shift = central ? 2 : 0;
      view.setUint32(0, central ? 0x02014b50 : 0x04034b50, true);
      if (central) view.setUint16(4, 20, true);
      view.setUint16(4 + shift, 20, true);
      view.setUint16(12 + shift, 0x21, true); // 1980-01-01
      view.setUint32(14 + shift, sum, true);
      view.setUint32(18 + shift, bytes.length, true);
      view.setUint32(22 + shift, bytes.length, true);
      view.setUint16(26 + shift, title.length, true);
      if (central) view.setUint32(42, at, true);
      return new Uint8Array(view.buffer);
    };
    const entry = fields(true);
    local.push(fields(false), title, bytes);
    central.push(entry, title);
    at += 30 + title.length + bytes.length;
    size += 46 + title.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return [...local, ...central, new Uint8Array(end.buffer)];
}

let crcTable = null;
function crc32(bytes) {
  crcTable ||= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

// dataButtons offer the numbers of a map.
function dataButtons(l) {
  const name = l.map.stem;
  return [
    button("NPZ", () => save(`${name}.npz`, "application/octet-stream", ...npzOf(l)), { title: "for NumPy" }),
    button("CSV", () => save(`${name}.csv`, "text/csv", csvOf(l))),
    button("VTK", () => save(`${name}.vts`, "application/octet-stream", vtsOf(l)), { title: "a structured grid, for ParaView" }),
    button("JSON", () => save(`${name}.json`, "application/json", jsonOf(l))),
  ];
}

// origin says how a map was made, and how to make it again.
function origin(l) {
  const list = [];
  for (const made of l.map.provenance || []) {
    const rows = [["step", made.kind], ["key", made.key], ...made.items];
    const entry = element("dl", { class: "origin" });
    for (const [name, value] of rows) entry.append(element("dt", {}, name), element("dd", {}, value));
    if (/^https?:/.test(made.run || "")) entry.append(element("dt", {}, "run"), element("dd", {}, element("a", { href: made.run, target: "_blank", rel: "noopener" }, "in the Temporal UI")));
    list.push(entry);
  }
  const key = l.map.provenance?.[0]?.key;
  if (key) {
    list.push(element("p", {}, "Again: ", element("code", {}, `lossatlas run ${pageData.sweep}.yaml`), "; this map alone, as a file: ",
      element("code", {}, `lossatlas export grid ${key.slice(0, 16)} ${l.map.stem}.npz`)));
  }
  return list;
}
