package worldstate_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"worldstate"
)

// memory is a store with one contract; it fails at the questions whose name is in fails.
type memory struct {
	fails    string
	panics   bool
	parallel int
	asked    int32
	under    int32
	most     int32
}

var errStore = errors.New("the database is on fire")

func (m *memory) ask(question string) error {
	atomic.AddInt32(&m.asked, 1)
	if now := atomic.AddInt32(&m.under, 1); now > atomic.LoadInt32(&m.most) {
		atomic.StoreInt32(&m.most, now)
	}
	defer atomic.AddInt32(&m.under, -1)
	if m.parallel > 1 {
		time.Sleep(time.Millisecond) // so that questions overlap, where they may
	}
	if m.fails == question && m.panics {
		panic(errStore)
	}
	if m.fails == question {
		return errStore
	}
	return nil
}

func (m *memory) Storage(_ context.Context, _ worldstate.Address, slot worldstate.Hash) (worldstate.Hash, error) {
	return worldstate.HashOfUint64(10 * (1 + slot.Big().Uint64())), m.ask("storage")
}

func (m *memory) Balance(_ context.Context, address worldstate.Address) (*big.Int, error) {
	if address == contract {
		return new(big.Int), m.ask("balance")
	}
	return wei(7), m.ask("balance")
}

// After the sum, the hash of block 9, and what the precompiled contract 0x77 says.
const askingCode = "5f5460015401333101" + "600940" + "01" + "60205f5f5f5f607761fffff1" + "01" + "5f51" + "01" + "5f5260205ff3"

func (m *memory) Code(_ context.Context, address worldstate.Address) ([]byte, error) {
	if address == contract {
		return bytesOf(askingCode), m.ask("code")
	}
	return nil, m.ask("code")
}

func (m *memory) Nonce(context.Context, worldstate.Address) (uint64, error) { return 1, m.ask("nonce") }

func (m *memory) BlockHash(_ context.Context, number uint64) (worldstate.Hash, error) {
	return worldstate.HashOfUint64(number * 1000), m.ask("blockHash")
}

func (m *memory) Precompile(_ context.Context, call worldstate.PrecompileCall) (worldstate.PrecompileResult, error) {
	if call.Caller != contract || call.Gas != 0xffff || call.IsStatic || call.Value.Sign() != 0 || len(call.Input) != 0 {
		return worldstate.PrecompileResult{}, errors.New("another call")
	}
	output := worldstate.HashOfUint64(100_000)
	return worldstate.PrecompileResult{GasUsed: 5, Output: output[:]}, m.ask("precompile")
}

// Parallel makes it a ParallelStore.
func (m *memory) Parallel() int { return m.parallel }

// 10 + 20 + 7 + 9000 + 1 + 100000
const askedSum = 109_038

func askingEvm(t *testing.T, options worldstate.EvmOptions) (*worldstate.StateManager, *worldstate.Evm) {
	t.Helper()
	state := newState(t)
	options.AskHost = true
	options.Precompiles = []worldstate.Address{{19: 0x77}}
	evm, err := worldstate.NewEvm(state, options)
	must(t, err)
	t.Cleanup(func() { _ = evm.Close() })
	number := uint64(10)
	must(t, evm.SetBlock(worldstate.Block{Number: &number, Timestamp: &number, BaseFeePerGas: wei(1), Miner: &bob, MixHash: &worldstate.Hash{1}}))
	must(t, evm.SetMessage(worldstate.Message{Caller: alice, To: &contract, Gas: 1_000_000}))
	return state, evm
}

func TestExecutionsThatAsk(t *testing.T) {
	for _, runAhead := range []worldstate.RunAhead{worldstate.RunAheadOff, worldstate.RunAheadOn} {
		for _, parallel := range []int{0, 1, 8} {
			_, evm := askingEvm(t, worldstate.EvmOptions{RunAhead: runAhead})
			store := &memory{parallel: parallel}
			result, err := evm.Execute(background, store)
			must(t, err)
			equal(t, "status", result.Status, worldstate.Success)
			equal(t, "output", new(big.Int).SetBytes(result.Output).Int64(), int64(askedSum))
			stats, err := evm.Stats()
			must(t, err)
			equal(t, "rounds", stats.Rounds > 0, true)
			equal(t, "questions at once", store.most > 1, parallel > 1)
			if store.most > int32(parallel) && parallel > 0 {
				t.Fatalf("%d questions at once, %d may be", store.most, parallel)
			}
		}
	}
}

