package worldstate

import (
	"context"
	"errors"
	"testing"
)

// What a newer library might ask.
func TestUnknownOutputType(t *testing.T) {
	for _, kind := range []OutputType{OutputResult, OutputReadyToCommit, 8, 99, 255} {
		_, err := answer(context.Background(), nil, Request{Type: kind})
		if !errors.Is(err, ErrUnknownOutputType) || err.Error() != "Unknown output type" {
			t.Fatalf("%d: %v", kind, err)
		}
	}
}
