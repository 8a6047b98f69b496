package worldstate

// #include "shim_state.h"
import "C"

import (
	"context"
	"fmt"
	"math/big"
	"unsafe"
)

// StorageBatch is the values of many slots, slots[i] of addresses[i]. On a fork, all that is missing is fetched together.
func (s *StateManager) StorageBatch(ctx context.Context, addresses []Address, slots []Hash) ([]Hash, error) {
	values := make([]Hash, len(slots))
	if err := s.ReadStorageBatch(ctx, addresses, slots, values); err != nil {
		return nil, err
	}
	return values, nil
}

// ReadStorageBatch is StorageBatch into values, which has the length of the others. Nothing is written unless all values are there.
func (s *StateManager) ReadStorageBatch(ctx context.Context, addresses []Address, slots, values []Hash) error {
	if err := sameLength("addresses", len(addresses), "slots", len(slots)); err != nil {
		return err
	}
	if err := sameLength("slots", len(slots), "values", len(values)); err != nil {
		return err
	}
	return s.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_get_storage_batch(id, addressesAt(addresses), hashesAt(slots), C.size_t(len(slots)), hashesAt(values))
	})
}

// SetStorageBatch sets many slots in order, slots[i] of addresses[i] to values[i].
func (s *StateManager) SetStorageBatch(addresses []Address, slots, values []Hash) error {
	if err := sameLength("addresses", len(addresses), "slots", len(slots)); err != nil {
		return err
	}
	if err := sameLength("slots", len(slots), "values", len(values)); err != nil {
		return err
	}
	return s.call(func(id C.uintptr_t) C.int {
		return C.ws_set_storage_batch(id, addressesAt(addresses), hashesAt(slots), hashesAt(values), C.size_t(len(slots)))
	})
}

// Account is what an account has besides code and storage.
type Account struct {
	Balance  *big.Int
	Nonce    uint64
	CodeHash Hash
	Status   AccountStatus
}

// Accounts reads many accounts. On a fork, all that is missing is fetched together.
func (s *StateManager) Accounts(ctx context.Context, addresses []Address) ([]Account, error) {
	count := len(addresses)
	if count == 0 {
		return nil, ctx.Err()
	}
	balances, nonces, codeHashes, statuses := make([]Hash, count), make([]uint64, count), make([]Hash, count), make([]C.int, count)
	err := s.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_get_account_batch(id, addressesAt(addresses), C.size_t(count), hashesAt(balances),
			(*C.uint64_t)(unsafe.Pointer(&nonces[0])), hashesAt(codeHashes), &statuses[0])
	})
	if err != nil {
		return nil, err
	}
	accounts := make([]Account, count)
	for i := range accounts {
		accounts[i] = Account{balances[i].Big(), nonces[i], codeHashes[i], AccountStatus(statuses[i])}
	}
	return accounts, nil
}

// SetAccounts sets balances and nonces of many accounts in order. Either may be nil: it stays as it is then.
func (s *StateManager) SetAccounts(addresses []Address, balances []*big.Int, nonces []uint64) error {
	var words []Hash
	var firstNonce *C.uint64_t
	if balances != nil {
		if err := sameLength("addresses", len(addresses), "balances", len(balances)); err != nil {
			return err
		}
		words = make([]Hash, len(balances))
		for i, wei := range balances {
			var err error
			if words[i], err = HashOf(wei); err != nil {
				return err
			}
		}
	}
	if nonces != nil {
		if err := sameLength("addresses", len(addresses), "nonces", len(nonces)); err != nil {
			return err
		}
		if len(nonces) > 0 {
			firstNonce = (*C.uint64_t)(unsafe.Pointer(&nonces[0]))
		}
	}
	return s.call(func(id C.uintptr_t) C.int {
		return C.ws_set_account_batch(id, addressesAt(addresses), hashesAt(words), firstNonce, C.size_t(len(addresses)))
	})
}

func sameLength(a string, lengthOfA int, b string, lengthOfB int) error {
	if lengthOfA == lengthOfB {
		return nil
	}
	return newError(ErrInvalidInput, fmt.Sprintf("%d %s and %d %s", lengthOfA, a, lengthOfB, b))
}