func TestAStoreThatFailsAtEachQuestion(t *testing.T) {
	for _, question := range []string{"storage", "balance", "code", "nonce", "blockHash", "precompile"} {
		for _, parallel := range []int{1, 8} {
			state, evm := askingEvm(t, worldstate.EvmOptions{RunAhead: worldstate.RunAheadOn})
			must(t, state.SetBalance(bob, wei(1)))
			_, err := evm.Execute(background, &memory{fails: question, parallel: parallel})
			failed := fails(t, err, worldstate.ErrExecution)
			if !strings.Contains(failed.Text, errStore.Error()) || !errors.Is(err, errStore) {
				t.Fatalf("%s: %v", question, err)
			}
			usable(t, state, evm)
			func() {
				defer func() { equal(t, "the panic", recover(), errStore) }()
				_, _ = evm.Execute(background, &memory{fails: question, parallel: parallel, panics: true})
			}()
			usable(t, state, evm)
		}
	}
}

// usable: nothing of the failed execution is left, and the next one works.
func usable(t *testing.T, state *worldstate.StateManager, evm *worldstate.Evm) {
	t.Helper()
	active, err := evm.Active()
	must(t, err)
	equal(t, "active", active, false)
	must(t, state.Checkpoint())
	must(t, state.Revert())
	result, err := evm.Simulate(background, &memory{})
	must(t, err)
	equal(t, "status", result.Status, worldstate.Success)
}

func TestNobodyAnswers(t *testing.T) {
	state, evm := askingEvm(t, worldstate.EvmOptions{})
	_, err := evm.Execute(background, nil)
	fails(t, err, worldstate.ErrExecution)
	equal(t, "text", err.Error(), "Async request but no stateInterface provided")
	equal(t, "sentinel", errors.Is(err, worldstate.ErrNoStore), true)
	usable(t, state, evm)
	// A store without precompiled contracts.
	_, err = evm.Execute(background, struct{ worldstate.Store }{&memory{}})
	failed := fails(t, err, worldstate.ErrExecution)
	equal(t, "names the contract", strings.Contains(failed.Text, "0x0000000000000000000000000000000000000077"), true)
	usable(t, state, evm)
}

func TestACancelledContextGivesUp(t *testing.T) {
	state, evm := askingEvm(t, worldstate.EvmOptions{})
	ctx, cancel := context.WithCancel(background)
	store := &cancelling{memory: &memory{}, cancel: cancel}
	if _, err := evm.Execute(ctx, store); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	usable(t, state, evm)
}

type cancelling struct {
	*memory
	cancel func()
}

func (c *cancelling) Balance(ctx context.Context, address worldstate.Address) (*big.Int, error) {
	c.cancel()
	return c.memory.Balance(ctx, address)
}

func TestStepByStep(t *testing.T) {
	state, evm := askingEvm(t, worldstate.EvmOptions{RunAhead: worldstate.RunAheadOn})
	_, err := evm.Resume()
	if err == nil {
		t.Fatal("it resumes nothing")
	}
	must(t, evm.SetTrace(worldstate.TraceOptions{Format: worldstate.TraceEIP3155, Memory: true}))
	request, err := evm.Call()
	must(t, err)
	_, err = evm.Call()
	fails(t, err, worldstate.ErrInvalidState)
	_, err = evm.Execute(background, &memory{})
	fails(t, err, worldstate.ErrInvalidState)
	_, err = evm.Continue(worldstate.NonceAnswer(worldstate.Address{1}, 1))
	fails(t, err, worldstate.ErrInvalidRequest)
	must(t, state.SetNonce(worldstate.Address{9}, 0)) // not an account of the execution… but a write
	must(t, evm.Abort())
	request, err = evm.Call()
	must(t, err)
	store := &memory{}
	for request.Type != worldstate.OutputReadyToCommit {
		pending, err := evm.Pending()
		must(t, err)
		equal(t, "the first", pending[0], request)
		for _, question := range pending {
			switch question.Type {
			case worldstate.OutputNeedStorage:
				value, _ := store.Storage(background, question.Address, question.Slot)
				must(t, evm.Answer(worldstate.StorageAnswer(question.Address, question.Slot, value)))
			case worldstate.OutputNeedBalance:
				balance, _ := store.Balance(background, question.Address)
				answer, err := worldstate.BalanceAnswer(question.Address, balance)
				must(t, err)
				must(t, evm.Answer(answer))
			case worldstate.OutputNeedCode:
				code, _ := store.Code(background, question.Address)
				must(t, evm.Answer(worldstate.CodeAnswer(question.Address, code)))
			case worldstate.OutputNeedNonce:
				must(t, evm.Answer(worldstate.NonceAnswer(question.Address, 1)))
			case worldstate.OutputNeedBlockHash:
				hash, _ := store.BlockHash(background, question.BlockNumber())
				must(t, evm.Answer(worldstate.BlockHashAnswer(question.BlockNumber(), hash)))
			case worldstate.OutputNeedPrecompile:
				frames, err := evm.Frames()
				must(t, err)
				var calls []struct{ Address worldstate.Address }
				must(t, json.Unmarshal(frames, &calls))
				equal(t, "the frame", calls[0].Address, contract)
				call, err := evm.PrecompileCall()
				must(t, err)
				result, err := store.Precompile(background, call)
				must(t, err)
				must(t, evm.Answer(worldstate.PrecompileAnswer(question.Address, result)))
			}
		}
		request, err = evm.Resume()
		must(t, err)
	}
	must(t, evm.CommitInCheckpoint())
	depth, err := state.CheckpointDepth()
	must(t, err)
	equal(t, "depth", depth, 1)
	must(t, state.Revert())
	result, err := evm.Result()
	must(t, err)
	equal(t, "output", new(big.Int).SetBytes(result.Output).Int64(), int64(askedSum))
	trace, err := evm.Trace()
	must(t, err)
	lines := strings.Split(strings.TrimSpace(string(trace)), "\n")
	equal(t, "lines of the trace", len(lines) > 20 && strings.Contains(lines[0], `"op":95`), true)
	_, err = evm.Continue(worldstate.FailureAnswer("why not"))
	fails(t, err, worldstate.ErrNoPendingRequest)
}

