package worldstate_test

import (
	"context"
	"errors"
	"math/big"
	"sync"
	"testing"

	"worldstate"
)

func TestEveryStatusIsAnErrorOfItsOwn(t *testing.T) {
	for i, one := range []struct {
		status worldstate.Status
		name   string
	}{
		{worldstate.ErrInvalidInput, "INVALID_INPUT"},
		{worldstate.ErrOutOfMemory, "OUT_OF_MEMORY"},
		{worldstate.ErrInvalidSnapshot, "INVALID_SNAPSHOT"},
		{worldstate.ErrRPCFailed, "RPC_FAILED"},
		{worldstate.ErrInvalidHex, "INVALID_HEX"},
		{worldstate.ErrRPCPending, "RPC_PENDING"},
		{worldstate.ErrNoPendingRequest, "NO_PENDING_REQUEST"},
		{worldstate.ErrOutputTooSmall, "OUTPUT_TOO_SMALL"},
		{worldstate.ErrInvalidRequest, "INVALID_REQUEST"},
		{worldstate.ErrInvalidHandle, "INVALID_HANDLE"},
		{worldstate.ErrNoCheckpoint, "NO_CHECKPOINT"},
		{worldstate.ErrInternal, "INTERNAL"},
		{worldstate.ErrProofInvalid, "PROOF_INVALID"},
		{worldstate.ErrCache, "CACHE"},
		{worldstate.ErrOffline, "OFFLINE"},
		{worldstate.ErrInvalidState, "INVALID_STATE"},
		{worldstate.ErrExecution, "EXECUTION"},
		{worldstate.ErrStatePruned, "STATE_PRUNED"},
		{worldstate.ErrProofPruned, "PROOF_PRUNED"},
		{worldstate.ErrBlockNotFound, "BLOCK_NOT_FOUND"},
		{worldstate.ErrWrongChain, "WRONG_CHAIN"},
		{worldstate.ErrUnsupportedMethod, "UNSUPPORTED_METHOD"},
		{worldstate.ErrReorg, "REORG"},
	} {
		equal(t, one.name, int(one.status), -i-1)
		equal(t, "name", one.status.Name(), "STATE_MANAGER_ERROR_"+one.name)
	}
	equal(t, "an unknown status", worldstate.Status(-24).Name(), "STATE_MANAGER_ERROR_UNKNOWN")
	state := newState(t)
	err := state.Revert()
	failed := fails(t, err, worldstate.ErrNoCheckpoint)
	equal(t, "the text", err.Error(), failed.Text)
	if errors.Is(err, worldstate.ErrInvalidSnapshot) {
		t.Error("it is another one as well")
	}
	fails(t, state.RevertToSnapshot(7), worldstate.ErrInvalidSnapshot)
}

func TestNumbersThatDoNotFit(t *testing.T) {
	state := newState(t)
	fails(t, state.SetBalance(alice, big.NewInt(-1)), worldstate.ErrInvalidInput)
	fails(t, state.SetBalance(alice, new(big.Int).Lsh(big.NewInt(1), 256)), worldstate.ErrInvalidInput)
	fails(t, state.SetBalance(alice, nil), worldstate.ErrInvalidInput)
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	must(t, state.SetBalance(alice, most))
	balance, err := state.Balance(background, alice)
	must(t, err)
	equal(t, "the greatest balance", balance.Cmp(most), 0)
	fails(t, state.SetStorageBatch([]worldstate.Address{alice}, make([]worldstate.Hash, 2), make([]worldstate.Hash, 2)), worldstate.ErrInvalidInput)
	fails(t, state.SetStorageBatch(make([]worldstate.Address, 2), make([]worldstate.Hash, 2), make([]worldstate.Hash, 1)), worldstate.ErrInvalidInput)
	fails(t, state.SetAccounts([]worldstate.Address{alice}, []*big.Int{}, nil), worldstate.ErrInvalidInput)
	fails(t, state.SetAccounts([]worldstate.Address{alice}, nil, []uint64{1, 2}), worldstate.ErrInvalidInput)
	fails(t, state.ReadStorageBatch(background, []worldstate.Address{alice}, make([]worldstate.Hash, 1), nil), worldstate.ErrInvalidInput)
}

func TestTextsOfAddressesAndWords(t *testing.T) {
	var address worldstate.Address
	must(t, address.UnmarshalText([]byte("00000000000000000000000000000000000A11CE")))
	equal(t, "an address without prefix, in capitals", address, alice)
	for _, bad := range []string{"", "0x", "0x12", "alice", "0x00000000000000000000000000000000000a11c\x00", "0X0x0000000000000000000000000000000000a11c"} {
		_, err := worldstate.ParseAddress(bad)
		fails(t, err, worldstate.ErrInvalidHex)
	}
	for _, bad := range []string{"", "7", "0x", "0x" + string(make([]byte, 65)), "0xg"} {
		_, err := worldstate.ParseHash(bad)
		fails(t, err, worldstate.ErrInvalidHex)
	}
	equal(t, "a short word", worldstate.MustHash("0x102"), worldstate.HashOfUint64(258))
	equal(t, "its number", worldstate.HashOfUint64(258).Big().Int64(), int64(258))
	defer func() { equal(t, "MustAddress panics", recover() != nil, true) }()
	worldstate.MustAddress("alice")
}

