package atlas

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/surface"
)

// The page's script finds the numbers as JSON. Arrays are packed: base64 of their bytes, little-endian, so that every bit
// of them is kept (NaN and the infinities as well) and that there is nothing to parse until they are drawn.
type pageJSON struct {
	Sweep       string           `json:"sweep"`
	Experiments []experimentJSON `json:"experiments"`
}

type experimentJSON struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Comparison bool          `json:"comparison,omitempty"`
	Between    string        `json:"between,omitempty"` // of a comparison: the experiments by their letters
	TestError  string        `json:"error,omitempty"`
	Maps       []mapJSON     `json:"maps,omitempty"`
	Training   *trainingJSON `json:"training,omitempty"`
}

type mapJSON struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Split      string            `json:"split"`
	Note       string            `json:"note,omitempty"`
	Stem       string            `json:"stem"` // of its files' names
	Plane      string            `json:"plane,omitempty"`
	X          []float64         `json:"x,omitempty"`
	Y          []float64         `json:"y,omitempty"`
	Single     bool              `json:"single,omitempty"` // arrays are of float32, in place of float64
	Arrays     map[string]string `json:"arrays,omitempty"` // loss, accuracy, lambda_min, …
	Mask       string            `json:"mask,omitempty"`   // a byte for each point; absent where all were evaluated
	Meta       string            `json:"meta,omitempty"`   // the grid's own
	Path       *pathJSON         `json:"path,omitempty"`
	Marks      []markJSON        `json:"marks,omitempty"`
	Provenance []provenanceJSON  `json:"provenance,omitempty"`
}

type markJSON struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Label string  `json:"label"`
}

type pathJSON struct {
	Epochs  []int        `json:"epochs"`
	Points  [][2]float64 `json:"points"`
	Changes []bool       `json:"changes"` // of the learning rate, at or after the point
	Shares  string       `json:"shares"`  // of the variance, along the axes
}

type trainingJSON struct {
	Epoch         string `json:"epoch"`
	LR            string `json:"lr"`
	TrainLoss     string `json:"train_loss"`
	TrainAccuracy string `json:"train_accuracy"`
	TestLoss      string `json:"test_loss"`
	TestAccuracy  string `json:"test_accuracy"`
	WeightNorm    string `json:"weight_norm"`
}

type provenanceJSON struct {
	Kind  string      `json:"kind"`
	Key   string      `json:"key"`
	Run   string      `json:"run,omitempty"`
	Items [][2]string `json:"items"`
}

// draws says whether there are numbers for the page to draw.
func draws(d Data) bool {
	return slices.ContainsFunc(slices.Concat(d.Experiments, d.Comparisons), func(e Experiment) bool {
		return e.Training != nil || len(e.Maps) > 0
	})
}

// embedded is the page's JSON in about limit bytes: where there is too little room, arrays lose the digits
// beyond the seventh, and then the largest maps are left out; note says so.
func embedded(d Data, limit int) (data []byte, note string, err error) {
	var sizes []int
	total := 0
	for _, e := range slices.Concat(d.Experiments, d.Comparisons) {
		for _, m := range e.Maps {
			sizes, total = append(sizes, m.bytes()), total+m.bytes()
		}
	}
	single, largest := total > limit, math.MaxInt
	if single {
		note = "To keep this page small, its maps have seven digits; the store has all."
		total /= 2
		slices.Sort(sizes)
		for n := len(sizes); n > 0 && total > limit; n-- {
			largest, total = sizes[n-1]-1, total-sizes[n-1]/2
			note = "To keep this page small, its maps have seven digits and the largest ones are left out; the store has all."
		}
	}
	out := pageJSON{Sweep: d.Sweep}
	for i, e := range slices.Concat(d.Experiments, d.Comparisons) {
		x := experimentJSON{ID: experimentID(i), Name: e.Name, Comparison: i >= len(d.Experiments), Training: e.Training.packed()}
		if x.Comparison {
			var ends []string
			for _, p := range e.Params {
				ends = append(ends, p.Name+": "+p.Value)
			}
			x.Between = strings.Join(ends, " · ")
		}
		if e.TestError != nil {
			x.TestError = measured(e.TestError, 2)
		}
		for _, m := range e.Maps {
			packed := m.packed(single, m.bytes() <= largest)
			packed.Stem = fileStem(d.Sweep, e.Name, m.Name, m.Split)
			x.Maps = append(x.Maps, packed)
		}
		out.Experiments = append(out.Experiments, x)
	}
	// Marshal writes <, > and & as escapes, so that no text ends the element that holds it.
	if data, err = json.Marshal(out); err != nil {
		return nil, "", fmt.Errorf("the numbers of the page: %w", err)
	}
	return data, note, nil
}