func TestTransactions(t *testing.T) {
	state := newState(t)
	must(t, state.SetBalance(alice, wei(1e18)))
	must(t, state.SetCode(contract, bytesOf("5f355f52600160205fa160205ff3"))) // LOG1 with its input, which it returns
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{Hardfork: "Cancun", ChainID: 5})
	must(t, err)
	nonce := uint64(0)
	transaction := worldstate.Transaction{
		From: alice, To: &contract, Gas: 100_000, MaxFeePerGas: wei(10), MaxPriorityFeePerGas: wei(1), Value: wei(3), Nonce: &nonce, ChainID: 5,
		Input: bytesOf(strings.Repeat("ab", 32)), AccessList: []worldstate.AccessTuple{{Address: bob}},
	}
	must(t, evm.SetTransaction(transaction))
	must(t, evm.SetBlock(worldstate.Block{BaseFeePerGas: wei(2), Miner: &bob}))
	result, err := evm.Execute(background, nil)
	must(t, err)
	equal(t, "status", result.Status, worldstate.Success)
	equal(t, "log", len(result.Logs) == 1 && result.Logs[0].Address == contract && result.Logs[0].Topics[0] == worldstate.HashOfUint64(1) &&
		hex.EncodeToString(result.Logs[0].Data) == strings.Repeat("ab", 32), true)
	paid, err := state.Balance(background, bob)
	must(t, err)
	equal(t, "the miner has", paid.Uint64(), result.GasUsed)
	changes, err := evm.Changes()
	must(t, err)
	equal(t, "nonces", changes.Nonces[0], worldstate.NonceChange{Address: alice, NewNonce: 1})
	_, err = evm.Execute(background, nil) // the nonce is used
	fails(t, err, worldstate.ErrExecution)
	list, err := evm.AccessList()
	if err == nil {
		t.Fatalf("a refused transaction has an access list: %v", list)
	}
	prestateOfIt(t, evm)
	raw, err := evm.ResultJSON()
	must(t, err)
	equal(t, "JSON", strings.Contains(string(raw), `"gasUsed"`), true)
	fails(t, evm.SetRawTransaction([]byte{1, 2, 3}), worldstate.ErrInvalidInput)
	fails(t, evm.SetTransaction(worldstate.Transaction{Value: wei(-1)}), worldstate.ErrInvalidHex)
	fails(t, evm.SetMessage(worldstate.Message{Value: wei(-1)}), worldstate.ErrInvalidInput)
	fails(t, evm.SetBlockJSON("{\x00}"), worldstate.ErrInvalidInput)
	_, err = worldstate.NewEvm(state, worldstate.EvmOptions{Hardfork: "yesterday"})
	fails(t, err, worldstate.ErrInvalidInput)
}

// prestateOfIt executes the same with the next nonce: what was there before can be loaded elsewhere.
func prestateOfIt(t *testing.T, evm *worldstate.Evm) {
	t.Helper()
	must(t, evm.SetTransaction(worldstate.Transaction{From: alice, To: &contract}))
	_, err := evm.Simulate(background, nil)
	must(t, err)
	prestate, err := evm.Prestate()
	must(t, err)
	count, err := newState(t).Load(prestate)
	must(t, err)
	equal(t, "accounts before", count >= 2, true)
}

