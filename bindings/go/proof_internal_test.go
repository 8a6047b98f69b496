package worldstate

import (
	"bytes"
	"context"
	"testing"
)

func TestAGuessThatIsTooLow(t *testing.T) {
	state, err := NewStateManager()
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	if err := state.SetNonce(Address{1}, 1); err != nil {
		t.Fatal(err)
	}
	whole, err := state.ProofJSON(context.Background(), Address{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for guess := 0; guess < len(whole)+2; guess += 100 {
		again, err := state.proofAbout(context.Background(), guess, Address{1}, nil)
		if err != nil || !bytes.Equal(whole, again) {
			t.Fatalf("%d: %v, %s", guess, err, again)
		}
	}
}
