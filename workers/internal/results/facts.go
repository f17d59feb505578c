package results

import (
	"encoding/json"
	"math"
	"strconv"

	"lossatlas/activities/work"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Fact is what is known of an experiment beside its results, by what to call it:
// a number, a text or a truth value.
type Fact map[string]any

// Facts are, for each experiment, the parameters of its steps, swept or not
// ("train.epochs", "surface-train.x.n"), the size of its network ("parameters",
// "macs"), how long its steps took when they were made ("seconds", "train.seconds"),
// their keys ("train.key") and the digests of what they wrote ("train/weights").
func Facts(g *pipelines.Graph, steps map[string]artifacts.RootStep) map[string]Fact {
	out := make(map[string]Fact, len(g.Experiments))
	for _, e := range g.Experiments {
		f := Fact{}
		seconds := 0.0
		for i, s := range e.Steps {
			name := short(e.Name, s.ID)
			st := steps[s.ID]
			if !st.Key.IsZero() {
				f[name+".key"] = st.Key.String()
			}
			if st.Seconds > 0 {
				f[name+".seconds"] = math.Round(1000*st.Seconds) / 1000
				seconds += st.Seconds
			}
			for output, blob := range st.Outputs {
				f[name+"/"+output] = blob.Digest.String()
			}
			if s.Kind == pipelines.KindRender {
				continue // how it looks
			}
			f.params(name, s.Params)
			if i == 0 {
				f.network(s.Params)
			}
		}
		if seconds > 0 {
			f["seconds"] = math.Round(1000*seconds) / 1000
		}
		out[e.Name] = f
	}
	return out
}

// params notes parameters by their paths.
func (f Fact) params(path string, raw json.RawMessage) {
	var v map[string]any
	if json.Unmarshal(raw, &v) == nil { // a kind without parameters has none to tell
		if _, written := v["net"].([]any); written {
			delete(v, "net") // its layers
		}
		f.flatten(path, v)
	}
}

func (f Fact) flatten(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			f.flatten(path+"."+name, e)
		}
	case []any:
		for i, e := range v {
			f.flatten(path+"."+strconv.Itoa(i), e)
		}
	case nil:
	default:
		f[path] = v
	}
}

// network notes the name and size of the network that a training or an import is of.
func (f Fact) network(raw json.RawMessage) {
	var p struct {
		Net  pipelines.Network   `json:"net"`
		Data pipelines.TrainData `json:"data"`
	}
	if json.Unmarshal(raw, &p) != nil || p.Net == "" {
		return
	}
	f["train.net"] = p.Net.String()
	if n, err := work.Network(p.Net, p.Data.Problem); err == nil {
		f["parameters"], f["macs"] = float64(n.NumParams()), float64(n.MACs())
	}
}
