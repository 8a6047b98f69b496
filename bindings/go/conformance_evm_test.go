package worldstate_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"sort"
	"strconv"
	"sync"

	"worldstate"
)

// evmData is the options of an executor, and what is set before it begins.
type evmData struct {
	Hardfork                                                     string
	ChainID, GasCap                                              uint64
	CacheSize                                                    int
	RunAhead                                                     string
	Precompiles                                                  []worldstate.Address
	AskHost, NoBalanceCheck, NoNonceCheck, NoBaseFeeCheck, NoFee bool
	NoCodeSizeLimit, NoBlockGasLimit, NoSenderCodeCheck          bool
	Block, StateOverrides, BlockOverrides                        json.RawMessage
	BlockHashes                                                  map[string]worldstate.Hash
}

type messageData struct {
	Caller             worldstate.Address
	Origin, To         *worldstate.Address
	Code, Value, Input string
	Gas, GasPrice      string
	IsStatic           bool
}

func (r *runner) execute(s *step) (interface{}, error) {
	evm, err := r.executor(s)
	if err != nil {
		return nil, err
	}
	defer evm.Close()
	if err := setWhatIsExecuted(evm, s); err != nil {
		return nil, err
	}
	var store worldstate.Store
	var data *storeData
	if raw, ok := s.arguments["store"]; ok {
		data = &storeData{asked: map[string]bool{}}
		if err := json.Unmarshal(raw, data); err != nil {
			return nil, err
		}
		store = data
	}
	s.used["store"] = true
	commit := "commit"
	s.optional("commit", &commit)
	run := map[string]func(context.Context, worldstate.Store) (*worldstate.Result, error){
		"commit": evm.Execute, "discard": evm.Simulate, "checkpoint": evm.ExecuteInCheckpoint,
	}[commit]
	result, err := run(r.ctx, store)
	if err != nil {
		return nil, err
	}
	return describe(evm, result, data)
}

func (r *runner) executor(s *step) (*worldstate.Evm, error) {
	var data evmData
	s.optional("evm", &data)
	runAhead, ok := map[string]worldstate.RunAhead{
		"": worldstate.RunAheadOff, "off": worldstate.RunAheadOff, "on": worldstate.RunAheadOn,
		"accessList": worldstate.RunAheadAccessList, "prestate": worldstate.RunAheadPrestate,
	}[data.RunAhead]
	if !ok {
		return nil, fmt.Errorf("no run-ahead is called %q", data.RunAhead)
	}
	evm, err := worldstate.NewEvm(r.state, worldstate.EvmOptions{
		Hardfork: data.Hardfork, ChainID: data.ChainID, GasCap: data.GasCap, CacheSize: data.CacheSize, RunAhead: runAhead,
		Precompiles: data.Precompiles, AskHost: data.AskHost, NoBalanceCheck: data.NoBalanceCheck, NoNonceCheck: data.NoNonceCheck,
		NoBaseFeeCheck: data.NoBaseFeeCheck, NoFee: data.NoFee, NoCodeSizeLimit: data.NoCodeSizeLimit,
		NoBlockGasLimit: data.NoBlockGasLimit, NoSenderCodeCheck: data.NoSenderCodeCheck,
	})
	if err != nil {
		return nil, err
	}
	for _, set := range []struct {
		data json.RawMessage
		call func(string) error
	}{{data.Block, evm.SetBlockJSON}, {data.StateOverrides, evm.SetStateOverridesJSON}, {data.BlockOverrides, evm.SetBlockOverridesJSON}} {
		if set.data != nil {
			if err := set.call(string(set.data)); err != nil {
				return nil, err
			}
		}
	}
	for text, hash := range data.BlockHashes {
		number, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, err
		}
		if err := evm.SetBlockHash(number, hash); err != nil {
			return nil, err
		}
	}
	return evm, nil
}

