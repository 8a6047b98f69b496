package worldstate_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"worldstate"
)

// carriers are the two ways to the same node.
func carriers(n *node) map[string]worldstate.ForkOptions {
	return map[string]worldstate.ForkOptions{
		"built-in HTTP": {URL: n.url, Header: http.Header{"X-Test": {"1"}}},
		"net/http":      {Transport: &worldstate.HTTPTransport{URL: n.url, Client: &http.Client{}, Header: http.Header{"x-test": {"1"}}}},
	}
}

func openFork(t *testing.T, options worldstate.ForkOptions) (*worldstate.Fork, *worldstate.StateManager) {
	t.Helper()
	fork, err := worldstate.OpenFork(background, options)
	must(t, err)
	state, err := fork.NewStateManager()
	must(t, err)
	t.Cleanup(func() { _ = state.Close(); _ = fork.Close() })
	return fork, state
}

func TestForkOfARealNode(t *testing.T) {
	n := startNode(t, "--chain-id", "77")
	n.withContract()
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			fork, state := openFork(t, options)
			block, err := fork.Block(background)
			must(t, err)
			equal(t, "chain id", block.ChainID, uint64(77))
			equal(t, "number", block.Number, uint64(3))
			hash, err := state.BlockHash(background, 2)
			must(t, err)
			if hash == block.Hash || hash == (worldstate.Hash{}) {
				t.Fatal("block 2 is not its own")
			}
			readsWhatTheNodeHas(t, n, state)
			writesStayHere(t, n, state)
			must(t, fork.Close())
			accounts, err := state.Accounts(background, []worldstate.Address{bob, contract})
			must(t, err) // the state keeps the fork alive
			equal(t, "status", accounts[0].Status, worldstate.AccountAbsent)
			equal(t, "nonce", accounts[1].Nonce, uint64(5))
			_, err = fork.Stats()
			fails(t, err, worldstate.ErrInvalidHandle)
		})
	}
}

func readsWhatTheNodeHas(t *testing.T, n *node, state *worldstate.StateManager) {
	t.Helper()
	code, err := state.Code(background, contract)
	must(t, err)
	equal(t, "code", "0x"+hex.EncodeToString(code), n.text("eth_getCode", contract, "0x3"))
	balance, err := state.Balance(background, contract)
	must(t, err)
	equal(t, "balance", quantity(balance), "0x2a")
	nonce, err := state.Nonce(background, contract)
	must(t, err)
	equal(t, "nonce", nonce, uint64(5))
	for slot := uint64(0); slot < 3; slot++ {
		value, err := state.Storage(background, contract, worldstate.HashOfUint64(slot))
		must(t, err)
		equal(t, "slot", value.String(), n.text("eth_getStorageAt", contract, worldstate.HashOfUint64(slot), "0x3"))
	}
	status, err := state.AccountStatus(background, contract)
	must(t, err)
	equal(t, "status", status, worldstate.AccountPresent)
	root, err := state.StateRoot(background)
	must(t, err)
	var block struct{ StateRoot string }
	must(t, json.Unmarshal(n.rpc("eth_getBlockByNumber", "0x3", false), &block))
	equal(t, "state root", root.String(), block.StateRoot)
}

func writesStayHere(t *testing.T, n *node, state *worldstate.StateManager) {
	t.Helper()
	must(t, state.Checkpoint())
	must(t, state.SetBalance(contract, wei(1)))
	must(t, state.SetStorage(contract, worldstate.Hash{}, worldstate.Hash{}))
	dump, err := state.Dump(background, worldstate.DumpGenesisAlloc)
	must(t, err)
	if len(dump) < 100 {
		t.Fatalf("the dump: %s", dump)
	}
	must(t, state.Revert())
	value, err := state.Storage(background, contract, worldstate.Hash{})
	must(t, err)
	equal(t, "slot 0", value, worldstate.HashOfUint64(10))
	equal(t, "on the node", n.text("eth_getBalance", contract, "latest"), "0x2a")
}

