// Package attributes defines the search attributes by which the Temporal UI and commands find workflows.
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

	"lossatlas/activities"
)

// Types are the search attributes of workflows with their types.
func Types() map[string]enums.IndexedValueType {
	types := map[string]enums.IndexedValueType{}
	for _, key := range activities.SearchAttributes() {
		types[key.GetName()] = key.GetValueType()
	}
	return types
}

// command is the command line that adds search attributes.
func command(namespace string, missing map[string]enums.IndexedValueType) string {
	var b strings.Builder
	b.WriteString("temporal operator search-attribute create --namespace " + namespace)
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		b.WriteString(" --name " + name + " --type " + missing[name].String())
	}
	return b.String()
}

// Ensure adds the search attributes that the namespace lacks, and waits until the server accepts them, which takes some seconds
// on a server of many processes. It fails if one exists with another type, or if the client may not add any.
func Ensure(ctx context.Context, c client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
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
		return fmt.Errorf("add search attributes to namespace %s: %w; an administrator can add them with `%s`", namespace, err, command(namespace, missing))
	}
	return await(ctx, c, namespace)
}

// timeout limits Ensure.
const timeout = time.Minute

// await waits until the server accepts queries with all search attributes.
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
			return fmt.Errorf("the server does not accept the search attributes of namespace %s: %w", namespace, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
