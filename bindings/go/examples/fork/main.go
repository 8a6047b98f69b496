// A live chain below the state, with this program's own HTTP client: many goroutines read, and their reads go out together.
//
//	fork URL [ADDRESS]
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"worldstate"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: fork URL [ADDRESS]")
	}
	address := "0x5fbdb2315678afecb367f032d93f642f64180aa3"
	if len(os.Args) > 2 {
		address = os.Args[2]
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1], address); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url, text string) error {
	contract, err := worldstate.ParseAddress(text)
	if err != nil {
		return err
	}
	fork, err := worldstate.OpenFork(ctx, worldstate.ForkOptions{
		Transport: &worldstate.HTTPTransport{URL: url, Client: &http.Client{Timeout: 10 * time.Second}},
	})
	if err != nil {
		return err
	}
	defer fork.Close()
	block, err := fork.Block(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("chain %d at block %d\n", block.ChainID, block.Number)

	const readers = 20
	values, failures := make([]worldstate.Hash, readers), make([]error, readers)
	var all sync.WaitGroup
	for i := 0; i < readers; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			values[i], failures[i] = readSlot(ctx, fork, contract, uint64(i))
		}(i)
	}
	all.Wait()
	for i, err := range failures {
		if err != nil {
			return err
		}
		if values[i] != (worldstate.Hash{}) {
			fmt.Printf("slot %d: %v\n", i, values[i])
		}
	}
	stats, err := fork.Stats()
	if err != nil {
		return err
	}
	fmt.Printf("%d slots, fewer HTTP bodies: %v\n", stats.Slots, stats.Bodies < readers)
	return nil
}

// readSlot reads with a state of its own, as a request handler of a server would.
func readSlot(ctx context.Context, fork *worldstate.Fork, contract worldstate.Address, slot uint64) (worldstate.Hash, error) {
	state, err := fork.NewStateManager()
	if err != nil {
		return worldstate.Hash{}, err
	}
	defer state.Close()
	return state.Storage(ctx, contract, worldstate.HashOfUint64(slot))
}
