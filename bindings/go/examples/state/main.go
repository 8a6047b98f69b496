// A state in memory: writes, nested checkpoints, snapshots, what differs, and errors by their status.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/big"

	"worldstate"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	state, err := worldstate.NewStateManager()
	if err != nil {
		return err
	}
	defer state.Close()

	alice := worldstate.MustAddress("0x00000000000000000000000000000000000a11ce")
	if err := state.SetBalance(alice, big.NewInt(1_000_000_000)); err != nil {
		return err
	}
	before, err := state.Snapshot()
	if err != nil {
		return err
	}
	if err := state.SetBalance(alice, big.NewInt(5)); err != nil {
		return err
	}
	if err := state.SetStorage(alice, worldstate.HashOfUint64(1), worldstate.HashOfUint64(42)); err != nil {
		return err
	}

	changes, err := state.ChangesSince(ctx, before)
	if err != nil {
		return err
	}
	for _, c := range changes.Balances {
		fmt.Printf("balance of %v: %v -> %v\n", c.Address, c.OriginalBalance, c.NewBalance)
	}
	for _, c := range changes.Storage {
		fmt.Printf("slot %v: %v -> %v\n", c.Slot.Big(), c.OriginalValue.Big(), c.NewValue.Big())
	}

	if err := state.RevertToSnapshot(before); err != nil {
		return err
	}
	balance, err := state.Balance(ctx, alice)
	if err != nil {
		return err
	}
	fmt.Println("after the revert:", balance)

	if err := state.RevertToSnapshot(before); errors.Is(err, worldstate.ErrInvalidSnapshot) {
		fmt.Println("a second time:", err)
	}
	return nil
}
