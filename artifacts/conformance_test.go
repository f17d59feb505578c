package artifacts_test

import (
	"testing"

	"lossatlas/artifacts/storetest"
)

func TestConformance(t *testing.T) {
	t.Run("attributes in the file system", func(t *testing.T) { storetest.Run(t, serve(t).config()) })
	t.Run("attributes in files of their own", func(t *testing.T) { storetest.Run(t, own(t, true).config()) })
}
