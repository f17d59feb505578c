// What the page uses of its libraries; the rest is left out of the bundle.
export {
  BufferAttribute, BufferGeometry, DirectionalLight, DoubleSide, HemisphereLight, LineBasicMaterial, LineSegments,
  Mesh, MeshPhongMaterial, PerspectiveCamera, Plane, Raycaster, Scene, Vector2, Vector3, WebGLRenderer,
} from "three";
export { default as uPlot } from "uplot";
