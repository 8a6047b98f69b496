package worldstate_test

import (
	"context"
	"errors"
	"math/big"
	"os"
	"testing"

	"worldstate"
)

var (
	background = context.Background()
	alice      = worldstate.MustAddress("0x00000000000000000000000000000000000a11ce")
	bob        = worldstate.MustAddress("0x0000000000000000000000000000000000000b0b")
	contract   = worldstate.MustAddress("0x0000000000000000000000000000000000c0ffee")
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails checks the status of an error and returns it.
func fails(t *testing.T, err error, status worldstate.Status) *worldstate.Error {
	t.Helper()
	var failed *worldstate.Error
	if !errors.As(err, &failed) || !errors.Is(err, status) || failed.Code != status || failed.Name != status.Name() || failed.Text == "" {
		t.Fatalf("expected %s with a text, got %#v", status.Name(), err)
	}
	return failed
}

func equal(t *testing.T, what string, got, want interface{}) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func newState(t testing.TB) *worldstate.StateManager {
	t.Helper()
	state, err := worldstate.NewStateManager()
	must(t, err)
	t.Cleanup(func() { _ = state.Close() })
	return state
}

func wei(n int64) *big.Int { return big.NewInt(n) }

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	must(t, err)
	return string(raw)
}