func TestPrefetchAndStats(t *testing.T) {
	n := startNode(t)
	n.withContract()
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			fork, state := openFork(t, options)
			slots := make([]worldstate.Hash, 500)
			for i := range slots {
				slots[i] = worldstate.HashOfUint64(uint64(i))
			}
			must(t, fork.Prefetch(background, []worldstate.Prefetch{{Address: alice}, {Address: contract, Slots: slots}}, true))
			before, err := fork.Stats()
			must(t, err)
			equal(t, "slots", before.Slots, uint64(500))
			equal(t, "codes", before.Codes > 0, true)
			addresses := make([]worldstate.Address, len(slots))
			for i := range addresses {
				addresses[i] = contract
			}
			values, err := state.StorageBatch(background, addresses, slots)
			must(t, err)
			equal(t, "slot 1", values[1], worldstate.HashOfUint64(20))
			after, err := fork.Stats()
			must(t, err)
			equal(t, "further requests", after.Requests, before.Requests)
			if after.Bodies > 6 {
				t.Fatalf("%d bodies", after.Bodies)
			}
			must(t, fork.ClearCache())
			must(t, state.ClearForkCache())
			cleared, err := fork.Stats()
			must(t, err)
			equal(t, "slots", cleared.Slots, uint64(0))
		})
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	transport := worldstate.TransportFunc(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("unused") })
	for name, options := range map[string]worldstate.ForkOptions{
		"neither":       {},
		"both":          {URL: "http://127.0.0.1:1", Transport: transport},
		"header":        {Transport: transport, Header: http.Header{"A": {"b"}}},
		"pending":       {Transport: transport, Block: "pending"},
		"negative":      {Transport: transport, MaxBatch: -1},
		"negative time": {Transport: transport, RequestTimeout: -1},
		"too long":      {Transport: transport, BackoffMax: 1 << 62},
		"NUL":           {Transport: transport, Block: "1\x002"},
		"source":        {Transport: transport, AccountSource: 9},
		"concurrent":    {URL: "http://127.0.0.1:1", MaxConcurrent: -1},
		"rate":          {Transport: transport, RequestsPerSecond: 1},
		"compute units": {Transport: transport, ComputeUnitsPerSecond: 1},
		"offline":       {Offline: true},
		"network":       {Transport: transport, Network: "mine"},
		"NUL in a name": {Transport: transport, CacheDir: "a\x00b"},
		"level":         {Transport: transport, LogLevel: worldstate.LogInfo},
		"no such level": {Transport: transport, Log: func(worldstate.LogLevel, string) {}, LogLevel: 9},
		"no hash":       {Transport: transport, Block: "latest", Verify: worldstate.VerifyBlock()},
		"two hashes": {
			Transport: transport, Block: worldstate.HashOfUint64(1).String(), Verify: worldstate.VerifyBlockHash(worldstate.HashOfUint64(2)),
		},
		"unproven": {
			Transport: transport, AccountSource: worldstate.AccountsFields, Verify: worldstate.VerifyStateRoot(worldstate.HashOfUint64(1)),
		},
	} {
		_, err := worldstate.OpenFork(background, options)
		if err == nil {
			t.Fatalf("%s: it opens", name)
		}
		fails(t, err, worldstate.ErrInvalidInput)
	}
}

func TestANodeThatIsNotThere(t *testing.T) {
	_, err := worldstate.OpenFork(background, worldstate.ForkOptions{URL: "http://127.0.0.1:1", MaxAttempts: 1})
	fails(t, err, worldstate.ErrRPCFailed)
	_, state := openFork(t, worldstate.ForkOptions{
		Transport: &worldstate.HTTPTransport{URL: "http://127.0.0.1:1"}, MaxAttempts: 2, BackoffInitial: time.Millisecond,
	})
	_, err = state.Balance(background, alice)
	failed := fails(t, err, worldstate.ErrRPCFailed)
	t.Log(failed.Text)
	must(t, state.SetBalance(alice, wei(1)))
}
