// A plane as a surface in space. One WebGL context draws all of them, one after the other, as browsers allow few.

// Heights, in half sides of the plane: of the scale's upper end over its lower one, and of the ground.
const lift = 0.95, ground = -0.06;

// A Space is the shared renderer, or why there is none.
const space = {
  renderer: null,
  missing: "",
  start() {
    if (this.renderer || this.missing) return this.renderer;
    const canvas = element("canvas"), context = canvas.getContext("webgl2", { antialias: true, alpha: true });
    if (!context) {
      this.missing = "This browser shows no WebGL, so surfaces are shown from above only.";
      return null;
    }
    this.renderer = new libraries.WebGLRenderer({ canvas, context, antialias: true, alpha: true });
    this.renderer.localClippingEnabled = true;
    this.renderer.setPixelRatio(1);
    this.renderer.setClearColor(0, 0);
    this.camera = new libraries.PerspectiveCamera(28, 1, 0.1, 50);
    this.light = new libraries.DirectionalLight(0xffffff, 2.1);
    this.sky = new libraries.HemisphereLight(0xffffff, 0x8890a0, 1.25);
    this.scene = new libraries.Scene();
    this.scene.add(this.light, this.light.target, this.sky);
    this.caster = new libraries.Raycaster();
    this.renderer.domElement.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.renderer.domElement.addEventListener("webglcontextrestored", () => changed("theme"));
    return this.renderer;
  },
  // aim puts the camera where the reader has turned it.
  aim(width, height) {
    const { azimuth, elevation, zoom } = state.turn, distance = 6 / zoom * Math.max(1, 1.12 * height / width);
    const middle = lift * 0.42;
    this.camera.position.set(
      distance * Math.cos(elevation) * Math.sin(azimuth), middle + distance * Math.sin(elevation), distance * Math.cos(elevation) * Math.cos(azimuth));
    this.camera.lookAt(0, middle, 0);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
    const right = new libraries.Vector3(1, 0, 0).applyQuaternion(this.camera.quaternion);
    this.light.position.copy(this.camera.position).addScaledVector(right, -2.5).add(new libraries.Vector3(0, 3.2, 0));
  },
};

