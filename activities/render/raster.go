package render

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
)

// A surface is drawn sampled samples×samples times in each dot, as long as that are at most mostSamples in all.
const (
	samples     = 3
	mostSamples = 24_000_000
)

// scene is the projection of a surface, in samples.
type scene struct {
	view
	width, height int
	depth         []float32
	color         [][3]uint8
	lit           func(height float64, normal vec) [3]uint8
	top           float64 // above which nothing is shown
}

// drawn is the surface as an image of dpi dots per inch of a rectangle of the figure. A depth buffer hides covered triangles; colors are
// interpolated with the normals (Phong 1975), for each sample.
func (m mesh) drawn(v view, r vg.Rectangle, dpi float64, top float64, lit func(height float64, normal vec) [3]uint8) image.Image {
	w, h := int(math.Ceil(float64(r.Size().X)*dpi/72)), int(math.Ceil(float64(r.Size().Y)*dpi/72))
	n := samples
	for n > 1 && w*h*n*n > mostSamples {
		n--
	}
	s := scene{view: v, width: w * n, height: h * n, lit: lit, top: top}
	s.depth, s.color = make([]float32, s.width*s.height), make([][3]uint8, s.width*s.height)
	for i := range s.depth {
		s.depth[i] = float32(math.Inf(-1))
	}
	scale := dpi / 72 * float64(n)
	corners := make([]corner, len(m.z))
	for j := range m.ny {
		for i := range m.nx {
			p := m.at(i, j)
			at := v.at(p)
			corners[j*m.nx+i] = corner{float64(at.X-r.Min.X) * scale, float64(s.height) - float64(at.Y-r.Min.Y)*scale, p.dot(v.toEye()), p.z, m.normal[j*m.nx+i]}
		}
	}
	for j := range m.ny - 1 {
		for i := range m.nx - 1 {
			at := j*m.nx + i
			a, b, c, d := corners[at], corners[at+1], corners[at+m.nx+1], corners[at+m.nx]
			if math.IsNaN(a.height + b.height + c.height + d.height) {
				continue
			}
			s.triangle(a, b, c)
			s.triangle(a, c, d)
		}
	}
	return s.averaged(n)
}

// corner is a projected point of the surface: its place in samples, its nearness, its height in the box, and its normal.
type corner struct {
	x, y, near, height float64
	normal             vec
}

// triangle fills the samples whose middle lies in it.
func (s *scene) triangle(a, b, c corner) {
	area := (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x)
	if area == 0 || math.IsNaN(area) {
		return
	}
	x0, x1 := max(int(min(a.x, b.x, c.x)), 0), min(int(max(a.x, b.x, c.x))+1, s.width)
	y0, y1 := max(int(min(a.y, b.y, c.y)), 0), min(int(max(a.y, b.y, c.y))+1, s.height)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			px, py := float64(x)+0.5, float64(y)+0.5
			u := ((px-a.x)*(c.y-a.y) - (py-a.y)*(c.x-a.x)) / area
			v := ((b.x-a.x)*(py-a.y) - (b.y-a.y)*(px-a.x)) / area
			if u < 0 || v < 0 || u+v > 1 {
				continue
			}
			height := a.height + u*(b.height-a.height) + v*(c.height-a.height)
			near := float32(a.near + u*(b.near-a.near) + v*(c.near-a.near))
			at := y*s.width + x
			if height > s.top || near <= s.depth[at] {
				continue
			}
			normal := a.normal.plus(a.normal, -u-v).plus(b.normal, u).plus(c.normal, v).unit()
			s.depth[at], s.color[at] = near, s.lit(height, normal)
		}
	}
}

// averaged is the image of the means of n×n samples; their share that shows the surface is its opacity.
func (s *scene) averaged(n int) image.Image {
	out := image.NewNRGBA(image.Rect(0, 0, s.width/n, s.height/n))
	for y := range s.height / n {
		for x := range s.width / n {
			var sum [3]int
			count := 0
			for k := range n * n {
				at := (y*n+k/n)*s.width + x*n + k%n
				if math.IsInf(float64(s.depth[at]), -1) {
					continue
				}
				count++
				for c, v := range s.color[at] {
					sum[c] += int(v)
				}
			}
			if count == 0 {
				continue
			}
			mean := func(c int) uint8 { return uint8((sum[c] + count/2) / count) }
			out.SetNRGBA(x, y, color.NRGBA{mean(0), mean(1), mean(2), uint8(255 * count / (n * n))})
		}
	}
	return out
}

// The light comes from above the reader's left shoulder. A little of it comes from everywhere, more from above.
const (
	ambient  = 0.42
	diffuse  = 0.62
	specular = 0.16
	gloss    = 24
)

// shader returns the color of a surface at a height of the box, on a map, under the light of a view (Blinn 1977). The lower side is darker.
func (v view) shader(colormap string, top float64) func(height float64, normal vec) [3]uint8 {
	eye := v.toEye()
	right := vec{-v.sinA, v.cosA, 0}
	light := eye.plus(right, -0.9).plus(vec{0, 0, 1}, 0.9).unit()
	half := light.plus(eye, 1).unit()
	var table [512]color.RGBA
	for i := range table {
		table[i] = canvas.ColorAt(colormap, float64(i)/511)
	}
	return func(height float64, normal vec) [3]uint8 {
		c := table[int(min(max(height/top, 0), 1)*511+0.5)]
		below := 1.0
		if normal.dot(eye) < 0 {
			normal, below = vec{-normal.x, -normal.y, -normal.z}, 0.7
		}
		shade := below * (ambient*(0.85+0.15*normal.z) + diffuse*max(normal.dot(light), 0))
		shine := 255 * specular * below * math.Pow(max(normal.dot(half), 0), gloss)
		part := func(v uint8) uint8 { return uint8(min(float64(v)*shade+shine+0.5, 255)) }
		return [3]uint8{part(c.R), part(c.G), part(c.B)}
	}
}
