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
	"lossatlas/activities/trainlog"
	"lossatlas/pipelines"
)

// The page's script finds the numbers as JSON. Arrays are packed: base64 of their bytes, little-endian, so that every bit
// of them is kept (NaN and the infinities as well) and that there is nothing to parse until they are drawn.
type pageJSON struct {
	Sweep       string           `json:"sweep"`
	Fragment    bool             `json:"fragment,omitempty"` // landscapes alone, within another page
	Experiments []experimentJSON `json:"experiments"`
}

type experimentJSON struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Group      string            `json:"group,omitempty"` // of repetitions
	Comparison bool              `json:"comparison,omitempty"`
	Between    string            `json:"between,omitempty"` // of a comparison: the experiments by their letters
	TestError  string            `json:"error,omitempty"`
	Test       string            `json:"test,omitempty"`  // what TestError is, where it is no error
	Score      string            `json:"score,omitempty"` // of the training, where it is no accuracy
	Maps       []mapJSON         `json:"maps,omitempty"`
	Training   map[string]string `json:"training,omitempty"` // packed, by column
}

type mapJSON struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Split      string            `json:"split"`
	Loss       string            `json:"loss,omitempty"`  // its name
	Score      string            `json:"score,omitempty"` // its name, where it is no accuracy; "none" for none
	Norm       string            `json:"norm,omitempty"`  // the mode of batch normalization, where it is not the running statistics
	Note       string            `json:"note,omitempty"`
	Caption    string            `json:"caption,omitempty"`
	Stem       string            `json:"stem"` // of its files' names
	Plane      string            `json:"plane,omitempty"`
	Directions string            `json:"directions,omitempty"`
	X          []float64         `json:"x,omitempty"`
	Y          []float64         `json:"y,omitempty"`
	Single     bool              `json:"single,omitempty"` // arrays are of float32, in place of float64
	Arrays     map[string]string `json:"arrays,omitempty"` // loss, accuracy, lambda_min, …
	Mask       string            `json:"mask,omitempty"`   // a byte for each point; absent where all have values
	Images     int               `json:"images,omitempty"` // of a grid with standard errors: how many examples it has seen, and of how many
	Population int               `json:"population,omitempty"`
	Estimated  string            `json:"estimated,omitempty"`    // a byte for each point, 1 where its values are estimated
	Error      float64           `json:"stated_error,omitempty"` // of estimated values, relative
	Absolute   bool              `json:"absolute,omitempty"`     // stated_error is in the unit of the loss instead
	Meta       string            `json:"meta,omitempty"`         // the grid's own
	Path       *pathJSON         `json:"path,omitempty"`
	Draws      int               `json:"draws,omitempty"`
	Marks      []pipelines.Mark  `json:"marks,omitempty"`
	Curve      [][2]float64      `json:"curve,omitempty"`
	Provenance []Provenance      `json:"provenance,omitempty"`
}

type pathJSON struct {
	Epochs  []int        `json:"epochs"`
	Points  [][2]float64 `json:"points"`
	Changes []bool       `json:"changes"` // whether a step of the learning rate is at or after the point
	Ends    []int        `json:"ends"`    // the index after the last point of each training
	Shares  string       `json:"shares"`  // of the variance, along the axes
}

// draws says whether there are numbers for the page to draw.
func draws(d Data) bool {
	return slices.ContainsFunc(slices.Concat(d.Experiments, d.Comparisons), func(e Experiment) bool {
		return e.Training != nil || len(e.Maps) > 0
	})
}

// embedded is the page's JSON in about limit bytes.
func embedded(d Data, limit int) (data []byte, note string, err error) {
	out, note := pageNumbers(d, limit)
	data, err = out.encode()
	return data, note, err
}

// encode writes <, > and & as escapes, so that no text ends the element that holds it.
func (p pageJSON) encode() ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("the numbers of the page: %w", err)
	}
	return data, nil
}

