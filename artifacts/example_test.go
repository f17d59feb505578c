package artifacts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/objects"
)

// A result is stored once, under its digest, and found again by the key of its recipe.
func ExampleStore() {
	ctx := context.Background()
	store := artifacts.InMemory(zerolog.Nop())
	recipe := artifacts.Recipe{Kind: "train", Version: 1, Params: json.RawMessage(`{"net": "small", "seed": 1}`)}
	key, err := recipe.Key()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.Lookup(ctx, key)
	fmt.Println("not stored yet:", errors.Is(err, objects.ErrNotFound))
	blob, err := store.Put(ctx, []byte("weights"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := store.PutAction(ctx, artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{"weights": blob}}); err != nil {
		fmt.Println(err)
		return
	}
	found, err := store.Lookup(ctx, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := store.GetBlob(ctx, found.Outputs["weights"])
	fmt.Println("stored:", string(b), err)
	// Output:
	// not stored yet: true
	// stored: weights <nil>
}

// Recipes of one meaning have one key, in whatever order their parameters are written.
func ExampleRecipe_Key() {
	a, errA := artifacts.Recipe{Kind: "train", Version: 1, Params: json.RawMessage(`{"net": "small", "seed": 1}`)}.Key()
	b, errB := artifacts.Recipe{Kind: "train", Version: 1, Params: json.RawMessage(`{"seed":1.0,"net":"small"}`)}.Key()
	c, errC := artifacts.Recipe{Kind: "train", Version: 2, Params: json.RawMessage(`{"net": "small", "seed": 1}`)}.Key()
	fmt.Println(a == b, a == c, errA, errB, errC)
	// Output:
	// true false <nil> <nil> <nil>
}
