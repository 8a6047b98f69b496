package worldstate

// #include "shim_state.h"
import "C"

import (
	"context"
	"math/big"
)

// AccountStatus tells whether an account exists.
type AccountStatus int

// What an account can be.
const (
	AccountAbsent  AccountStatus = C.STATE_MANAGER_ACCOUNT_ABSENT  // not in the state
	AccountEmpty   AccountStatus = C.STATE_MANAGER_ACCOUNT_EMPTY   // there, with balance 0, nonce 0 and no code
	AccountPresent AccountStatus = C.STATE_MANAGER_ACCOUNT_PRESENT // there and not empty
)

// String is "absent", "empty" or "present".
func (s AccountStatus) String() string {
	switch s {
	case AccountAbsent:
		return "absent"
	case AccountEmpty:
		return "empty"
	case AccountPresent:
		return "present"
	}
	return "unknown"
}

func (s *StateManager) readWord(ctx context.Context, do func(id C.uintptr_t) C.ws_word_result) (Hash, error) {
	var result C.ws_word_result
	if err := s.read(ctx, func(id C.uintptr_t) C.int { result = do(id); return C.int(result.status) }); err != nil {
		return Hash{}, err
	}
	return hashOf(&result), nil
}

func (s *StateManager) readNumber(ctx context.Context, do func(id C.uintptr_t) C.ws_number_result) (uint64, error) {
	var result C.ws_number_result
	if err := s.read(ctx, func(id C.uintptr_t) C.int { result = do(id); return C.int(result.status) }); err != nil {
		return 0, err
	}
	return uint64(result.number), nil
}

// Balance is the account's balance in wei, zero for an absent account.
func (s *StateManager) Balance(ctx context.Context, address Address) (*big.Int, error) {
	word, err := s.readWord(ctx, func(id C.uintptr_t) C.ws_word_result { return C.ws_get_balance(id, address.c()) })
	if err != nil {
		return nil, err
	}
	return word.Big(), nil
}

// SetBalance sets the balance, in wei. Numbers below 0 or above 2^256-1 are ErrInvalidInput.
func (s *StateManager) SetBalance(address Address, wei *big.Int) error {
	word, err := HashOf(wei)
	if err != nil {
		return err
	}
	return s.call(func(id C.uintptr_t) C.int { return C.ws_set_balance(id, address.c(), word.c()) })
}

// Nonce is the account's nonce, zero for an absent account.
func (s *StateManager) Nonce(ctx context.Context, address Address) (uint64, error) {
	return s.readNumber(ctx, func(id C.uintptr_t) C.ws_number_result { return C.ws_get_nonce(id, address.c()) })
}

// SetNonce sets the nonce.
func (s *StateManager) SetNonce(address Address, nonce uint64) error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_set_nonce(id, address.c(), C.uint64_t(nonce)) })
}

// Storage is the value of a slot, zero where nothing was ever written.
func (s *StateManager) Storage(ctx context.Context, address Address, slot Hash) (Hash, error) {
	return s.readWord(ctx, func(id C.uintptr_t) C.ws_word_result { return C.ws_get_storage(id, address.c(), slot.c()) })
}

// SetStorage sets a slot.
func (s *StateManager) SetStorage(address Address, slot, value Hash) error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_set_storage(id, address.c(), slot.c(), value.c()) })
}

// Code is the account's code, empty for an absent account and for one without code.
func (s *StateManager) Code(ctx context.Context, address Address) ([]byte, error) {
	var code []byte
	err := s.read(ctx, func(id C.uintptr_t) C.int {
		length := C.ws_get_code_len(id, address.c())
		if length.status != C.STATE_MANAGER_SUCCESS {
			return length.status
		}
		code = make([]byte, int(length.number))
		return C.ws_get_code(id, address.c(), bytesAt(code), C.size_t(len(code)))
	})
	if err != nil {
		return nil, err
	}
	return code, nil
}

// SetCode sets the code. No bytes make the account one without code.
func (s *StateManager) SetCode(address Address, code []byte) error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_set_code(id, address.c(), bytesAt(code), C.size_t(len(code))) })
}

// CodeHash is keccak-256 of the code: that of no bytes for an account without code, zero for an absent one.
func (s *StateManager) CodeHash(ctx context.Context, address Address) (Hash, error) {
	return s.readWord(ctx, func(id C.uintptr_t) C.ws_word_result { return C.ws_get_code_hash(id, address.c()) })
}

// AccountStatus tells whether the account exists.
func (s *StateManager) AccountStatus(ctx context.Context, address Address) (AccountStatus, error) {
	status, err := s.readNumber(ctx, func(id C.uintptr_t) C.ws_number_result { return C.ws_get_account_status(id, address.c()) })
	return AccountStatus(status), err
}

// DeleteAccount makes the account absent, with balance, nonce, code and storage. On a fork the chain's account stays hidden.
func (s *StateManager) DeleteAccount(address Address) error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_delete_account(id, address.c()) })
}

// ClearStorage sets every slot of the account to zero, on a fork the chain's too. It does not make the account exist.
func (s *StateManager) ClearStorage(address Address) error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_clear_storage(id, address.c()) })
}

// StorageRoot is the root of the account's storage trie, the empty root for an absent account. On a fork, local slots are applied to the
// chain's trie: failures as of StateRoot, none where the account was deleted or its storage cleared.
func (s *StateManager) StorageRoot(ctx context.Context, address Address) (Hash, error) {
	return s.readWord(ctx, func(id C.uintptr_t) C.ws_word_result { return C.ws_get_storage_root(id, address.c()) })
}

// StateRoot is the root of the state trie. On a fork, all that was written locally is applied to the chain's trie, over proofs that are
// fetched: ErrInvalidState, naming the node, where they do not suffice, and on a fork that keeps no proofs.
func (s *StateManager) StateRoot(ctx context.Context) (Hash, error) {
	return s.readWord(ctx, func(id C.uintptr_t) C.ws_word_result { return C.ws_get_state_root(id) })
}

// BlockHash is the hash of the fork's ancestor block, or of its block itself. A later block is ErrInvalidInput; without a fork it is
// ErrInvalidState.
func (s *StateManager) BlockHash(ctx context.Context, number uint64) (Hash, error) {
	return s.readWord(ctx, func(id C.uintptr_t) C.ws_word_result { return C.ws_get_block_hash(id, C.uint64_t(number)) })
}
