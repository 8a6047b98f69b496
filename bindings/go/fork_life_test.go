package worldstate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"worldstate"
)

// pinned is the node's newest block, by hash.
func (n *node) pinned() (hash worldstate.Hash, raw json.RawMessage) {
	n.t.Helper()
	raw = n.rpc("eth_getBlockByNumber", "latest", false)
	var block struct{ Hash worldstate.Hash }
	must(n.t, json.Unmarshal(raw, &block))
	return block.Hash, raw
}

// readAll reads the values of withContract.
func readAll(t *testing.T, state *worldstate.StateManager) {
	t.Helper()
	balance, err := state.Balance(background, alice)
	must(t, err)
	equal(t, "balance", balance.Int64(), int64(7))
	value, err := state.Storage(background, contract, worldstate.HashOfUint64(1))
	must(t, err)
	equal(t, "slot 1", value, worldstate.HashOfUint64(20))
	code, err := state.Code(background, contract)
	must(t, err)
	equal(t, "code length", len(code), 19)
}

func statsOf(t *testing.T, fork *worldstate.Fork) worldstate.ForkStats {
	t.Helper()
	stats, err := fork.Stats()
	must(t, err)
	return stats
}

func TestThePersistentCacheSurvives(t *testing.T) {
	n := startNode(t)
	n.withContract()
	hash, _ := n.pinned()
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			options.Block, options.CacheDir, options.ChainID, options.Network = hash.String(), t.TempDir(), 31337, "a node of one test"
			fork, state := openFork(t, options)
			readAll(t, state)
			must(t, fork.Flush())
			equal(t, "values written", statsOf(t, fork).StoredWrites > 0, true)
			must(t, state.Close())
			must(t, fork.Close())

			again, state := openFork(t, options)
			readAll(t, state)
			stats := statsOf(t, again)
			equal(t, "requests", stats.Requests, uint64(0))
			equal(t, "values from the disk", stats.StoredHits > 0, true)

			offline := worldstate.ForkOptions{Offline: true, Block: options.Block, CacheDir: options.CacheDir, ChainID: 31337, Network: options.Network}
			_, state = openFork(t, offline)
			readAll(t, state)
			_, err := state.Balance(background, bob)
			failed := fails(t, err, worldstate.ErrOffline)
			equal(t, "names the account", strings.Contains(strings.ToLower(failed.Text), bob.String()), true)

			offline.Network = "another one"
			empty, err := worldstate.OpenFork(background, offline)
			if err == nil {
				_, err = empty.Block(background)
				_ = empty.Close()
			}
			fails(t, err, worldstate.ErrOffline)
		})
	}
	fork, _ := openFork(t, worldstate.ForkOptions{URL: n.url})
	fails(t, fork.Flush(), worldstate.ErrInvalidState)
}

func TestRecordings(t *testing.T) {
	n := startNode(t)
	n.withContract()
	hash, _ := n.pinned()
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "recording")
			options.Block = hash.String()
			fork, state := openFork(t, options)
			readAll(t, state)
			must(t, fork.ExportRecording(background, file))

			_, replayed := openFork(t, worldstate.ForkOptions{Recording: file, Offline: true})
			readAll(t, replayed)
			_, err := replayed.Balance(background, bob)
			fails(t, err, worldstate.ErrOffline)

			importing, imported := openFork(t, options)
			must(t, importing.ImportRecording(background, file))
			before := statsOf(t, importing).Requests
			readAll(t, imported)
			equal(t, "further requests", statsOf(t, importing).Requests, before)

			raw, err := os.ReadFile(file)
			must(t, err)
			raw[len(raw)/2] ^= 1
			must(t, os.WriteFile(file, raw, 0o600))
			fails(t, importing.ImportRecording(background, file), worldstate.ErrCache)
			fails(t, importing.ExportRecording(background, filepath.Join(file, "inside a file")), worldstate.ErrCache)
			fails(t, importing.ExportRecording(background, "a\x00b"), worldstate.ErrInvalidInput)
		})
	}
}

// lying carries to a node, and tells other values than that.
type lying struct {
	node      worldstate.HTTPTransport
	old, told []byte
}

func (l *lying) Post(ctx context.Context, body []byte) ([]byte, error) {
	answer, err := l.node.Post(ctx, body)
	return bytes.ReplaceAll(answer, l.old, l.told), err
}

func TestVerification(t *testing.T) {
	n := startNode(t)
	n.withContract()
	hash, header := n.pinned()
	root, err := worldstate.VerifyHeader(hash, header)
	must(t, err)
	for trusted, verify := range map[string]worldstate.Verification{
		"state root": worldstate.VerifyStateRoot(root), "block hash": worldstate.VerifyBlockHash(hash), "block": worldstate.VerifyBlock(),
	} {
		for name, options := range carriers(n) {
			options := options
			options.Block, options.Verify = hash.String(), verify
			t.Run(trusted+"/"+name, func(t *testing.T) {
				fork, state := openFork(t, options)
				readAll(t, state)
				stats := statsOf(t, fork)
				equal(t, "verified", stats.Verified > 2, true)
				equal(t, "failures", stats.VerifyFailures, uint64(0))
				equal(t, "nodes", stats.ProofNodes > 0 && stats.ProofBytes > stats.ProofNodes, true)
			})
		}
		verify := verify
		t.Run(trusted+"/a lie", func(t *testing.T) {
			transport := &lying{worldstate.HTTPTransport{URL: n.url}, []byte(`"0x14"`), []byte(`"0x15"`)}
			fork, state := openFork(t, worldstate.ForkOptions{Transport: transport, Block: hash.String(), Verify: verify})
			_, err := state.Storage(background, contract, worldstate.HashOfUint64(1))
			failed := fails(t, err, worldstate.ErrProofInvalid)
			equal(t, "names the account", strings.Contains(strings.ToLower(failed.Text), contract.String()), true)
			stats := statsOf(t, fork)
			equal(t, "failures", stats.VerifyFailures > 0, true)
			equal(t, "slots", stats.Slots, uint64(0))
			transport.told = transport.old
			readAll(t, state)
		})
	}
}

