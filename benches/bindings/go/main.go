// What c_call.c measures, through the Go module: `go run .`; and with `calls [NUMBER]`, ten million calls, after which the program holds no
// more memory than before.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"math/big"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"worldstate"
)

const (
	count  = 1000
	rounds = 20
	passes = 200
)

func main() {
	state, err := worldstate.NewStateManager()
	check(err)
	defer state.Close()
	if len(os.Args) > 1 && os.Args[1] == "calls" {
		calls(state)
		return
	}
	ctx := context.Background()
	addresses, slots, values := make([]worldstate.Address, count), make([]worldstate.Hash, count), make([]worldstate.Hash, count)
	for i := range slots {
		for j := range addresses[i] {
			addresses[i][j] = 0xc0
		}
		slots[i], values[i] = worldstate.HashOfUint64(uint64(i)), worldstate.HashOfUint64(1)
	}
	check(state.SetStorageBatch(addresses, slots, values))
	measure("get_storage_bytes", func() {
		for i := range slots {
			values[i], err = state.Storage(ctx, addresses[i], slots[i])
			check(err)
		}
	})
	measure("get_storage_batch", func() { check(state.ReadStorageBatch(ctx, addresses, slots, values)) })
}

// measure prints nanoseconds for a slot, the best of the rounds.
func measure(name string, pass func()) {
	best := math.Inf(1)
	for round := 0; round < rounds; round++ {
		begin := time.Now()
		for i := 0; i < passes; i++ {
			pass()
		}
		best = math.Min(best, float64(time.Since(begin).Nanoseconds())/passes/count)
	}
	fmt.Printf("%s %.2f\n", name, best)
}

func calls(state *worldstate.StateManager) {
	number := 10_000_000
	if len(os.Args) > 2 {
		var err error
		number, err = strconv.Atoi(os.Args[2])
		check(err)
	}
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{})
	check(err)
	defer evm.Close()
	contract := worldstate.Address{7}
	check(evm.SetMessage(worldstate.Message{To: &contract, Code: []byte{0x60, 1, 0x5f, 0x55, 0x5f, 0x5f, 0xf3}, Gas: 100_000}))
	round(state, evm, contract, number/10)
	before := resident()
	round(state, evm, contract, number)
	grown := resident() - before
	fmt.Printf("%d calls, %d KiB more resident\n", number, grown>>10)
	if grown > 8<<20 {
		os.Exit(1)
	}
}

// round does so many calls: eight of reads and writes, and now and then a text, an execution, and a state of its own.
func round(state *worldstate.StateManager, evm *worldstate.Evm, contract worldstate.Address, number int) {
	ctx := context.Background()
	for done := 0; done < number; done += 8 {
		slot, wei := worldstate.HashOfUint64(uint64(done%64)), big.NewInt(int64(done))
		check(state.Checkpoint())
		check(state.SetStorage(contract, slot, worldstate.HashOfUint64(uint64(done))))
		_, err := state.Storage(ctx, contract, slot)
		check(err)
		check(state.SetBalance(contract, wei))
		_, err = state.Balance(ctx, contract)
		check(err)
		check(state.SetNonce(contract, uint64(done)))
		_, err = state.Nonce(ctx, contract)
		check(err)
		if done%1000 == 0 {
			_, err = state.Changes(ctx)
			check(err)
			_, err = evm.Simulate(ctx, nil)
			check(err)
			_, err = worldstate.NewStateManager() // which the garbage collector closes
			check(err)
		}
		check(state.Revert())
	}
}

func resident() int {
	debug.FreeOSMemory()
	raw, err := os.ReadFile("/proc/self/statm")
	check(err)
	pages, err := strconv.Atoi(strings.Fields(string(raw))[1])
	check(err)
	return pages * os.Getpagesize()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
