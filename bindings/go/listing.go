package worldstate

// #include "shim_state.h"
import "C"

// How many are asked for in one call.
const pageSize = 256

// AccountIterator goes through the accounts that were written here and exist, in ascending order:
//
//	for it := state.ListAccounts(); it.Next(); { use(it.Address()) }
//
// What is written meanwhile is seen where it lies ahead.
type AccountIterator struct {
	state *StateManager
	page  []Address
	at    int
	last  bool
	err   error
}

// ListAccounts lists the accounts that were written here and exist. Those that only the chain below a fork has are not listed.
func (s *StateManager) ListAccounts() *AccountIterator { return &AccountIterator{state: s, at: -1} }

// Next goes to the next account. False at the end, and where Err has an error.
func (it *AccountIterator) Next() bool {
	if it.at+1 < len(it.page) {
		it.at++
		return true
	}
	if it.last || it.err != nil {
		return false
	}
	page, after := make([]Address, pageSize), (*C.uint8_t)(nil)
	if len(it.page) > 0 {
		after = addressesAt(it.page[len(it.page)-1:])
	}
	var count C.size_t
	it.err = it.state.call(func(id C.uintptr_t) C.int {
		return C.ws_list_accounts(id, after, addressesAt(page), pageSize, &count)
	})
	if it.err != nil {
		return false
	}
	it.page, it.at, it.last = page[:count], 0, count < pageSize
	return count > 0
}

// Address is the account that Next went to.
func (it *AccountIterator) Address() Address { return it.page[it.at] }

// Err is why Next gave false before the end.
func (it *AccountIterator) Err() error { return it.err }

// StorageIterator goes through the slots of an account that were written here and are not zero, in ascending order.
type StorageIterator struct {
	state         *StateManager
	address       Address
	slots, values []Hash
	at            int
	last          bool
	err           error
}

// ListStorage lists the account's slots that were written here and are not zero. Those that only the chain below a fork has are not
// listed.
func (s *StateManager) ListStorage(address Address) *StorageIterator {
	return &StorageIterator{state: s, address: address, at: -1}
}

// Next goes to the next slot. False at the end, and where Err has an error.
func (it *StorageIterator) Next() bool {
	if it.at+1 < len(it.slots) {
		it.at++
		return true
	}
	if it.last || it.err != nil {
		return false
	}
	slots, values, after := make([]Hash, pageSize), make([]Hash, pageSize), (*C.uint8_t)(nil)
	if len(it.slots) > 0 {
		after = hashesAt(it.slots[len(it.slots)-1:])
	}
	var count C.size_t
	it.err = it.state.call(func(id C.uintptr_t) C.int {
		return C.ws_list_storage(id, it.address.c(), after, hashesAt(slots), hashesAt(values), pageSize, &count)
	})
	if it.err != nil {
		return false
	}
	it.slots, it.values, it.at, it.last = slots[:count], values[:count], 0, count < pageSize
	return count > 0
}

// Slot is the slot that Next went to.
func (it *StorageIterator) Slot() Hash { return it.slots[it.at] }

// Value is its value.
func (it *StorageIterator) Value() Hash { return it.values[it.at] }

// Err is why Next gave false before the end.
func (it *StorageIterator) Err() error { return it.err }
