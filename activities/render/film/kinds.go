package film

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/render"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
)

// Lengths, in hundredths of a second.
const (
	frameDelay = 8
	stillDelay = 120 // of a surface between two changes, and of the end of a path
)

// mostEpochs is how many pictures a path has at most.
const mostEpochs = 120

// Path is the path of a training, or of several, as it grows from epoch to epoch over the plane of its principal components. Errors are as in render.Trajectory.
func Path(path trajectory.Path, g surface.Grid, losses *trajectory.Losses, opt picture.Options) (Film, error) {
	epochs := slices.Compact(slices.Sorted(slices.Values(path.Epochs)))
	every := (len(epochs) + mostEpochs - 1) / mostEpochs
	f, title := Film{Meta: opt.Meta}, opt.Title
	for i, epoch := range epochs {
		last := i == len(epochs)-1
		if i%max(every, 1) != 0 && !last {
			continue
		}
		opt.Until = &epochs[i]
		opt.Title = title + fmt.Sprintf(" · epoch %d", epoch)
		p, err := render.Trajectory(path, g, losses, opt)
		if err != nil {
			return Film{}, err
		}
		delay := min(max(frameDelay, 400/len(epochs)), 40)
		if last {
			delay = stillDelay
		}
		f.add(p, delay)
	}
	return f, nil
}

// turns is the number of pictures of a surface that turns.
const turns = 60

// Turn is a surface that turns once around its vertical axis. Errors are as in render.Surface3D.
func Turn(g surface.Grid, opt picture.Options) (Film, error) {
	opt.Turning = true
	f := Film{Meta: opt.Meta}
	for i := range turns {
		azimuth := math.Mod(firstAzimuth+360*float64(i)/turns+180, 360) - 180
		opt.Azimuth = &azimuth
		p, err := render.Surface3D(g, opt)
		if err != nil {
			return Film{}, err
		}
		f.add(p, frameDelay)
	}
	return f, nil
}

// firstAzimuth is where pictures of surfaces are seen from by default, in degrees.
const firstAzimuth = -58

// Scene is a surface of a film of several, and what stands above it.
type Scene struct {
	Title string
	Grid  surface.Grid
}

// steps is the number of pictures from one surface to the next.
const steps = 16

// Morph is surfaces over one plane that change into each other, and at last into the first one again, on one scale: between them the losses are interpolated on that scale, and the title says
// between which, "A → B, 40 %", by what differs in their titles. A title in opt stands in front of what differs. It fails where the lattices differ.
func Morph(scenes []Scene, opt picture.Options) (Film, error) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range scenes {
		if !slices.Equal(s.Grid.X, scenes[0].Grid.X) || !slices.Equal(s.Grid.Y, scenes[0].Grid.Y) {
			return Film{}, fmt.Errorf("a film needs surfaces of one range and resolution: %s has %s, and %s has %s", scenes[0].Title, lattice(scenes[0].Grid), s.Title, lattice(s.Grid))
		}
		for i, ok := range s.Grid.Field().OK {
			if ok {
				lo, hi = min(lo, s.Grid.Loss[i]), max(hi, s.Grid.Loss[i])
			}
		}
	}
	scale := opt.LossScale(lo, hi)
	if lo < hi && !opt.Chosen() {
		opt.Min, opt.Max, opt.Scale = scale.Lo, scale.Hi, picture.ScaleLinear
		switch {
		case scale.Log:
			opt.Scale = picture.ScaleLog
		case scale.Sym > 0:
			opt.Scale = picture.ScaleSymlog
		}
	}
	f, short, title := Film{Meta: opt.Meta}, shortTitles(scenes), opt.Title
	for i, from := range scenes {
		next := (i + 1) % len(scenes)
		for step := range steps {
			t := float64(step) / steps
			share := t * t * (3 - 2*t)
			opt.Title, opt.Blended = from.Title, step > 0
			switch {
			case opt.Blended:
				opt.Title = fmt.Sprintf("%s → %s, %.0f %%", short[i], short[next], 100*share)
			case title != "":
				opt.Title = short[i]
			}
			if title != "" {
				opt.Title = title + " · " + opt.Title
			}
			p, err := render.Surface3D(mixed(from.Grid, scenes[next].Grid, share, scale.Log), opt)
			if err != nil {
				return Film{}, err
			}
			delay := frameDelay
			if step == 0 {
				delay = stillDelay
			}
			f.add(p, delay)
		}
	}
	return f, nil
}

// lattice is the range and resolution of a surface: "51×51 points over [-1, 1]×[-1, 1]".
func lattice(g surface.Grid) string {
	ends := func(at []float64) string { return fmt.Sprintf("[%.4g, %.4g]", at[0], at[len(at)-1]) }
	return fmt.Sprintf("%d×%d points over %s×%s", len(g.X), len(g.Y), ends(g.X), ends(g.Y))
}

// shortTitles are the titles without the parts that all of them have, such as the sweep and shared parameters.
func shortTitles(scenes []Scene) []string {
	parts := func(title string) []string {
		return strings.FieldsFunc(title, func(r rune) bool { return r == '/' || r == ',' })
	}
	out := make([]string, len(scenes))
	for i, s := range scenes {
		own := slices.DeleteFunc(parts(s.Title), func(part string) bool {
			return !slices.ContainsFunc(scenes, func(other Scene) bool { return !slices.Contains(parts(other.Title), part) })
		})
		out[i] = cmp.Or(strings.Join(own, ", "), s.Title)
	}
	return out
}

// mixed is the surface at a share of the way from one to another: NaN where one has no loss.
func mixed(a, b surface.Grid, share float64, log bool) surface.Grid {
	out := surface.NewGrid(a.X, a.Y)
	for i := range out.Loss {
		v, w := a.Loss[i], b.Loss[i]
		out.Mask[i] = a.Mask[i] && b.Mask[i]
		switch {
		case share == 0:
			out.Loss[i] = v
		case log && v > 0 && w > 0:
			out.Loss[i] = math.Exp((1-share)*math.Log(v) + share*math.Log(w))
		default:
			out.Loss[i] = (1-share)*v + share*w
		}
	}
	return *out
}