// pageNumbers are the numbers of the page in about limit bytes: where there is too little room, arrays lose the digits
// beyond the seventh, and then the largest maps are left out; note says so.
func pageNumbers(d Data, limit int) (out pageJSON, note string) {
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
	out.Sweep = d.Sweep
	for i, e := range slices.Concat(d.Experiments, d.Comparisons) {
		x := experimentJSON{ID: experimentID(i), Name: e.Name, Group: e.Group, Comparison: i >= len(d.Experiments), Training: course(e.Training)}
		if x.Comparison {
			var ends []string
			for _, p := range e.Params {
				ends = append(ends, p.Name+": "+p.Value)
			}
			x.Between = strings.Join(ends, " · ")
		}
		if x.Score = string(e.Score); x.Score != "" {
			x.Test = e.Score.Test()
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
	return out, note
}

// bytes is about how large a map is with all its digits.
func (m Map) bytes() int {
	n := 0
	if g := m.Grid; g != nil {
		n = 2 * len(g.Mask)
		if g.Curvature != nil {
			n *= 3
		}
		if g.Estimate != nil {
			n *= 2
		}
		if g.Sampling != nil {
			n += 3 * len(g.Mask)
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
	out := mapJSON{Name: m.Name, Kind: m.Kind, Split: m.Split, Loss: m.Loss, Score: string(m.Score), Norm: m.Norm, Note: m.Note, Caption: m.Caption, Plane: m.Plane, Directions: m.Directions, Single: single, Draws: m.Draws, Marks: m.Marks, Curve: m.Curve, Provenance: m.Provenance}
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
		if g.Decay != nil {
			out.Arrays["decay"] = array(g.Decay)
		}
		if c := g.Curvature; c != nil {
			out.Arrays["lambda_min"], out.Arrays["lambda_max"] = array(c.LambdaMin), array(c.LambdaMax)
			out.Arrays["residual_min"], out.Arrays["residual_max"] = array(c.ResidualMin), array(c.ResidualMax)
			if c.MinError != nil {
				out.Arrays["lambda_min_error"], out.Arrays["lambda_max_error"] = array(c.MinError), array(c.MaxError)
			}
		}
		if e := g.Estimate; e != nil {
			out.Arrays["loss_error"], out.Arrays["accuracy_error"] = array(e.LossError), array(e.AccuracyError)
			out.Error, out.Absolute, out.Estimated = e.Error, e.Absolute, packFalse(e.Evaluated)
		}
		if s := g.Sampling; s != nil {
			out.Arrays["loss_se"], out.Arrays["accuracy_se"], out.Arrays["rise_se"] = array(s.LossSE), array(s.AccuracySE), array(s.RiseSE)
			out.Images, out.Population = s.Images, s.Population
		}
		out.Mask = packMask(g)
	}
	if s := m.Spectrum; s != nil {
		out.Arrays = map[string]string{"x": array(s.X), "density": array(s.Density)}
	}
	if p := m.Path; p != nil {
		out.Path = &pathJSON{Epochs: p.Epochs, Points: p.PCA, Shares: pack(p.Ratio[:min(2, len(p.Ratio))])}
		for _, part := range p.Parts() {
			out.Path.Ends = append(out.Path.Ends, part.To)
		}
		for i := range p.Epochs {
			out.Path.Changes = append(out.Path.Changes, p.Changed(i))
		}
	}
	return out
}

// course packs the columns of a training, and as rate_steps the epochs after which its learning rate makes a step. Test values are NaN where the test set was not evaluated.
func course(log *trainlog.Log) map[string]string {
	if log == nil {
		return nil
	}
	out := map[string]string{}
	add := func(name string, of func(e trainlog.Epoch) trainlog.Number) {
		values := make([]float64, len(log.Epochs))
		for i, e := range log.Epochs {
			if e.TestLoss == 0 && e.TestAccuracy == 0 {
				e.TestLoss, e.TestAccuracy = trainlog.Number(math.NaN()), trainlog.Number(math.NaN())
			}
			values[i] = float64(of(e))
		}
		out[name] = pack(values)
	}
	add("epoch", func(e trainlog.Epoch) trainlog.Number { return trainlog.Number(e.Epoch) })
	add("lr", func(e trainlog.Epoch) trainlog.Number { return e.LR })
	add("train_loss", func(e trainlog.Epoch) trainlog.Number { return e.TrainLoss })
	add("train_accuracy", func(e trainlog.Epoch) trainlog.Number { return e.TrainAccuracy })
	add("test_loss", func(e trainlog.Epoch) trainlog.Number { return e.TestLoss })
	add("test_accuracy", func(e trainlog.Epoch) trainlog.Number { return e.TestAccuracy })
	add("weight_norm", func(e trainlog.Epoch) trainlog.Number { return e.WeightNorm })
	var steps []float64
	for _, epoch := range trainlog.RateSteps(trainlog.RateChanges(log.Epochs)) {
		steps = append(steps, float64(epoch))
	}
	out["rate_steps"] = pack(steps)
	return out
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

// packFalse has a byte for each mark, 1 where it is false.
func packFalse(marks []bool) string {
	b := make([]byte, len(marks))
	for i, mark := range marks {
		if !mark {
			b[i] = 1
		}
	}
	return base64.StdEncoding.EncodeToString(b)
}