func TestOverrides(t *testing.T) {
	state := newState(t)
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{})
	must(t, err)
	number, timestamp := uint64(1234), uint64(99)
	// NUMBER, TIMESTAMP, slot 1, BLOCKHASH(1200)
	must(t, evm.SetStateOverrides(map[worldstate.Address]worldstate.AccountOverride{contract: {
		Code:      bytesOf("435f5242602052600154604052" + "6104b040" + "60605260805ff3"),
		StateDiff: map[worldstate.Hash]worldstate.Hash{worldstate.HashOfUint64(1): worldstate.HashOfUint64(55)},
		Balance:   wei(1), Nonce: &timestamp,
	}}))
	must(t, evm.SetBlockOverrides(&worldstate.BlockOverrides{
		Number: &number, Time: &timestamp, BlockHash: map[uint64]worldstate.Hash{1200: worldstate.HashOfUint64(77)}, BaseFeePerGas: wei(0),
		FeeRecipient: &bob, PrevRandao: &worldstate.Hash{}, GasLimit: &[]uint64{30_000_000}[0], BlobBaseFee: wei(1),
	}))
	must(t, evm.SetTransaction(worldstate.Transaction{From: alice, To: &contract}))
	result, err := evm.Execute(background, nil)
	must(t, err)
	for i, want := range []int64{1234, 99, 55, 77} {
		equal(t, "word", new(big.Int).SetBytes(result.Output[32*i:32*i+32]).Int64(), want)
	}
	_, err = evm.ExecuteInCheckpoint(background, nil)
	fails(t, err, worldstate.ErrInvalidState)
	equal(t, "accounts written", state.ListAccounts().Next(), false)
	must(t, evm.SetStateOverrides(nil))
	must(t, evm.SetBlockOverrides(nil))
	result, err = evm.Simulate(background, nil)
	must(t, err)
	equal(t, "output without code", len(result.Output), 0)
}

func TestCreationAndHalt(t *testing.T) {
	evm, err := worldstate.NewEvm(newState(t), worldstate.EvmOptions{})
	must(t, err)
	must(t, evm.SetMessage(worldstate.Message{Caller: alice, Input: bytesOf("5f5ff3"), Gas: 100_000}))
	result, err := evm.Execute(background, nil)
	must(t, err)
	equal(t, "created", result.Created != nil && *result.Created != worldstate.Address{}, true)
	must(t, evm.SetMessage(worldstate.Message{Caller: alice, To: &bob, Code: []byte{0xfe}, Gas: 100_000, Value: nil}))
	result, err = evm.Execute(background, nil)
	must(t, err)
	equal(t, "status", result.Status, worldstate.Halt)
	equal(t, "failure", result.Failure != "" && result.Created == nil, true)
}

func TestTraceIntoAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	file, err := os.Create(path)
	must(t, err)
	evm, err := worldstate.NewEvm(newState(t), worldstate.EvmOptions{})
	must(t, err)
	must(t, evm.SetTrace(worldstate.TraceOptions{Format: worldstate.TraceStructLogs, NoStack: true, NoStorage: true, ReturnData: true, File: file.Fd()}))
	must(t, file.Close())
	must(t, evm.SetMessage(worldstate.Message{Caller: alice, To: &bob, Code: []byte{0x5f, 0x50}, Gas: 1000}))
	_, err = evm.Execute(background, nil)
	must(t, err)
	must(t, evm.SetTrace(worldstate.TraceOptions{}))
	equal(t, "written", strings.Contains(read(t, path), "structLogs"), true)
}

// The same transaction by the node and over a fork of it, however it is carried and whatever runs ahead.
func TestSimulationOfARealNodesTransaction(t *testing.T) {
	n := startNode(t)
	n.withContract()
	want := n.text("eth_call", map[string]interface{}{"from": alice, "to": contract}, "latest")
	for name, options := range carriers(n) {
		for runAhead := worldstate.RunAheadOff; runAhead <= worldstate.RunAheadPrestate; runAhead++ {
			fork, state := openFork(t, options)
			block, err := fork.Block(background)
			must(t, err)
			evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{ChainID: block.ChainID, RunAhead: runAhead})
			must(t, err)
			must(t, evm.SetBlockJSON(string(n.rpc("eth_getBlockByNumber", "latest", false))))
			must(t, evm.SetTransaction(worldstate.Transaction{From: alice, To: &contract, Gas: 100_000}))
			result, err := evm.Execute(background, nil)
			if err != nil {
				t.Fatalf("%s, run-ahead %d: %v", name, runAhead, err)
			}
			equal(t, "output", "0x"+hex.EncodeToString(result.Output), want)
			value, err := state.Storage(background, contract, worldstate.HashOfUint64(2))
			must(t, err)
			equal(t, "slot 2", value.String(), want)
			must(t, evm.Close())
		}
	}
}
