package results

import (
	"encoding/json"
	"math"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/changes"
)

// Fact holds the properties of an experiment other than its results, by name:
// a number, a text or a truth value.
type Fact map[string]any

// Facts are, for each experiment, the parameters of its steps, swept or not
// ("train.epochs", "surface-train.x.n"), the size of its network ("parameters",
// "macs"), how long its steps took when they were made ("seconds", "train.seconds"),
// their keys ("train.key") and the digests of what they wrote ("train/weights").
func (s *Sweep) Facts() map[string]Fact {
	out := make(map[string]Fact, len(s.Graph.Experiments))
	for _, e := range s.Graph.Experiments {
		f := Fact{}
		seconds := 0.0
		for _, step := range e.Steps {
			name := step.Name()
			st := s.Steps[step.ID]
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
			if step.Kind == pipelines.KindRender {
				continue // how it looks
			}
			f.params(name, string(step.Kind), step.Params)
			if step.At.Role == pipelines.RoleWeights {
				f.network(step.Params)
			}
		}
		if seconds > 0 {
			f["seconds"] = math.Round(1000*seconds) / 1000
		}
		out[e.Name] = f
	}
	return out
}

// params notes parameters of a step by their paths and by the words of the sweep file, without the layers of a network.
func (f Fact) params(path, kind string, raw json.RawMessage) {
	for name, v := range artifacts.FlatValues(raw) {
		if strings.HasPrefix(name, "net.") {
			continue
		}
		f[path+"."+name] = v
		if word := changes.Word(kind, name); !strings.Contains(word, " ") {
			f[path+"."+word] = v
		}
	}
}

// Score is the score of the problem that a training or an import is of, by the parameters of its step.
func Score(params json.RawMessage) trainlog.Score {
	var p struct {
		Data pipelines.TrainData `json:"data"`
	}
	if json.Unmarshal(params, &p) != nil {
		return ""
	}
	of, err := problem.Parse([]byte(p.Data.Problem))
	if err != nil {
		return ""
	}
	return of.ScoreTitle()
}

// TestExamples is how many examples a training or an import tests, by the parameters of its step.
func TestExamples(params json.RawMessage) int {
	var p struct {
		Data pipelines.TrainData `json:"data"`
	}
	if json.Unmarshal(params, &p) != nil {
		return 0
	}
	return p.Data.Test
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
	of, err := problem.Parse([]byte(p.Data.Problem))
	if err != nil {
		return
	}
	if n, err := nets.Of(string(p.Net), p.Net.String(), of); err == nil {
		f["parameters"], f["macs"] = float64(n.NumParams()), float64(n.MACs())
	}
}
