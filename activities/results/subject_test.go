package results_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/activities/results"
)

func TestSubject(t *testing.T) {
	names := map[string]string{"net-09b6ac6d": "model.pt2", "data-12345678": "digits.npz"}
	for want, params := range map[string][]string{
		"network small, data shapes10 | computed from 128 images of the training set": {
			`{"net": "small", "data": {"name": "shapes10", "split": "train", "from": 0, "to": 128}}`},
		"network small, data shapes10 | computed from 128 images of the training set and 64 images of the test set": {
			`{"net": "small", "data": {"name": "shapes10", "split": "train", "from": 0, "to": 128}}`,
			`{"net": "small", "data": {"name": "shapes10", "split": "test", "from": 10, "to": 74}}`},
		"network small, data shapes10 | computed from 64 images of the training set": {
			`{"net": "small", "data": {"name": "shapes10", "split": "train", "from": 0, "to": 64}}`,
			`{"net": "small", "data": {"name": "shapes10", "split": "train", "from": 0, "to": 64}}`},
		"network small, data shapes10, batch-normalized by batches of 5 | computed from 10 images of the test set": {
			`{"net": "small", "data": {"name": "shapes10", "split": "test", "from": 10, "to": 20}, "batch": 5, "batchnorm": {"by_batch": true}}`},
		"network model.pt2, data digits.npz | computed from 10 images of the test set": {
			`{"net": "sha256:09b6ac6d` + strings.Repeat("0", 56) + `", "data": {"name": "data-12345678", "split": "test", "from": 10, "to": 20}}`},
		"data cifar10, trained on 4000 images | ":                           {`{"data": {"name": "cifar10", "train": 4000}, "epochs": 1}`},
		"data cifar10, trained on 4000 images and tested on 1000 | ":        {`{"data": {"name": "cifar10", "train": 4000, "test": 1000}, "epochs": 1}`},
		"data cifar10, training set of 4000 images | ":                      {`{"data": {"name": "cifar10", "train": 4000}}`},
		"data cifar10, training set of 4000 and test set of 1000 images | ": {`{"data": {"name": "cifar10", "train": 4000, "test": 1000}}`},
		"batch statistics recomputed from 1000 images | ":                   {`{"batchnorm": {"recompute": 1000, "size": 100}}`},
		" | ": {`{"title": "x"}`},
	} {
		var raw []json.RawMessage
		for _, p := range params {
			raw = append(raw, json.RawMessage(p))
		}
		parts, err := results.Subject(names, raw[0])
		images, imagesErr := results.Images(raw...)
		if got := strings.Join(parts, ", ") + " | " + images; err != nil || imagesErr != nil || got != want {
			t.Errorf("%q, %v, %v; want %q", got, err, imagesErr, want)
		}
	}
}