func TestWrongChain(t *testing.T) {
	n := startNode(t)
	_, err := worldstate.OpenFork(background, worldstate.ForkOptions{URL: n.url, ChainID: 1})
	failed := fails(t, err, worldstate.ErrWrongChain)
	equal(t, "names both", strings.Contains(failed.Text, "31337") && strings.Contains(failed.Text, "1"), true)
	_, state := openFork(t, worldstate.ForkOptions{Transport: &worldstate.HTTPTransport{URL: n.url}, ChainID: 1})
	_, err = state.Balance(background, alice)
	fails(t, err, worldstate.ErrWrongChain)
	_, err = worldstate.OpenFork(background, worldstate.ForkOptions{URL: n.url, Block: "12345"})
	fails(t, err, worldstate.ErrBlockNotFound)
}

func TestLog(t *testing.T) {
	n := startNode(t)
	n.withContract()
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			lines := map[worldstate.LogLevel]int{}
			options.LogLevel = worldstate.LogDebug
			options.Log = func(level worldstate.LogLevel, text string) {
				mu.Lock()
				defer mu.Unlock()
				if text == "" || strings.ContainsAny(text, "\n\x00") || level.String() == "unknown" {
					t.Errorf("%d: %q", level, text)
				}
				lines[level]++
			}
			fork, state := openFork(t, options)
			readAll(t, state)
			bodies := statsOf(t, fork).Bodies
			must(t, fork.Close())
			must(t, state.Close())
			mu.Lock()
			defer mu.Unlock()
			equal(t, "a line for each body", uint64(lines[worldstate.LogDebug]) >= bodies && bodies > 0, true)
			equal(t, "what was found out", lines[worldstate.LogInfo] > 0, true)
		})
	}
}

// A panic must neither unwind through the library nor be lost.
func TestAPanicOfTheLogEndsTheProgram(t *testing.T) {
	if url := os.Getenv("WORLDSTATE_TEST_PANIC"); url != "" {
		defer func() {
			if recover() != nil {
				os.Exit(0) // it came through the library
			}
		}()
		_, _ = worldstate.OpenFork(background, worldstate.ForkOptions{
			URL: url, LogLevel: worldstate.LogDebug, Log: func(worldstate.LogLevel, string) { panic("the log is full") },
		})
		os.Exit(0)
	}
	n := startNode(t)
	command := exec.Command(os.Args[0], "-test.run", "^TestAPanicOfTheLogEndsTheProgram$")
	command.Env = append(os.Environ(), "WORLDSTATE_TEST_PANIC="+n.url)
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "panic: the log is full") {
		t.Fatalf("%v: %s", err, output)
	}
}

func TestPrefetchForms(t *testing.T) {
	n := startNode(t)
	n.withContract()
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			fork, state := openFork(t, options)
			_, err := fork.Block(background)
			must(t, err)
			// counts makes sure that it costs one body, after which reading costs none.
			counts := func(prefetch func() error, read func()) {
				t.Helper()
				must(t, fork.ClearCache())
				before := statsOf(t, fork)
				must(t, prefetch())
				after := statsOf(t, fork)
				equal(t, "bodies", after.Bodies-before.Bodies, uint64(1))
				read()
				equal(t, "further requests", statsOf(t, fork).Requests, after.Requests)
			}
			slot := worldstate.HashOfUint64(1)
			list := []worldstate.AccessTuple{{Address: contract, StorageKeys: []worldstate.Hash{slot}}, {Address: alice}}
			counts(func() error { return fork.PrefetchAccessList(background, list, true) }, func() { readAll(t, state) })
			raw := []byte(`{"accessList":[{"address":"` + contract.String() + `","storageKeys":["` + slot.String() + `"]}],"gasUsed":"0x1"}`)
			counts(func() error { return fork.PrefetchAccessListJSON(background, raw, false) }, func() {
				value, err := state.Storage(background, contract, slot)
				must(t, err)
				equal(t, "slot 1", value, worldstate.HashOfUint64(20))
			})
			counts(func() error { return fork.PrefetchRange(background, contract, worldstate.Hash{}, 100) }, func() {
				value, err := state.Storage(background, contract, worldstate.HashOfUint64(99))
				must(t, err)
				equal(t, "slot 99", value, worldstate.Hash{})
			})
			equal(t, "slots", statsOf(t, fork).Slots, uint64(100))
			must(t, fork.PrefetchAccessList(background, nil, false))
			fails(t, fork.PrefetchAccessListJSON(background, []byte("no list"), false), worldstate.ErrInvalidInput)
			fails(t, fork.PrefetchRange(background, contract, slot, -1), worldstate.ErrInvalidInput)
		})
	}
}