// A Surface is the geometry of one plane on one scale.
class Surface {
  constructor(landscape, quantity, scale, colors) {
    this.landscape = landscape;
    this.scale = scale;
    const { x, y } = landscape, wide = x.at(-1) - x[0], high = y.at(-1) - y[0];
    const ratio = Math.min(Math.max(high / wide, 0.5), 2);
    this.half = [Math.min(1, 1 / ratio), Math.min(1, ratio)];
    this.middle = [(x[0] + x.at(-1)) / 2, (y[0] + y.at(-1)) / 2];
    this.unit = [wide / 2 / this.half[0], high / 2 / this.half[1]];
    this.cells = landscape.cells(quantity);
    this.clip = new libraries.Plane(new libraries.Vector3(0, -1, 0), lift * 1.0005);
    this.parts = [this.base(colors), ...this.posts(colors)];
    if (this.cells.quads.length) this.parts.push(this.mesh(quantity), this.contours(quantity));
    if (landscape.mask) this.parts.push(this.begun(quantity, colors));
  }
  // at is where a point of the plane lies in space.
  at(x, y, value) {
    const place = Number.isFinite(value) ? Math.max(this.scale.place(value), 0) : 0;
    return [(x - this.middle[0]) / this.unit[0], place * lift, -(y - this.middle[1]) / this.unit[1]];
  }
  mesh(quantity) {
    const { quads, nx, values, x, y } = this.cells, table = shades(paletteOf(quantity));
    const number = new Int32Array(values.length).fill(-1), places = [], tints = [], index = [];
    const vertex = (at, place) => {
      places.push(...at);
      const shade = 3 * Math.max(0, Math.min(255, Math.round(place * 255)));
      for (let c = 0; c < 3; c++) tints.push(linear(table[shade + c] / 255));
      return places.length / 3 - 1;
    };
    for (let q = 0; q < quads.length; q += 4) {
      for (const i of [quads[q], quads[q + 1]]) {
        for (const j of [quads[q + 2], quads[q + 3]]) {
          const k = j * nx + i;
          if (number[k] < 0) number[k] = vertex(this.at(x[i], y[j], values[k]), this.scale.place(values[k]));
        }
      }
    }
    for (let q = 0; q < quads.length; q += 4) {
      const ring = this.ring(number, ...quads.slice(q, q + 4));
      if (ring.length === 4) {
        index.push(ring[0], ring[1], ring[2], ring[0], ring[2], ring[3]);
        continue;
      }
      const middle = [0, 1, 2].map((c) => ring.reduce((sum, k) => sum + places[3 * k + c], 0) / ring.length);
      const centre = vertex(middle, middle[1] / lift);
      ring.forEach((k, n) => index.push(centre, k, ring[(n + 1) % ring.length]));
    }
    const geometry = new libraries.BufferGeometry();
    geometry.setAttribute("position", new libraries.BufferAttribute(new Float32Array(places), 3));
    geometry.setAttribute("color", new libraries.BufferAttribute(new Float32Array(tints), 3));
    geometry.setIndex(index);
    geometry.computeVertexNormals();
    this.skin = new libraries.Mesh(geometry, new libraries.MeshPhongMaterial({
      vertexColors: true, side: libraries.DoubleSide, shininess: 22, specular: 0x303030, clippingPlanes: [this.clip],
      polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1,
    }));
    return this.skin;
  }
  // ring are the vertices around a cell, those of finer cells beside it included, so that nothing gapes.
  ring(number, i0, i1, j0, j1) {
    const out = [], { nx } = this.cells, add = (i, j) => { if (number[j * nx + i] >= 0) out.push(number[j * nx + i]); };
    for (let i = i0; i < i1; i++) add(i, j0);
    for (let j = j0; j < j1; j++) add(i1, j);
    for (let i = i1; i > i0; i--) add(i, j1);
    for (let j = j1; j > j0; j--) add(i0, j);
    return out;
  }
  contours(quantity) {
    const places = [];
    for (const { level, pieces } of linesOf(this.landscape, quantity, this.scale)) {
      for (let i = 0; i < pieces.length; i += 2) places.push(...this.at(pieces[i], pieces[i + 1], level));
    }
    return segments(places, 0x000000, 0.42, [this.clip]);
  }
  // begun marks the points of a map in the making by small crosses.
  begun(quantity, colors) {
    const { x, y } = this.landscape, values = this.landscape.values(quantity), places = [], size = 0.6 / Math.max(x.length, y.length);
    for (let i = 0; i < values.length; i++) {
      if (!this.landscape.evaluated(i) || !Number.isFinite(values[i])) continue;
      const [a, b, c] = this.at(x[i % x.length], y[Math.floor(i / x.length)], values[i]);
      places.push(a - size, b + 0.004, c, a + size, b + 0.004, c, a, b + 0.004, c - size, a, b + 0.004, c + size);
    }
    return segments(places, colors.ink, 0.8, [this.clip]);
  }
  // frame draws the base and the posts as lines, without WebGL.
  frame(context, project) {
    const [nearX, nearZ] = near(this), far = this.edges.filter((_, i) => this.corners[i][0] !== nearX || this.corners[i][1] !== nearZ);
    context.strokeStyle = themed().line;
    context.lineWidth = 1;
    context.beginPath();
    for (const part of [this.parts[0], ...far]) {
      const v = part.geometry.attributes.position.array;
      for (let i = 0; i < v.length; i += 6) {
        context.moveTo(...project(v[i], v[i + 1], v[i + 2]));
        context.lineTo(...project(v[i + 3], v[i + 4], v[i + 5]));
      }
    }
    context.stroke();
  }
  // base is the plane below the surface, with a grid on it.
  base(colors) {
    const [a, b] = this.half, places = [];
    for (let i = 0; i <= 4; i++) {
      const s = -1 + i / 2;
      places.push(-a, ground, s * b, a, ground, s * b, s * a, ground, -b, s * a, ground, b);
    }
    return segments(places, colors.line, 1, []);
  }
  // posts are the upright edges of the box, of which the nearest is left out as it is turned.
  posts(colors) {
    const [a, b] = this.half;
    this.corners = [[-a, -b], [a, -b], [a, b], [-a, b]];
    this.edges = this.corners.map(([x, z]) => segments([x, ground, z, x, lift, z], colors.line, 1, []));
    return this.edges;
  }
  dispose() {
    for (const part of this.parts) {
      part.geometry.dispose();
      part.material.dispose();
    }
  }
  // draw renders into a canvas of width×height, and returns where points of space come to lie on it.
  draw(context, width, height, density) {
    const { renderer, scene, camera } = space;
    space.aim(width, height);
    const w = Math.round(width * density), h = Math.round(height * density);
    if (renderer.domElement.width !== w || renderer.domElement.height !== h) renderer.setSize(w, h, false); // which makes its memory anew
    const [nearX, nearZ] = near(this);
    this.corners.forEach(([x, z], i) => { this.edges[i].visible = x !== nearX || z !== nearZ; });
    scene.add(...this.parts);
    renderer.render(scene, camera);
    scene.remove(...this.parts);
    context.drawImage(renderer.domElement, 0, 0, width, height);
    return this.projection(width, height);
  }
  projection(width, height) {
    const matrix = space.camera.projectionMatrix.clone().multiply(space.camera.matrixWorldInverse);
    const v = new libraries.Vector3();
    return (x, y, z) => {
      v.set(x, y, z).applyMatrix4(matrix);
      return [(v.x + 1) / 2 * width, (1 - v.y) / 2 * height, v.z];
    };
  }
  // pick returns the point of the plane that is seen at a place of the canvas, null beside the surface.
  pick(px, py, width, height) {
    if (!this.skin) return null;
    space.aim(width, height);
    space.caster.setFromCamera(new libraries.Vector2(2 * px / width - 1, 1 - 2 * py / height), space.camera);
    const hit = space.caster.intersectObject(this.skin).find((h) => h.point.y <= lift * 1.001);
    return hit ? [hit.point.x * this.unit[0] + this.middle[0], -hit.point.z * this.unit[1] + this.middle[1]] : null;
  }
}

