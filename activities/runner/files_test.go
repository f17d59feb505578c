package runner

import (
	"slices"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// twoExamples is a data set of two numbers with their classes.
type twoExamples struct{ problem.Problem }

func (twoExamples) Digest() (string, error) { return "", nil }

func (twoExamples) Size(split string) (int, error) { return map[string]int{data.Train: 2}[split], nil }

func (d twoExamples) Load(split string, from, to int) (data.Split, error) {
	return data.Split{Name: split, Problem: d.Problem, Examples: []byte{7, 9}[from:to], Classes: []int32{0, 1}[from:to]}, nil
}

// TestFilesOfData: the step keeps the list of a data set's parts and every part, so that nothing of it is taken for garbage, and
// other steps read the data from there. Parameters that say another number of parts are refused.
func TestFilesOfData(t *testing.T) {
	b := newBench(t)
	p := problem.Problem{Shape: []int{1}, Type: problem.Uint8, Outputs: 2, Loss: problem.CrossEntropy}
	stored := map[string]int64{}
	digest, err := data.Pack(&data.Collection{Source: twoExamples{p}, Problem: p}, func(part []byte) (string, error) {
		blob, err := b.Store.Put(t.Context(), part)
		stored[blob.Digest.String()] = blob.Size
		return blob.Digest.String(), err
	})
	if err != nil {
		t.Fatal(err)
	}
	params := pipelines.FilesParams{What: pipelines.FilesData, Index: digest, Parts: len(stored) - 1}
	action := b.made(t, b.step(t, pipelines.KindFiles, params, nil))
	if len(action.Outputs) != len(stored) {
		t.Errorf("%d outputs for %d blobs", len(action.Outputs), len(stored))
	}
	for name, blob := range action.Outputs {
		if stored[blob.Digest.String()] != blob.Size {
			t.Errorf("%s is %v, and the store has %d bytes", name, blob, stored[blob.Digest.String()])
		}
	}
	split, err := b.load(t.Context(), "data-12345678", digest, pipelines.Problem(p.String()), data.Train, 0, 2)
	if err != nil || !slices.Equal(split.Examples, []byte{7, 9}) || !slices.Equal(split.Classes, []int32{0, 1}) {
		t.Errorf("the data read from the store are %v (%v)", split, err)
	}
	params.Parts++
	if _, err := b.run(b.step(t, pipelines.KindFiles, params, nil)).Make(t.Context(), "test", artifacts.Provenance{}); err == nil {
		t.Error("a wrong number of parts was accepted")
	}
}
