package runner

import (
	"context"
	"fmt"

	"lossatlas/activities/data"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// keepFiles names as outputs the files that the start of the sweep has stored: a network, or the parts of a data set.
func keepFiles(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.FilesParams](r.Job)
	if err != nil {
		return nil, err
	}
	index, err := r.imported(ctx, p.What, p.Index)
	if err != nil {
		return nil, err
	}
	out := Outputs{pipelines.OutIndex: artifacts.BlobOf(index)}
	if p.What != pipelines.FilesData {
		return out, nil
	}
	parts, err := data.Parts(index)
	if err != nil || len(parts) != p.Parts {
		return nil, Permanent("BadData", fmt.Errorf("%s: the list of its parts has %d of %d: %w", r.Label, len(parts), p.Parts, err))
	}
	for i, part := range parts {
		d, err := artifacts.ParseDigest(part.Digest)
		if err != nil {
			return nil, Permanent("BadData", err)
		}
		out[pipelines.OutPart(i)] = artifacts.Blob{Digest: d, Size: part.Size}
	}
	return out, nil
}
