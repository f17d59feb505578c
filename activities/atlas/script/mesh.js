// Meshes of the surface that is shown: with colors for modeling programs, closed for print.

// meshOf is a surface, flat where the scale ends. Its longer side has the length 1, and y is up.
function meshOf(surface) {
  const geometry = surface.skin.geometry.clone(), places = geometry.attributes.position;
  for (let i = 0; i < places.count; i++) places.setY(i, Math.min(places.getY(i), lift));
  geometry.computeVertexNormals();
  const material = new libraries.MeshStandardMaterial({ vertexColors: true, side: libraries.DoubleSide, metalness: 0, roughness: 0.7 });
  return new libraries.Mesh(geometry.scale(0.5, 0.5, 0.5), material);
}

// solidOf closes a surface by walls below its edges, which run in one direction only, and a floor.
function solidOf(surface) {
  const corners = surface.index.array, { position } = surface.attributes, n = position.count, places = [...position.array], sides = new Set(), out = [];
  for (let i = 0; i < n; i++) places.push(position.getX(i), ground / 2, position.getZ(i));
  const triangles = [];
  for (let k = 0; k < corners.length; k += 3) triangles.push([corners[k], corners[k + 1], corners[k + 2]]);
  const sidesOf = ([a, b, c]) => [[a, b], [b, c], [c, a]];
  for (const t of triangles) for (const [a, b] of sidesOf(t)) sides.add(a * n + b);
  for (const t of triangles) {
    out.push(...t, n + t[0], n + t[2], n + t[1]);
    for (const [a, b] of sidesOf(t)) if (!sides.has(b * n + a)) out.push(b, a, n + a, b, n + a, n + b);
  }
  const solid = new libraries.BufferGeometry();
  solid.setAttribute("position", new libraries.BufferAttribute(new Float32Array(places), 3));
  return solid.setIndex(out);
}

// saveMesh offers a surface as glTF (GLB) or OBJ, or as STL, which is 100 mm long and stands on a plate.
async function saveMesh(surface, form, name, title) {
  const mesh = meshOf(surface);
  mesh.name = title;
  if (form === "GLB") {
    save(`${name}.glb`, "model/gltf-binary", await new libraries.GLTFExporter().parseAsync(mesh, { binary: true }));
    return;
  }
  mesh.rotateX(Math.PI / 2); // z is up
  if (form === "STL") {
    mesh.geometry = solidOf(mesh.geometry);
    mesh.scale.setScalar(100);
    mesh.position.z = -50 * ground;
  }
  mesh.updateMatrixWorld();
  if (form === "STL") save(`${name}.stl`, "model/stl", new libraries.STLExporter().parse(mesh, { binary: true }));
  else save(`${name}.obj`, "model/obj", new libraries.OBJExporter().parse(mesh));
}