func TestPagesOfListings(t *testing.T) {
	state := newState(t)
	const count = 600 // more than two pages
	addresses, slots, values := make([]worldstate.Address, count), make([]worldstate.Hash, count), make([]worldstate.Hash, count)
	for i := range addresses {
		addresses[i] = contract
		slots[i], values[i] = worldstate.HashOfUint64(uint64(count-i)), worldstate.HashOfUint64(uint64(i+1))
	}
	must(t, state.SetStorageBatch(addresses, slots, values))
	seen := uint64(0)
	it := state.ListStorage(contract)
	for ; it.Next(); seen++ {
		equal(t, "slot", it.Slot(), worldstate.HashOfUint64(seen+1))
		equal(t, "value", it.Value(), worldstate.HashOfUint64(count-seen))
	}
	must(t, it.Err())
	equal(t, "slots", seen, uint64(count))
	for i := range addresses {
		addresses[i] = worldstate.Address{18: byte(i >> 8), 19: byte(i)}
	}
	must(t, state.SetAccounts(addresses, nil, make([]uint64, count)))
	accounts := state.ListAccounts()
	found := 0
	for ; accounts.Next(); found++ {
		if found < count {
			equal(t, "address", accounts.Address(), addresses[found])
		}
	}
	must(t, accounts.Err())
	equal(t, "accounts", found, count+1)
	must(t, state.Close())
	equal(t, "a listing of a closed state", state.ListAccounts().Next(), false)
	closed := state.ListStorage(contract)
	equal(t, "a listing of a closed state", closed.Next(), false)
	fails(t, closed.Err(), worldstate.ErrInvalidHandle)
}

func TestChangesAreParsed(t *testing.T) {
	state := newState(t)
	must(t, state.SetBalance(bob, wei(3)))
	must(t, state.SetNonce(bob, 1))
	snapshot, err := state.Snapshot()
	must(t, err)
	must(t, state.Checkpoint())
	must(t, state.SetBalance(alice, wei(1<<40)))
	must(t, state.SetNonce(alice, 9))
	must(t, state.SetCode(alice, []byte{0x60, 0x01}))
	must(t, state.SetStorage(alice, worldstate.HashOfUint64(1), worldstate.HashOfUint64(2)))
	must(t, state.DeleteAccount(bob))
	changes, err := state.Changes(background)
	must(t, err)
	since, err := state.ChangesSince(background, snapshot)
	must(t, err)
	for _, c := range []*worldstate.Changes{changes, since} {
		if len(c.Storage) != 1 || len(c.Balances) != 2 || len(c.Nonces) != 2 || len(c.Codes) != 1 || len(c.SelfDestructs) != 1 {
			t.Fatalf("%+v", c)
		}
		equal(t, "storage", c.Storage[0], worldstate.StorageChange{
			Address: alice, Slot: worldstate.HashOfUint64(1), NewValue: worldstate.HashOfUint64(2),
		})
		equal(t, "balance before", c.Balances[0].OriginalBalance.Int64(), int64(3))
		equal(t, "balance after", c.Balances[1].NewBalance.Int64(), int64(1<<40))
		equal(t, "nonces", c.Nonces[1], worldstate.NonceChange{Address: alice, NewNonce: 9})
		equal(t, "code", string(c.Codes[0].Code), "\x60\x01")
		equal(t, "deleted", c.SelfDestructs[0], bob)
	}
}

func TestWhatIsClosedSaysSo(t *testing.T) {
	state := newState(t)
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{})
	must(t, err)
	must(t, state.Close())
	must(t, state.Close())
	_, err = state.Balance(background, alice)
	fails(t, err, worldstate.ErrInvalidHandle)
	fails(t, state.Checkpoint(), worldstate.ErrInvalidHandle)
	_, err = worldstate.NewEvm(state, worldstate.EvmOptions{})
	fails(t, err, worldstate.ErrInvalidHandle)
	must(t, evm.SetTransaction(worldstate.Transaction{From: alice, To: &bob}))
	_, err = evm.Execute(background, nil)
	fails(t, err, worldstate.ErrInvalidHandle)
	must(t, evm.Close())
	must(t, evm.Close())
	_, err = evm.Execute(background, nil)
	fails(t, err, worldstate.ErrInvalidHandle)
}

func TestACancelledContextReadsNothing(t *testing.T) {
	state := newState(t)
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := state.Balance(ctx, alice); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// Under the race detector, too: one state, one text for each failure.
func TestGoroutinesOnOneState(t *testing.T) {
	state := newState(t)
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for n := 0; n < 200; n++ {
				address := worldstate.Address{byte(i)}
				if err := state.SetBalance(address, wei(int64(n))); err != nil {
					t.Error(err)
				}
				balance, err := state.Balance(background, address)
				if err != nil || balance.Int64() != int64(n) {
					t.Errorf("%v, %v", balance, err)
				}
			}
			for n := 0; n < 5000; n++ {
				dead := state.RevertToSnapshot(worldstate.SnapshotID(1000 + i))
				if text := dead.Error(); text != expectedDead(i) {
					t.Errorf("the text of another call: %q", text)
					return
				}
			}
		}(i)
	}
	all.Wait()
}

func expectedDead(i int) string {
	return "snapshot " + big.NewInt(int64(1000+i)).String() + " is unknown, or dead since a revert past it"
}
