package results_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/activities/results"
)

func TestSubject(t *testing.T) {
	for want, params := range map[string][]string{
		"network small, data shapes10, 128 images of the training set": {
			`{"net": "small", "data": {"name": "shapes10", "split": "train", "from": 0, "to": 128}}`},
		"network small, data shapes10, 128 images of the training set and 64 images of the test set": {
			`{"net": "small", "data": {"name": "shapes10", "split": "train", "from": 0, "to": 128}}`,
			`{"net": "small", "data": {"name": "shapes10", "split": "test", "from": 10, "to": 74}}`},
		"network small, data shapes10, 10 images of the test set, batch-normalized by batches of 5": {
			`{"net": "small", "data": {"name": "shapes10", "split": "test", "from": 10, "to": 20}, "batch": 5, "batchnorm": {"by_batch": true}}`},
		"data cifar10, 4000 training images":           {`{"data": {"name": "cifar10", "train": 4000}}`},
		"batch statistics recomputed from 1000 images": {`{"batchnorm": {"recompute": 1000, "size": 100}}`},
		"": {`{"title": "x"}`},
	} {
		var raw []json.RawMessage
		for _, p := range params {
			raw = append(raw, json.RawMessage(p))
		}
		parts, err := results.Subject(raw[0], raw[1:]...)
		if got := strings.Join(parts, ", "); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}
