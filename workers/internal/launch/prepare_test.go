package launch

import (
	"encoding/json"
	"lossatlas/pipelines/sweepfile"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
	"lossatlas/pipelines"
)

// TestNetworksThatDoNotFit: a network that does not take the examples is refused
// before anything is trained, a written-out one where the layer stands.
func TestNetworksThatDoNotFit(t *testing.T) {
	src, err := data.Open(data.Shapes10, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	vectors := problem.Problem{Shape: []int{8}, Type: problem.Float32, Outputs: 3, Loss: problem.CrossEntropy}
	params, err := json.Marshal(pipelines.TrainParams{Net: "small", Data: pipelines.TrainData{Problem: pipelines.Problem(vectors.String())}})
	if err != nil {
		t.Fatal(err)
	}
	g := &pipelines.Graph{Experiments: []pipelines.Experiment{{Steps: []pipelines.Step{{ID: "a/train", Kind: pipelines.KindTrain, Params: params}}}}}
	if err := check(g, src); err == nil || !strings.Contains(err.Error(), "small takes images") {
		t.Errorf("a network of images for vectors: %v", err)
	}

	own := func(outputs string) error {
		_, err := sweepfile.Parse("own.yaml", []byte("name: own\ndataset: {name: shapes10}\nnetworks: {mine: [flatten, {linear: "+outputs+"}]}\ntrain: {net: mine}\n"), Catalog(), "")
		return err
	}
	if err := own("10"); err != nil {
		t.Error(err)
	}
	if err := own("9"); err == nil || !strings.Contains(err.Error(), "own.yaml:3:28: networks.mine[1]: the network ends with 9 features; the data set asks for 10 outputs") {
		t.Errorf("nine outputs: %v", err)
	}
}
