package results

import (
	"encoding/json"
	"fmt"

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
	} `json:"data"`
	BatchNorm *pipelines.BatchNorm `json:"batchnorm"`
	Batch     int                  `json:"batch"`
}

// Subject is the network, data and images of a map or training by its parameters: "network small", "data shapes10" and
// "128 images of the training set". Further parameters are of the same map over other images, which are listed as well. Other steps
// have no subject.
func Subject(params json.RawMessage, others ...json.RawMessage) (parts []string, err error) {
	var s subject
	if err := json.Unmarshal(params, &s); err != nil {
		return nil, err
	}
	if s.Net != "" {
		parts = append(parts, "network "+s.Net.String())
	}
	if s.Data.Name != "" {
		parts = append(parts, "data "+s.Data.Name)
	}
	switch {
	case s.Data.To > s.Data.From:
		images := s.images()
		for _, p := range others {
			var other subject
			if err := json.Unmarshal(p, &other); err != nil {
				return nil, err
			}
			images += " and " + other.images()
		}
		parts = append(parts, images)
	case s.Data.Train > 0:
		parts = append(parts, fmt.Sprintf("%d training images", s.Data.Train))
	}
	if norm := s.normMode(); norm != "" {
		parts = append(parts, norm)
	}
	return parts, nil
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