func setWhatIsExecuted(evm *worldstate.Evm, s *step) error {
	var transaction json.RawMessage
	var raw string
	var m messageData
	switch {
	case s.optional("transaction", &transaction):
		return evm.SetTransactionJSON(string(transaction))
	case s.optional("raw", &raw):
		return evm.SetRawTransaction(bytesOf(raw))
	}
	s.argument("message", &m)
	message := worldstate.Message{
		Caller: m.Caller, Origin: m.Origin, To: m.To, Code: bytesOf(m.Code), Input: bytesOf(m.Input), IsStatic: m.IsStatic,
	}
	if m.Value != "" {
		message.Value = number(m.Value)
	}
	if m.Gas != "" {
		message.Gas = number(m.Gas).Uint64()
	}
	if m.GasPrice != "" {
		message.GasPrice = number(m.GasPrice).Uint64()
	}
	return evm.SetMessage(message)
}

func describe(evm *worldstate.Evm, result *worldstate.Result, store *storeData) (interface{}, error) {
	changes, err := evm.ChangesJSON()
	if err != nil {
		return nil, err
	}
	accessList, err := evm.AccessList()
	if err != nil {
		return nil, err
	}
	prestate, err := evm.Prestate()
	if err != nil {
		return nil, err
	}
	logs := []interface{}{}
	for _, log := range result.Logs {
		logs = append(logs, map[string]interface{}{
			"address": log.Address, "topics": log.Topics, "data": "0x" + hex.EncodeToString(log.Data),
		})
	}
	asked := []string{}
	if store != nil {
		for question := range store.asked {
			asked = append(asked, question)
		}
		sort.Strings(asked)
	}
	return map[string]interface{}{
		"status": result.Status.String(), "gasUsed": fmt.Sprintf("%#x", result.GasUsed), "gasRefunded": fmt.Sprintf("%#x", result.GasRefunded),
		"output": "0x" + hex.EncodeToString(result.Output), "created": result.Created, "logs": logs, "failure": result.Failure,
		"changes": changes, "accessList": accessList, "prestate": prestate, "asked": asked,
	}, nil
}

// storeData is a store as data, which notes what it is asked.
type storeData struct {
	Accounts    map[worldstate.Address]storeAccount
	BlockHashes map[string]worldstate.Hash
	Precompiles map[worldstate.Address]struct{ Status, GasUsed, Output string }
	Fails       string

	mu    sync.Mutex
	asked map[string]bool
}

type storeAccount struct {
	Balance, Nonce, Code string
	Storage              map[worldstate.Hash]worldstate.Hash
}

func (d *storeData) ask(question string, arguments ...interface{}) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[fmt.Sprintf(question, arguments...)] = true
	if d.Fails != "" {
		return errors.New(d.Fails)
	}
	return nil
}

func (d *storeData) Parallel() int { return 3 }

func (d *storeData) Storage(_ context.Context, address worldstate.Address, slot worldstate.Hash) (worldstate.Hash, error) {
	return d.Accounts[address].Storage[slot], d.ask("storage %v %v", address, slot)
}

func (d *storeData) Balance(_ context.Context, address worldstate.Address) (*big.Int, error) {
	balance := new(big.Int)
	if text := d.Accounts[address].Balance; text != "" {
		balance = number(text)
	}
	return balance, d.ask("balance %v", address)
}

func (d *storeData) Code(_ context.Context, address worldstate.Address) ([]byte, error) {
	return bytesOf(d.Accounts[address].Code), d.ask("code %v", address)
}

func (d *storeData) Nonce(_ context.Context, address worldstate.Address) (uint64, error) {
	nonce := uint64(0)
	if text := d.Accounts[address].Nonce; text != "" {
		nonce = number(text).Uint64()
	}
	return nonce, d.ask("nonce %v", address)
}

func (d *storeData) BlockHash(_ context.Context, number uint64) (worldstate.Hash, error) {
	return d.BlockHashes[strconv.FormatUint(number, 10)], d.ask("blockHash %d", number)
}

func (d *storeData) Precompile(_ context.Context, call worldstate.PrecompileCall) (worldstate.PrecompileResult, error) {
	answer := d.Precompiles[call.Address]
	status := map[string]worldstate.PrecompileStatus{
		"success": worldstate.PrecompileSuccess, "revert": worldstate.PrecompileRevert, "halt": worldstate.PrecompileHalt,
	}[answer.Status]
	result := worldstate.PrecompileResult{Status: status, Output: bytesOf(answer.Output)}
	if answer.GasUsed != "" {
		result.GasUsed = number(answer.GasUsed).Uint64()
	}
	return result, d.ask("precompile %v", call.Address)
}