// bytes is about how large a map is with all its digits.
func (m Map) bytes() int {
	n := 0
	if g := m.Grid; g != nil {
		n = 2 * len(g.Mask)
		if g.Curvature != nil {
			n *= 3
		}
	}
	if s := m.Spectrum; s != nil {
		n += 2 * len(s.X)
	}
	return n * 8 * 4 / 3
}

func (m Map) packed(single, whole bool) mapJSON {
	// What float32 cannot hold would become infinite.
	single = single && (m.Grid == nil || !slices.ContainsFunc(m.Grid.Loss, func(v float64) bool {
		return math.Abs(v) > math.MaxFloat32 && !math.IsInf(v, 0)
	}))
	out := mapJSON{Name: m.Name, Kind: m.Kind, Split: m.Split, Note: m.Note, Plane: m.Plane, Single: single}
	for _, mark := range m.Marks {
		out.Marks = append(out.Marks, markJSON(mark))
	}
	for _, p := range m.Provenance {
		made := provenanceJSON{Kind: p.Kind, Key: p.Key, Run: p.Run, Items: [][2]string{}}
		for _, item := range p.Items {
			made.Items = append(made.Items, [2]string{item.Name, item.Value})
		}
		out.Provenance = append(out.Provenance, made)
	}
	if !whole {
		out.Note = "This map is too large for the page; `lossatlas export` has it."
		return out
	}
	array := func(v []float64) string {
		if single {
			return packSingle(v)
		}
		return pack(v)
	}
	if g := m.Grid; g != nil {
		out.X, out.Y, out.Meta = g.X, g.Y, string(g.Meta)
		out.Arrays = map[string]string{"loss": array(g.Loss), "accuracy": array(g.Accuracy)}
		if c := g.Curvature; c != nil {
			out.Arrays["lambda_min"], out.Arrays["lambda_max"] = array(c.LambdaMin), array(c.LambdaMax)
			out.Arrays["residual_min"], out.Arrays["residual_max"] = array(c.ResidualMin), array(c.ResidualMax)
		}
		out.Mask = packMask(g)
	}
	if s := m.Spectrum; s != nil {
		out.Arrays = map[string]string{"x": array(s.X), "density": array(s.Density)}
	}
	if p := m.Path; p != nil {
		out.Path = &pathJSON{Epochs: p.Epochs, Points: p.PCA, Shares: pack(p.Ratio[:min(2, len(p.Ratio))])}
		for i := range p.Epochs {
			out.Path.Changes = append(out.Path.Changes, p.Changed(i))
		}
	}
	return out
}

func (t *Training) packed() *trainingJSON {
	if t == nil {
		return nil
	}
	return &trainingJSON{
		Epoch: pack(t.Epoch), LR: pack(t.LR), TrainLoss: pack(t.TrainLoss), TrainAccuracy: pack(t.TrainAccuracy),
		TestLoss: pack(t.TestLoss), TestAccuracy: pack(t.TestAccuracy), WeightNorm: pack(t.WeightNorm),
	}
}

func pack(v []float64) string {
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func packSingle(v []float64) string {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func packMask(g *surface.Grid) string {
	if !slices.Contains(g.Mask, false) {
		return ""
	}
	b := make([]byte, len(g.Mask))
	for i, done := range g.Mask {
		if done {
			b[i] = 1
		}
	}
	return base64.StdEncoding.EncodeToString(b)
}
