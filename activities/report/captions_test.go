package report

import (
	"encoding/json"
	"testing"
)

func TestSubjectOfCaptions(t *testing.T) {
	for params, want := range map[string]string{
		`{"net": "small", "data": {"name": "shapes10", "split": "train", "from": 0, "to": 128}}`: "network small, data shapes10, 128 images of the training set",
		`{"net": "small", "data": {"name": "shapes10", "split": "test", "from": 10, "to": 20}, "batch": 5, "batchnorm": {"by_batch": true}}`: "network small, data shapes10, " +
			"10 images of the test set, batch-normalized by batches of 5",
		`{"data": {"name": "cifar10", "train": 4000}}`:    "data cifar10, 4000 training images",
		`{"batchnorm": {"recompute": 1000, "size": 100}}`: "batch statistics recomputed from 1000 images",
		`{}`: "",
	} {
		var p shownParams
		if err := json.Unmarshal([]byte(params), &p); err != nil {
			t.Fatal(err)
		}
		if got := p.subject(); got != want {
			t.Errorf("%s: %q, want %q", params, got, want)
		}
	}
	if got := sentence([]string{"", "network small", "test error 5.0 %"}); got != "Network small; test error 5.0 %." {
		t.Errorf("the caption is %q", got)
	}
}
