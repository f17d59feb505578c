package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
)

// searchAttributes are the ones that workflows carry, by which runs are found in the UI.
var searchAttributes = map[string]enumspb.IndexedValueType{
	"LossatlasSweep":       enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"LossatlasKind":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"LossatlasNet":         enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"LossatlasBatchSize":   enumspb.INDEXED_VALUE_TYPE_INT,
	"LossatlasWeightDecay": enumspb.INDEXED_VALUE_TYPE_DOUBLE,
	"LossatlasKey":         enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"LossatlasCached":      enumspb.INDEXED_VALUE_TYPE_BOOL,
}

// ensureAttributes adds the search attributes that a server elsewhere lacks.
func ensureAttributes(ctx context.Context, c client.Client, namespace string) error {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("search attributes of namespace %s: %w", namespace, err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, kind := range searchAttributes {
		if got, ok := have.GetCustomAttributes()[name]; !ok {
			missing[name] = kind
		} else if got != kind {
			return fmt.Errorf("namespace %s has the search attribute %s as %v, needed as %v: use another namespace", namespace, name, got, kind)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if err != nil {
		names := slices.Sorted(maps.Keys(missing))
		return fmt.Errorf("namespace %s lacks the search attributes %s, and adding them failed: %w; an administrator can (temporal operator search-attribute create)", namespace, strings.Join(names, ", "), err)
	}
	return nil
}
