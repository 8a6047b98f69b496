package worldstate_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"worldstate"
)

// resident is the memory of this process in bytes.
func resident(t *testing.T) int {
	t.Helper()
	fields := strings.Fields(read(t, "/proc/self/statm"))
	pages, err := strconv.Atoi(fields[1])
	must(t, err)
	return pages * os.Getpagesize()
}

// A state with 4 MiB behind it that nobody closes.
func forgetOne(t *testing.T) {
	t.Helper()
	state, err := worldstate.NewStateManager()
	must(t, err)
	must(t, state.SetCode(alice, make([]byte, 4<<20)))
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{})
	must(t, err)
	must(t, evm.SetMessage(worldstate.Message{Caller: alice, To: &alice, Gas: 1}))
}

func TestWhatIsForgottenIsFreed(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("skipped: no /proc")
	}
	settle := func() {
		for i := 0; i < 3; i++ {
			runtime.GC()
			time.Sleep(10 * time.Millisecond) // finalizers run in a goroutine of their own
		}
	}
	for i := 0; i < 10; i++ {
		forgetOne(t)
	}
	settle()
	before := resident(t)
	for i := 0; i < 100; i++ { // 400 MiB together
		forgetOne(t)
		if i%10 == 0 {
			settle()
		}
	}
	settle()
	if grown := resident(t) - before; grown > 100<<20 {
		t.Fatalf("%d MiB are left", grown>>20)
	}
}

func TestReadsAllocateNothing(t *testing.T) {
	state := newState(t)
	must(t, state.SetStorage(contract, worldstate.Hash{}, worldstate.HashOfUint64(1)))
	addresses, slots, values := []worldstate.Address{contract}, []worldstate.Hash{{}}, make([]worldstate.Hash, 1)
	for name, call := range map[string]func() error{
		"Storage":          func() error { _, err := state.Storage(background, contract, worldstate.Hash{}); return err },
		"SetStorage":       func() error { return state.SetStorage(contract, worldstate.Hash{}, worldstate.Hash{31: 1}) },
		"Nonce":            func() error { _, err := state.Nonce(background, contract); return err },
		"ReadStorageBatch": func() error { return state.ReadStorageBatch(background, addresses, slots, values) },
	} {
		if allocations := testing.AllocsPerRun(100, func() {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}); allocations > 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}
