package render

import (
	"math"

	"lossatlas/activities/render/internal/lattice"
)

// Between lattice points a surface in 3D is interpolated by cubic splines, to at most about fineCells cells a side.
const fineCells = 400

// mesh is a surface in a box: heights over a fine lattice in it.
type mesh struct {
	nx, ny int
	x, y   []float64 // of columns and rows in the box
	z      []float64 // 1 at the top of the box, beyond it above; NaN where there is no surface
	normal []vec
}

func (m mesh) at(i, j int) vec { return vec{m.x[i], m.y[j], m.z[j*m.nx+i]} }

// newMesh interpolates the places of a field's values on a ramp between the lattice points, in about fine cells a side, over a box whose
// sides are twice the given halves.
func newMesh(f *lattice.Field, place func(v float64) float64, fine int, box space, open bool) mesh {
	parts := max(1, fine/max(len(f.X)-1, len(f.Y)-1, 1))
	m := mesh{nx: (len(f.X)-1)*parts + 1, ny: (len(f.Y)-1)*parts + 1}
	m.x, m.y = refined(f.X, parts, box.x), refined(f.Y, parts, box.y)
	coarse := make([]float64, len(f.Z))
	for i, v := range f.Z {
		if coarse[i] = math.NaN(); f.OK[i] {
			coarse[i] = place(v)
		}
	}
	z := spread(coarse, len(f.X), len(f.Y), parts)
	m.z = z
	for i := range m.z {
		if m.z[i] *= box.z; !open {
			m.z[i] = min(m.z[i], box.z)
		}
	}
	m.normal = m.normals()
	return m
}

// refined are the places of an axis between −half and half, parts for each step.
func refined(axis []float64, parts int, half float64) []float64 {
	n := len(axis) - 1
	out := make([]float64, n*parts+1)
	for i := range out {
		k := min(i/parts, n-1)
		t := float64(i-k*parts) / float64(parts)
		v := axis[k] + t*(axis[k+1]-axis[k])
		out[i] = half * (2*(v-axis[0])/(axis[n]-axis[0]) - 1)
	}
	return out
}

// spread interpolates nx×ny values to parts steps for each of theirs: by the cubic convolution of Keys (1981), bounded by the values
// around, or linearly where one of these is missing. A cell with a corner without a value has no value.
func spread(v []float64, nx, ny, parts int) []float64 {
	mx, my := (nx-1)*parts+1, (ny-1)*parts+1
	out := make([]float64, mx*my)
	for j := range my {
		cj := min(j/parts, ny-2)
		wy := cubic(float64(j-cj*parts)/float64(parts), cj == 0, cj == ny-2)
		for i := range mx {
			ci := min(i/parts, nx-2)
			s, t := float64(i-ci*parts)/float64(parts), float64(j-cj*parts)/float64(parts)
			if s == math.Trunc(s) && t == math.Trunc(t) { // a lattice point
				out[j*mx+i] = v[(cj+int(t))*nx+ci+int(s)]
				continue
			}
			wx := cubic(s, ci == 0, ci == nx-2)
			sum, lo, hi := 0.0, math.Inf(1), math.Inf(-1)
			for q, b := range wy {
				for p, a := range wx {
					if x, y := ci+p-1, cj+q-1; x >= 0 && y >= 0 && x < nx && y < ny {
						w := v[y*nx+x]
						sum, lo, hi = sum+a*b*w, min(lo, w), max(hi, w)
					}
				}
			}
			if math.IsNaN(sum) {
				at := cj*nx + ci
				out[j*mx+i] = (v[at]*(1-s)+v[at+1]*s)*(1-t) + (v[at+nx]*(1-s)+v[at+nx+1]*s)*t
				continue
			}
			out[j*mx+i] = min(max(sum, lo), hi)
		}
	}
	return out
}

// cubic are the weights of the four points around a place t between the second and the third. At the first or the last step the point
// beyond the end continues the line through the next two.
func cubic(t float64, first, last bool) [4]float64 {
	w := [4]float64{
		t * (-0.5 + t*(1-0.5*t)), 1 + t*t*(1.5*t-2.5), t * (0.5 + t*(2-1.5*t)), t * t * (0.5*t - 0.5),
	}
	if first {
		w[1], w[2], w[0] = w[1]+2*w[0], w[2]-w[0], 0
	}
	if last {
		w[2], w[1], w[3] = w[2]+2*w[3], w[1]-w[3], 0
	}
	return w
}

// normals are the directions upright on the surface, from differences to the neighbors that have a value.
func (m mesh) normals() []vec {
	out := make([]vec, len(m.z))
	slope := func(at, i, n, stride int, axis []float64) float64 {
		lo, hi := at, at
		from, to := i, i
		if i > 0 && !math.IsNaN(m.z[at-stride]) {
			lo, from = at-stride, i-1
		}
		if i < n-1 && !math.IsNaN(m.z[at+stride]) {
			hi, to = at+stride, i+1
		}
		if lo == hi {
			return 0
		}
		return (m.z[hi] - m.z[lo]) / (axis[to] - axis[from])
	}
	for j := range m.ny {
		for i := range m.nx {
			at := j*m.nx + i
			out[at] = vec{-slope(at, i, m.nx, 1, m.x), -slope(at, j, m.ny, m.nx, m.y), 1}.unit()
		}
	}
	return out
}
