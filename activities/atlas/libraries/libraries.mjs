// What the page uses of its libraries; the rest is left out of the bundle.
export {
  BufferAttribute, BufferGeometry, DirectionalLight, DoubleSide, HemisphereLight, LineBasicMaterial, LineSegments,
  Mesh, MeshPhongMaterial, MeshStandardMaterial, PerspectiveCamera, Plane, Raycaster, Scene, Vector2, Vector3, WebGLRenderer,
} from "three";
export { GLTFExporter } from "three/examples/jsm/exporters/GLTFExporter.js";
export { OBJExporter } from "three/examples/jsm/exporters/OBJExporter.js";
export { STLExporter } from "three/examples/jsm/exporters/STLExporter.js";
export { default as uPlot } from "uplot";
