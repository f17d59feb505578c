// Package attributes is the search attributes by which workflows are found in
// the Temporal UI and by commands. It knows Temporal's client only, not its server.
package attributes

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
)

// Types are the search attributes that workflows carry, with their types.
func Types() map[string]enums.IndexedValueType {
	return map[string]enums.IndexedValueType{
		"LossatlasSweep":       enums.INDEXED_VALUE_TYPE_KEYWORD,
		"LossatlasKind":        enums.INDEXED_VALUE_TYPE_KEYWORD,
		"LossatlasNet":         enums.INDEXED_VALUE_TYPE_KEYWORD,
		"LossatlasBatchSize":   enums.INDEXED_VALUE_TYPE_INT,
		"LossatlasWeightDecay": enums.INDEXED_VALUE_TYPE_DOUBLE,
		"LossatlasKey":         enums.INDEXED_VALUE_TYPE_KEYWORD,
		"LossatlasCached":      enums.INDEXED_VALUE_TYPE_BOOL,
	}
}

// Ensure adds the search attributes that the namespace lacks,
// on the embedded or any other Temporal server. Calling it again changes
// nothing. It fails when one exists with another type, or when the server does
// not let this client add any.
func Ensure(ctx context.Context, c client.Client, namespace string) error {
	op := c.OperatorService()
	have, err := op.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list the search attributes of namespace %s: %w", namespace, err)
	}
	missing := map[string]enums.IndexedValueType{}
	for name, want := range Types() {
		switch got, ok := have.GetCustomAttributes()[name]; {
		case !ok:
			missing[name] = want
		case got != want:
			return fmt.Errorf("search attribute %s of namespace %s has type %v, but lossatlas writes %v; remove it there or use another namespace", name, namespace, got, want)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = op.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if err != nil {
		return fmt.Errorf("add search attributes to namespace %s: %w", namespace, err)
	}
	return nil
}