// linear is the light of a colour's part, as the renderer reckons.
const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

function segments(places, color, opacity, clippingPlanes) {
  const geometry = new libraries.BufferGeometry();
  geometry.setAttribute("position", new libraries.BufferAttribute(new Float32Array(places), 3));
  return new libraries.LineSegments(geometry, new libraries.LineBasicMaterial({ color, opacity, transparent: opacity < 1, clippingPlanes }));
}

// near is the corner of the ground that is nearest to the eye.
const near = ({ half: [a, b] }) => [Math.sin(state.turn.azimuth) >= 0 ? a : -a, Math.cos(state.turn.azimuth) >= 0 ? b : -b];

// notesOf are the words and numbers at the edges of the box, as of a picture so wide: [text, px, py, align], without numbers that would lie on others.
function notesOf(surface, project, quantity, width) {
  const { landscape, scale } = surface, names = axisNames(landscape).map((name) => name.split(" (")[0]), [nearX, nearZ] = near(surface);
  const sx = Math.sign(nearX), sz = Math.sign(nearZ), middle = project(0, ground, 0)[0];
  // Words at a slanted edge grow away from the box.
  const along = (from, to) => {
    const [a, b] = [project(...from), project(...to)], slanted = Math.abs(b[1] - a[1]) > 0.2 * Math.abs(b[0] - a[0]), left = a[0] + b[0] < 2 * middle;
    return (text, x, z) => {
      const [px, py] = project(x, ground, z);
      return slanted ? [text, px + (left ? 8 : -8), py, left ? "right" : "left"] : [text, px, py, "center"];
    };
  };
  const [a, b] = surface.half, putX = along([-a, ground, nearZ], [a, ground, nearZ]), putY = along([nearX, ground, -b], [nearX, ground, b]);
  const numbersX = axisValues(landscape.x[0], landscape.x.at(-1), 3).map((v) => putX(spell(v, 3), surface.at(v, surface.middle[1], 0)[0], nearZ + 0.16 * sz));
  const numbersY = axisValues(landscape.y[0], landscape.y.at(-1), 3).map((v) => putY(spell(v, 3), nearX + 0.16 * sx, surface.at(surface.middle[0], v, 0)[2]));
  const numbers = [...numbersX, ...numbersY], posts = surface.corners.map(([x, z]) => [x, z, project(x, ground, z)[0]]);
  const [x, z] = posts.reduce((left, p) => (p[2] < left[2] ? p : left));
  // The number at the foot of the loss axis would be taken for one of its own: it names its axis.
  const foot = project(x, ground, z), away = ([, px, py]) => Math.hypot(px - foot[0], py - foot[1]);
  const lowest = numbers.reduce((a, b) => (away(b) < away(a) ? b : a));
  const own = names[numbersX.includes(lowest) ? 0 : 1], short = own.length < 3; // a long name has no room there
  lowest[0] = `${own} = ${lowest[0]}`;
  lowest[2] += 5; // longer than the others, it would lie on the surface
  const ticks = scale.ticks(5), words = spellAll(ticks), top = project(x, lift, z);
  const losses = ticks.map((v, i) => {
    const p = project(x, scale.place(v) * lift, z);
    return [words[i], p[0] - 6, p[1], "right"];
  });
  const all = [
    [landscape.label(quantity) + (scale.near ? " (symlog)" : ""), Math.max(top[0] - 6, 4), top[1] - 14, "center"],
    putX(names[0], -0.3 * nearX, nearZ + 0.4 * sz), putY(names[1], nearX + 0.4 * sx, -0.3 * nearZ), ...(short ? [lowest] : []), ...losses, ...numbers.filter((n) => n !== lowest),
  ];
  const out = [], taken = [];
  for (const [text, px, py, align] of all) {
    const wide = widthOf(text, 11), from = Math.max(2, Math.min(width - 2 - wide, px - wide * { left: 0, center: 0.5, right: 1 }[align]));
    if (taken.some((t) => from < t.to + 2 && t.from - 2 < from + wide && Math.abs(t.py - py) < 12)) continue;
    taken.push({ from, to: from + wide, py });
    out.push([text, from + wide * { left: 0, center: 0.5, right: 1 }[align], py, align]);
  }
  return out;
}

// drawSpace draws the surface with its words, path and marks, on a canvas or as SVG.
function drawSpace(context, surface, quantity, width, height, colors, density) {
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, height);
  const project = context.vector ? polygons(context, surface, quantity, width, height) : surface.draw(context, width, height, density);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.fillStyle = colors.soft;
  for (const [text, px, py, align] of notesOf(surface, project, quantity, width)) {
    context.textAlign = align;
    context.fillText(text, px, py);
  }
  const { landscape } = surface;
  const on = (x, y) => {
    const between = landscape.between(x, y, quantity), i = landscape.nearest(x, y), v = Number.isFinite(between) ? between : i < 0 ? NaN : landscape.values(quantity)[i];
    return project(...surface.at(x, y, Math.min(v, surface.scale.high)));
  };
  drawCurve(context, landscape, on);
  drawPath(context, pathOf(landscape).map((p) => {
    const [px, py] = on(p.x, p.y);
    return { ...p, px, py };
  }));
  drawMarks(context, landscape, on);
  return project;
}
