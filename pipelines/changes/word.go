package changes

import "strings"

// words are the fields of sweep files for parameters of recipes, where their names differ: those of the map, or full paths.
var words = map[string]string{
	"x.min": "range (first value)", "y.min": "range (first value)", "x.max": "range (last value)", "y.max": "range (last value)",
	"x.n": "resolution", "y.n": "resolution", "fit.x": "range: auto", "fit.y": "range: auto", "fit.margin": "margin", "error_absolute": "error",
	"data.name": "dataset.name", "data.digest": "dataset.content",
	"data.train": "dataset.train", "data.test": "dataset.test", "data.split": "splits", "data.from": "images (from)", "data.to": "images (to)",
	"data.label_noise.fraction": "train.label_noise", "data.label_noise.seed": "train.seed", "decay": "weight_decay", "weights": "import", "style.no_labels": "labels",
	"optimizer.cosine": "optimizer.schedule.cosine", "optimizer.polynomial": "optimizer.schedule.polynomial", "optimizer.exponential": "optimizer.schedule.exponential",
	"optimizer.warmup": "optimizer.schedule.warmup", "average.decay": "average.ema",
}

// wordsOfKind are those of the steps of one kind.
var wordsOfKind = map[string]map[string]string{
	"line":   {"x.n": "points"},
	"import": {"checkpoints": "path"},
	"shift":  {"by": "offset"}, "align": {"method": "align"},
}

// Word is what the sweep file calls a parameter of the recipe of a step: "resolution" for x.n of a surface. Fields of the training, in
// a training, and of the map, in its steps, stand without train and maps. Names without a field of their own are returned unchanged.
func Word(kind, path string) string {
	if w, ok := wordsOfKind[kind][path]; ok {
		return w
	}
	if w, ok := words[path]; ok {
		return w
	}
	switch first, rest, _ := strings.Cut(strings.TrimPrefix(path, "data."), "."); {
	case first == "problem": // inputs, loss and score
		return "dataset." + rest
	case first == "net" && kind != "train" && kind != "import":
		return "train." + path
	case first == "style":
		return rest
	case strings.HasPrefix(path, "optimizer.onecycle."):
		return "optimizer.schedule." + strings.TrimPrefix(path, "optimizer.")
	}
	return path
}

// WordOf is [Word] with the axis where a surface's two axes differ in the parameter: "resolution of x". The value of the parameter is compared with that of the
// same one of the other axis, if there is one. isTold is false for the second of two equal ones.
func WordOf(kind, path, value string, valueOf func(path string) (string, bool)) (word string, isTold bool) {
	word = Word(kind, path)
	axis, other := "", ""
	for _, a := range [][2]string{{"x", "y"}, {"y", "x"}} {
		if rest, ok := strings.CutPrefix(path, a[0]+"."); ok {
			axis, other = a[0], a[1]+"."+rest
		} else if path == "fit."+a[0] {
			axis, other = a[0], "fit."+a[1]
		}
	}
	if axis == "" {
		return word, true
	}
	switch v, ok := valueOf(other); {
	case ok && v == value:
		return word, axis == "x"
	case !ok && (kind == "line" || kind == ""):
		return word, axis == "x" // a line has no y
	}
	return word + " of " + axis, true
}
