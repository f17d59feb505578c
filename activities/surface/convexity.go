package surface

import "math"

// curvatureRounding is the error of a loss relative to its size that
// convexity allows for: losses are sums of float32 numbers.
const curvatureRounding = 1e-6

// convex is the share of points whose plotted loss is locally convex, NaN if
// none can be judged, and how many can.
func (f *Field) convex() (share float64, judged int) {
	good := 0
	for i := range f.Z {
		convex, ok := f.IsConvex(i)
		if ok {
			judged++
		}
		if convex {
			good++
		}
	}
	if judged == 0 {
		return math.NaN(), 0
	}
	return float64(good) / float64(judged), judged
}

// IsConvex says whether the plotted loss is locally convex at point i: whether its second derivative along a line, or both eigenvalues of
// its 2×2 matrix of second derivatives over a plane, from differences to its neighbours, are at least 0. ok is false at the border and
// where a neighbour has no value, or Err leaves the sign open.
//
// A loss of size M off by r = curvatureRounding·M changes a second difference over the
// spacing h by up to 4r/h², the mixed one by r/(h·k), and so an eigenvalue of the
// 2×2 matrix by up to 4r/min(h, k)² + r/(h·k): that much below 0 counts as 0.
func (f *Field) IsConvex(i int) (convex, ok bool) {
	nx, ny := len(f.X), len(f.Y)
	ix, iy := i%nx, i/nx
	if ix == 0 || ix == nx-1 || ny > 1 && (iy == 0 || iy == ny-1) {
		return false, false
	}
	rows := []int{i}
	if ny > 1 {
		rows = []int{i - nx, i, i + nx}
	}
	size, off := 0.0, 0.0
	for _, r := range rows {
		for j := r - 1; j <= r+1; j++ {
			if !f.OK[j] {
				return false, false
			}
			size = max(size, math.Abs(f.Z[j]))
			if f.Err != nil {
				off = max(off, f.Err[j])
			}
		}
	}
	rounding := curvatureRounding * size
	hx1, hx2 := f.X[ix]-f.X[ix-1], f.X[ix+1]-f.X[ix]
	xx := second(f.Z[i-1], f.Z[i], f.Z[i+1], hx1, hx2)
	h := min(hx1, hx2)
	if ny == 1 {
		return judge(xx, 4*rounding/(h*h), 4*off/(h*h))
	}
	hy1, hy2 := f.Y[iy]-f.Y[iy-1], f.Y[iy+1]-f.Y[iy]
	yy := second(f.Z[i-nx], f.Z[i], f.Z[i+nx], hy1, hy2)
	xy := (f.Z[i+nx+1] - f.Z[i+nx-1] - f.Z[i-nx+1] + f.Z[i-nx-1]) / ((hx1 + hx2) * (hy1 + hy2))
	least := (xx+yy)/2 - math.Hypot((xx-yy)/2, xy)
	k := min(hy1, hy2)
	spread := 4/min(h*h, k*k) + 1/(h*k)
	return judge(least, rounding*spread, off*spread)
}

// judge says whether a second derivative is at least 0 but for rounding, and whether an error of up to off leaves that certain.
func judge(second, rounding, off float64) (convex, ok bool) {
	return second >= -rounding, off == 0 || math.Abs(second) > off
}

// second is the second derivative of the parabola through three points, h and k apart.
func second(a, b, c, h, k float64) float64 { return 2 * ((c-b)/k - (b-a)/h) / (h + k) }
