package worldstate_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"worldstate"
)

// runner does the operations of a case on one state.
type runner struct {
	ctx       context.Context
	state     *worldstate.StateManager
	snapshots map[string]worldstate.SnapshotID
}

func newRunner(t *testing.T, fork *forkData) *runner {
	state := openState(t, fork)
	t.Cleanup(func() { _ = state.Close() })
	return &runner{context.Background(), state, map[string]worldstate.SnapshotID{}}
}

func (r *runner) do(operation string, s *step) (interface{}, error) {
	switch operation {
	case "checkpoint":
		return nil, r.state.Checkpoint()
	case "revert":
		return nil, r.state.Revert()
	case "commit":
		return nil, r.state.Commit()
	case "getCheckpointDepth":
		return first(r.state.CheckpointDepth())
	case "reset":
		return nil, r.state.Reset()
	case "clearCaches":
		return nil, r.state.ClearCaches()
	case "clearForkCache":
		return nil, r.state.ClearForkCache()
	case "getStateRoot":
		return first(r.state.StateRoot(r.ctx))
	case "getBlockHash":
		var number uint64
		s.argument("number", &number)
		return first(r.state.BlockHash(r.ctx, number))
	case "snapshot", "revertToSnapshot", "deleteSnapshot", "getChanges":
		return r.snapshot(operation, s)
	case "getStorageBatch", "setStorageBatch", "getAccounts", "setAccounts":
		return r.batch(operation, s)
	case "listAccounts", "dump", "load":
		return r.whole(operation, s)
	case "execute":
		return r.execute(s)
	}
	return r.account(operation, s)
}

func (r *runner) snapshot(operation string, s *step) (interface{}, error) {
	var name string
	if operation == "snapshot" {
		s.argument("as", &name)
		id, err := r.state.Snapshot()
		r.snapshots[name] = id
		return nil, err
	}
	id := worldstate.SnapshotID(0)
	if s.optional("snapshot", &name) {
		known := false
		if id, known = r.snapshots[name]; !known {
			return nil, fmt.Errorf("no snapshot was taken as %q", name)
		}
	}
	switch operation {
	case "revertToSnapshot":
		return nil, r.state.RevertToSnapshot(id)
	case "deleteSnapshot":
		return nil, r.state.DeleteSnapshot(id)
	}
	return first(r.state.ChangesJSON(r.ctx, id))
}

func (r *runner) whole(operation string, s *step) (interface{}, error) {
	switch operation {
	case "listAccounts":
		accounts := []worldstate.Address{}
		it := r.state.ListAccounts()
		for it.Next() {
			accounts = append(accounts, it.Address())
		}
		return accounts, it.Err()
	case "dump":
		format := "genesis"
		s.optional("format", &format)
		known := map[string]worldstate.DumpFormat{"genesis": worldstate.DumpGenesisAlloc, "anvil": worldstate.DumpAnvil}
		return first(r.state.Dump(r.ctx, known[format]))
	}
	var state json.RawMessage
	s.argument("state", &state)
	return first(r.state.Load(state))
}

// account is an operation on one account.
func (r *runner) account(operation string, s *step) (interface{}, error) {
	address, err := s.address()
	if err != nil {
		return nil, err
	}
	switch operation {
	case "getBalance":
		balance, err := r.state.Balance(r.ctx, address)
		return quantity(balance), err
	case "getNonce":
		nonce, err := r.state.Nonce(r.ctx, address)
		return fmt.Sprintf("%#x", nonce), err
	case "getStorage":
		slot, err := s.word("slot")
		if err != nil {
			return nil, err
		}
		return first(r.state.Storage(r.ctx, address, slot))
	case "getCode":
		code, err := r.state.Code(r.ctx, address)
		return "0x" + hex.EncodeToString(code), err
	case "getCodeHash":
		return first(r.state.CodeHash(r.ctx, address))
	case "getStorageRoot":
		return first(r.state.StorageRoot(r.ctx, address))
	case "getProof":
		slots, err := s.words("slots")
		if err != nil {
			return nil, err
		}
		return first(r.state.ProofJSON(r.ctx, address, slots))
	case "getAccountStatus":
		status, err := r.state.AccountStatus(r.ctx, address)
		return status.String(), err
	case "setBalance":
		return nil, r.state.SetBalance(address, s.quantity("balance"))
	case "setNonce":
		return nil, r.state.SetNonce(address, s.quantity("nonce").Uint64())
	case "setCode":
		return nil, r.state.SetCode(address, s.bytes("code"))
	case "setStorage":
		slot, err := s.word("slot")
		if err != nil {
			return nil, err
		}
		value, err := s.word("value")
		if err != nil {
			return nil, err
		}
		return nil, r.state.SetStorage(address, slot, value)
	case "deleteAccount":
		return nil, r.state.DeleteAccount(address)
	case "clearStorage":
		return nil, r.state.ClearStorage(address)
	case "listStorage":
		slots := map[string]string{}
		it := r.state.ListStorage(address)
		for it.Next() {
			slots[it.Slot().String()] = it.Value().String()
		}
		return slots, it.Err()
	}
	return nil, fmt.Errorf("no operation is called %q", operation)
}

