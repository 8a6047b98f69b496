package worldstate

// #include "shim_fork.h"
import "C"

import (
	"context"
	"encoding/json"
)

// Prefetch is what of an account is wanted.
type Prefetch struct {
	Address Address
	Slots   []Hash
}

// Prefetch makes accounts with their slots, and with their code, ready in as few round trips as the limits allow.
func (f *Fork) Prefetch(ctx context.Context, wanted []Prefetch, withCode bool) error {
	addresses, counts, slots := make([]Address, len(wanted)), make([]C.size_t, len(wanted)+1), []Hash(nil)
	for i, one := range wanted {
		addresses[i], counts[i] = one.Address, C.size_t(len(one.Slots))
		slots = append(slots, one.Slots...)
	}
	return f.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_fork_prefetch(id, addressesAt(addresses), &counts[0], C.size_t(len(wanted)), hashesAt(slots), prefetchFlags(withCode))
	})
}

// PrefetchAccessList is Prefetch for an access list (EIP-2930), such as that of Evm.AccessList or Transaction.AccessList.
func (f *Fork) PrefetchAccessList(ctx context.Context, list []AccessTuple, withCode bool) error {
	if list == nil {
		list = []AccessTuple{}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return f.PrefetchAccessListJSON(ctx, raw, withCode)
}

// PrefetchAccessListJSON is PrefetchAccessList for JSON as eth_createAccessList returns it, or the array alone.
func (f *Fork) PrefetchAccessListJSON(ctx context.Context, list []byte, withCode bool) error {
	text, err := textOf(string(list), "the access list")
	if err != nil {
		return err
	}
	return f.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_fork_prefetch_access_list(id, text.pointer(), prefetchFlags(withCode))
	})
}

// PrefetchRange makes count slots of an account ready, beginning with the first: an array in storage, for instance. After the last slot,
// 2^256 - 1, comes slot 0.
func (f *Fork) PrefetchRange(ctx context.Context, address Address, first Hash, count int) error {
	if count < 0 {
		return newError(ErrInvalidInput, "the number of slots is negative")
	}
	return f.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_fork_prefetch_range(id, address.c(), first.c(), C.size_t(count))
	})
}

func prefetchFlags(withCode bool) C.uint32_t {
	if withCode {
		return C.FORK_PREFETCH_CODE
	}
	return 0
}
