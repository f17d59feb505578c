package results

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
)

// subject has the parameters of a map or training that captions name.
type subject struct {
	Net  pipelines.Network `json:"net"`
	Data struct {
		Name     string `json:"name"`
		Split    string `json:"split"`
		From, To int    // of a map
		Train    int    `json:"train"` // of a training
		Test     int    `json:"test"`
	} `json:"data"`
	BatchNorm *pipelines.BatchNorm `json:"batchnorm"`
	Batch     int                  `json:"batch"`
	Epochs    int                  `json:"epochs"` // of a training; 0 of imported weights
}

// Subject is the network and data of a map or training by its parameters: "network small", "data shapes10", and of a training
// "trained on 2048 images and tested on 512", of imported weights "training set of 2048 and test set of 512 images". names replace those of networks and data in recipes, as of [pipelines.Experiment]. Other steps have no subject.
func Subject(names map[string]string, params json.RawMessage) (parts []string, err error) {
	var s subject
	if err := json.Unmarshal(params, &s); err != nil {
		return nil, err
	}
	if s.Net != "" {
		parts = append(parts, "network "+cmp.Or(names[s.Net.String()], s.Net.String()))
	}
	if s.Data.Name != "" {
		parts = append(parts, "data "+cmp.Or(names[s.Data.Name], s.Data.Name))
	}
	if sizes := s.sizes(); sizes != "" {
		parts = append(parts, sizes)
	}
	if norm := s.normMode(); norm != "" {
		parts = append(parts, norm)
	}
	return parts, nil
}

// sizes are those of the data of a training or of imported weights, "" for a map, which has [Images].
func (s subject) sizes() string {
	trained, tested := s.Data.Train > 0 && s.Epochs > 0, s.Data.Test > 0
	switch {
	case s.Data.Train == 0:
		return ""
	case trained && tested:
		return fmt.Sprintf("trained on %d images and tested on %d", s.Data.Train, s.Data.Test)
	case trained:
		return fmt.Sprintf("trained on %d images", s.Data.Train)
	case tested:
		return fmt.Sprintf("training set of %d and test set of %d images", s.Data.Train, s.Data.Test)
	}
	return fmt.Sprintf("training set of %d images", s.Data.Train)
}

// Training is how a network is trained: "sgd with learning rate 0.1", "batches of 128", "300 epochs".
func Training(p pipelines.TrainParams) []string {
	epochs := fmt.Sprintf("%d epochs", p.Epochs)
	if p.Epochs == 1 {
		epochs = "1 epoch"
	}
	return []string{fmt.Sprintf("%s with learning rate %g", p.Optimizer.Kind, p.Optimizer.LR), fmt.Sprintf("batches of %d", p.BatchSize), epochs}
}

// Images are those of maps by their parameters, each once: "computed from 128 images of the training set", "" for other steps.
func Images(params ...json.RawMessage) (string, error) {
	var all []string
	for _, p := range params {
		var s subject
		if err := json.Unmarshal(p, &s); err != nil {
			return "", err
		}
		if images := s.images(); s.Data.To > s.Data.From && !slices.Contains(all, images) {
			all = append(all, images)
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return "computed from " + strings.Join(all, " and "), nil
}

// images are those of a map: "128 images of the test set".
func (s subject) images() string {
	set := map[string]string{"train": "training set", "test": "test set"}[s.Data.Split]
	return fmt.Sprintf("%d images of the %s", s.Data.To-s.Data.From, set)
}

// NormMode names the mode of batch normalization in the parameters of a map, "" for the running statistics of the training.
func NormMode(params json.RawMessage) string {
	var s subject
	if json.Unmarshal(params, &s) != nil {
		return ""
	}
	return s.normMode()
}

func (s subject) normMode() string {
	switch {
	case s.BatchNorm == nil:
		return ""
	case s.BatchNorm.ByBatch:
		return fmt.Sprintf("batch-normalized by batches of %d", s.Batch)
	}
	return fmt.Sprintf("batch statistics recomputed from %d images", s.BatchNorm.Recompute)
}
