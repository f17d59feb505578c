package weights

import (
	"math"
	"strconv"
	"strings"

	"lossatlas/activities/npz"
)

// Metadata is the description in a checkpoint, nil and empty without one.
type Metadata struct {
	Epoch, Step *int
	Accuracy    *float64 // as written: in percent by most programs, as a fraction by some
	// Scalars are all numbers (float64), texts and truth values next to the weights, by name.
	Scalars map[string]any
}

// Names that programs give to what Metadata knows, the usual ones first.
var (
	epochNames    = []string{"epoch", "current_epoch", "epochs", "last_epoch"}
	stepNames     = []string{"global_step", "step", "iteration", "iter", "steps", "num_updates"}
	accuracyNames = []string{
		"acc", "accuracy", "acc1", "top1", "prec1", "test_acc", "test_accuracy", "val_acc", "val_accuracy",
		"best_acc", "best_acc1", "best_prec1", "best_accuracy", "best_top1", "best_val_acc",
	}
)

// infoTensors is the number of tensors for which a file's list may have room when nothing is known of the network.
const infoTensors = 10_000

// Info reads the description of a checkpoint, without its weights: the numbers next to
// the state_dict of a PyTorch checkpoint, the metadata of a safetensors file, and the
// arrays of one element in an .npz file whose names have no dots.
func Info(path string) (Metadata, error) {
	f, err := open(path, infoTensors)
	if err != nil {
		return Metadata{}, err
	}
	defer f.Close()
	m := Metadata{Scalars: f.scalars()}
	m.Epoch, m.Step = m.integer(epochNames), m.integer(stepNames)
	if x, ok := m.first(accuracyNames); ok {
		m.Accuracy = &x
	}
	return m, nil
}

// first is the number under the first name that has one.
func (m Metadata) first(names []string) (float64, bool) {
	for _, name := range names {
		if x, ok := m.Scalars[name].(float64); ok {
			return x, true
		}
	}
	return 0, false
}

func (m Metadata) integer(names []string) *int {
	x, ok := m.first(names)
	if !ok || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return nil
	}
	n := int(x)
	return &n
}

// parsed are texts, with numbers as float64.
func parsed(texts map[string]string) map[string]any {
	out := make(map[string]any, len(texts))
	for name, text := range texts {
		out[name] = text
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			out[name] = x
		}
	}
	return out
}

// maxScalar is the largest size in bytes of an array that is read as a scalar; a text may need that.
const maxScalar = 4096

func scalarsOf(z *npz.File) map[string]any {
	out := map[string]any{}
	for i, name := range z.Names {
		if strings.Contains(name, ".") {
			continue
		}
		if _, shape, err := z.Header(i); err != nil || len(shape) > 1 || len(shape) == 1 && shape[0] != 1 {
			continue
		}
		if a, err := z.Read(i, maxScalar); err == nil {
			out[name] = scalar(a.Data)
		}
	}
	return out
}

// scalar is the one element of an array.
func scalar(data any) any {
	switch v := data.(type) {
	case []float64:
		return v[0]
	case []float32:
		return float64(v[0])
	case []int64:
		return float64(v[0])
	case []bool:
		return v[0]
	}
	return data // a text
}
