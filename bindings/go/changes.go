package worldstate

// #include "shim_state.h"
import "C"

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
)

// StorageChange is a slot that differs.
type StorageChange struct {
	Address       Address `json:"address"`
	Slot          Hash    `json:"slot"`
	OriginalValue Hash    `json:"originalValue"`
	NewValue      Hash    `json:"newValue"`
}

// BalanceChange is a balance that differs, in wei.
type BalanceChange struct {
	Address         Address
	OriginalBalance *big.Int
	NewBalance      *big.Int
}

// NonceChange is a nonce that differs.
type NonceChange struct {
	Address       Address
	OriginalNonce uint64
	NewNonce      uint64
}

// CodeChange is a code that differs, as it is now.
type CodeChange struct {
	Address Address
	Code    []byte
}

// Changes is what really differs between two moments, each list in ascending order.
type Changes struct {
	Storage       []StorageChange `json:"storage"`
	Balances      []BalanceChange `json:"balances"`
	Nonces        []NonceChange   `json:"nonces"`
	Codes         []CodeChange    `json:"codes"`
	SelfDestructs []Address       `json:"selfDestructs"` // deleted accounts; what they had is in the other lists
	// ClearedStorage is for a state over a fork: accounts that exist and whose storage was cleared. Of their slots, only those written
	// locally are listed.
	ClearedStorage []Address `json:"clearedStorage,omitempty"`
}

// Changes is what differs since the innermost checkpoint was opened. ErrNoCheckpoint where none is open.
func (s *StateManager) Changes(ctx context.Context) (*Changes, error) { return s.ChangesSince(ctx, 0) }

// ChangesSince is what differs since the snapshot. ErrInvalidSnapshot for an id that was never given, or is dead.
func (s *StateManager) ChangesSince(ctx context.Context, snapshot SnapshotID) (*Changes, error) {
	raw, err := s.ChangesJSON(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	return parseChanges(raw)
}

// ChangesJSON is ChangesSince (with 0: Changes) as the library writes it.
func (s *StateManager) ChangesJSON(ctx context.Context, snapshot SnapshotID) (json.RawMessage, error) {
	return s.readJSON(ctx, func(id C.uintptr_t, buf *C.char, size C.size_t, length *C.size_t) C.int {
		return C.ws_get_changes(id, C.uint64_t(snapshot), buf, size, length)
	})
}

func (s *StateManager) readJSON(
	ctx context.Context, do func(id C.uintptr_t, buf *C.char, size C.size_t, length *C.size_t) C.int,
) (json.RawMessage, error) {
	var text []byte
	err := s.read(ctx, func(id C.uintptr_t) (status C.int) {
		text, status = readText(func(buf *C.char, size C.size_t, length *C.size_t) C.int { return do(id, buf, size, length) })
		return status
	})
	return text, err
}

func parseChanges(raw []byte) (*Changes, error) {
	changes := new(Changes)
	if err := json.Unmarshal(raw, changes); err != nil {
		return nil, fmt.Errorf("worldstate: the changes cannot be read: %w", err)
	}
	return changes, nil
}

// UnmarshalJSON reads what the library writes.
func (c *BalanceChange) UnmarshalJSON(raw []byte) error {
	var fields struct {
		Address                     Address
		OriginalBalance, NewBalance string
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	before, err := ParseHash(fields.OriginalBalance)
	if err != nil {
		return err
	}
	after, err := ParseHash(fields.NewBalance)
	*c = BalanceChange{fields.Address, before.Big(), after.Big()}
	return err
}

// UnmarshalJSON reads what the library writes.
func (c *NonceChange) UnmarshalJSON(raw []byte) error {
	var fields struct {
		Address                 Address
		OriginalNonce, NewNonce string
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	before, err := ParseHash(fields.OriginalNonce)
	if err != nil {
		return err
	}
	after, err := ParseHash(fields.NewNonce)
	*c = NonceChange{fields.Address, before.Big().Uint64(), after.Big().Uint64()}
	return err
}

// UnmarshalJSON reads what the library writes.
func (c *CodeChange) UnmarshalJSON(raw []byte) error {
	var fields struct {
		Address Address
		Code    string
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	code, err := hex.DecodeString(withoutPrefix(fields.Code))
	*c = CodeChange{fields.Address, code}
	return err
}