func (r *runner) batch(operation string, s *step) (interface{}, error) {
	switch operation {
	case "getStorageBatch":
		addresses, slots, _, err := s.rows("keys", 2)
		if err != nil {
			return nil, err
		}
		return first(r.state.StorageBatch(r.ctx, addresses, slots))
	case "setStorageBatch":
		addresses, slots, values, err := s.rows("entries", 3)
		if err != nil {
			return nil, err
		}
		return nil, r.state.SetStorageBatch(addresses, slots, values)
	case "getAccounts":
		var texts []string
		s.argument("addresses", &texts)
		addresses, err := addressesOf(texts)
		if err != nil {
			return nil, err
		}
		accounts, err := r.state.Accounts(r.ctx, addresses)
		result := []interface{}{}
		for _, a := range accounts {
			result = append(result, map[string]interface{}{
				"balance": quantity(a.Balance), "nonce": fmt.Sprintf("%#x", a.Nonce), "codeHash": a.CodeHash, "status": a.Status.String(),
			})
		}
		return result, err
	}
	return nil, r.setAccounts(s)
}

// setAccounts hands accounts with the same fields on together, codes one after the other.
func (r *runner) setAccounts(s *step) error {
	var accounts []map[string]string
	s.argument("accounts", &accounts)
	for len(accounts) > 0 {
		like, count := accounts[0], 1
		for count < len(accounts) && (accounts[count]["balance"] != "") == (like["balance"] != "") &&
			(accounts[count]["nonce"] != "") == (like["nonce"] != "") && like["code"] == "" && accounts[count]["code"] == "" {
			count++
		}
		var texts []string
		var balances []*big.Int
		var nonces []uint64
		for _, account := range accounts[:count] {
			texts = append(texts, account["address"])
			if balance := account["balance"]; balance != "" {
				balances = append(balances, number(balance))
			}
			if nonce := account["nonce"]; nonce != "" {
				nonces = append(nonces, number(nonce).Uint64())
			}
		}
		addresses, err := addressesOf(texts)
		if err != nil {
			return err
		}
		if balances != nil || nonces != nil || like["code"] == "" {
			if err := r.state.SetAccounts(addresses, balances, nonces); err != nil {
				return err
			}
		}
		if code, ok := like["code"]; ok {
			if err := r.state.SetCode(addresses[0], bytesOf(code)); err != nil {
				return err
			}
		}
		accounts = accounts[count:]
	}
	return nil
}

// first makes nothing of a value that came with an error.
func first(value interface{}, err error) (interface{}, error) {
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (s *step) address() (worldstate.Address, error) {
	var text string
	s.argument("address", &text)
	return worldstate.ParseAddress(text)
}

func (s *step) word(name string) (worldstate.Hash, error) {
	var text string
	s.argument(name, &text)
	word, err := worldstate.ParseHash(text)
	if err != nil {
		return word, fmt.Errorf("%s: %w", name, err)
	}
	return word, nil
}

func (s *step) words(name string) ([]worldstate.Hash, error) {
	var texts []string
	s.argument(name, &texts)
	words := make([]worldstate.Hash, len(texts))
	for i, text := range texts {
		word, err := worldstate.ParseHash(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		words[i] = word
	}
	return words, nil
}

func (s *step) quantity(name string) *big.Int {
	var text string
	s.argument(name, &text)
	return number(text)
}

func (s *step) bytes(name string) []byte {
	var text string
	s.argument(name, &text)
	return bytesOf(text)
}

// rows reads lists of an address and words.
func (s *step) rows(name string, length int) (addresses []worldstate.Address, slots, values []worldstate.Hash, err error) {
	var rows [][]string
	s.argument(name, &rows)
	for _, row := range rows {
		if len(row) != length {
			return nil, nil, nil, fmt.Errorf("%v has not %d fields", row, length)
		}
		address, err := worldstate.ParseAddress(row[0])
		if err != nil {
			return nil, nil, nil, err
		}
		addresses = append(addresses, address)
		slot, err := worldstate.ParseHash(row[1])
		if err != nil {
			return nil, nil, nil, fmt.Errorf("slot: %w", err)
		}
		slots = append(slots, slot)
		if length == 3 {
			value, err := worldstate.ParseHash(row[2])
			if err != nil {
				return nil, nil, nil, fmt.Errorf("value: %w", err)
			}
			values = append(values, value)
		}
	}
	return addresses, slots, values, nil
}

func addressesOf(texts []string) ([]worldstate.Address, error) {
	addresses := make([]worldstate.Address, len(texts))
	for i, text := range texts {
		var err error
		if addresses[i], err = worldstate.ParseAddress(text); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}

func number(text string) *big.Int {
	n, ok := new(big.Int).SetString(strings.TrimPrefix(text, "0x"), 16)
	if !ok {
		panic("no quantity: " + text)
	}
	return n
}

func quantity(n *big.Int) string {
	if n == nil {
		return ""
	}
	return "0x" + n.Text(16)
}

func bytesOf(text string) []byte {
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		panic(err)
	}
	return b
}
