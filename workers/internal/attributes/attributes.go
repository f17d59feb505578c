// Package attributes is the search attributes by which workflows are found in
// the Temporal UI and by commands. It knows Temporal's client only, not its server.
package attributes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
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

// command adds search attributes from the command line.
func command(namespace string, missing map[string]enums.IndexedValueType) string {
	var b strings.Builder
	b.WriteString("temporal operator search-attribute create --namespace " + namespace)
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		b.WriteString(" --name " + name + " --type " + missing[name].String())
	}
	return b.String()
}

// Ensure adds the search attributes that the namespace lacks,
// on the embedded or any other Temporal server. Calling it again changes
// nothing. It fails when one exists with another type, or when the server does
// not let this client add any. It waits until the server takes what was added,
// which takes some seconds where its services are many.
func Ensure(ctx context.Context, c client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
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
		return await(ctx, c, namespace)
	}
	_, err = op.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if err != nil {
		return fmt.Errorf("add search attributes to namespace %s: %w; somebody who may can add them with `%s`", namespace, err, command(namespace, missing))
	}
	return await(ctx, c, namespace)
}

// patience is how long a server may take to know search attributes that it was given.
const patience = time.Minute

// await waits until the namespace's workflows can be searched by all search attributes.
func await(ctx context.Context, c client.Client, namespace string) error {
	query := strings.Join(slices.Sorted(maps.Keys(Types())), " IS NULL AND ") + " IS NULL"
	for {
		_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: query})
		var unknown *serviceerror.InvalidArgument
		if !errors.As(err, &unknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not take the search attributes of namespace %s: %w", namespace, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
