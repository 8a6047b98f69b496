package worldstate

// #include "shim_evm.h"
import "C"

import (
	"context"
	"math/big"
)

// Store is state that the host has: what an execution with AskHost asks for. An error of any of the five ends the execution, which fails
// with ErrExecution, that text, and that error as its cause; nothing of it is in the state.
//
// An account whose balance, nonce and code are all zero or empty is absent.
type Store interface {
	Storage(ctx context.Context, address Address, slot Hash) (Hash, error)
	Balance(ctx context.Context, address Address) (*big.Int, error) // in wei
	Code(ctx context.Context, address Address) ([]byte, error)
	Nonce(ctx context.Context, address Address) (uint64, error)
	BlockHash(ctx context.Context, number uint64) (Hash, error)
}

// ParallelStore is a Store that says how many questions it may be asked at once, each in a goroutine of its own. Others are asked one
// after the other.
type ParallelStore interface {
	Store
	Parallel() int
}

// PrecompileStore is a Store that has the contracts of EvmOptions.Precompiles.
type PrecompileStore interface {
	Store
	Precompile(ctx context.Context, call PrecompileCall) (PrecompileResult, error)
}

// PrecompileCall is the call of a precompiled contract of the host.
type PrecompileCall struct {
	Address  Address
	Caller   Address
	Value    *big.Int // wei that come with it
	Gas      uint64   // what it may use
	Input    []byte
	IsStatic bool // it must not change the state
}

// PrecompileStatus is how the call of a precompiled contract ended.
type PrecompileStatus uint8

// How it can end.
const (
	PrecompileSuccess PrecompileStatus = C.EVM_PRECOMPILE_SUCCESS // it succeeded
	PrecompileRevert  PrecompileStatus = C.EVM_PRECOMPILE_REVERT  // it reverted: what gas is left goes back
	PrecompileHalt    PrecompileStatus = C.EVM_PRECOMPILE_HALT    // it failed: all gas is used
)

// PrecompileResult is what a precompiled contract of the host gives.
type PrecompileResult struct {
	Status  PrecompileStatus
	GasUsed uint64
	Output  []byte
}

// PrecompileCall is the call that OutputNeedPrecompile asks for. ErrNoPendingRequest where none waits.
func (e *Evm) PrecompileCall() (PrecompileCall, error) {
	raw := C.EvmPrecompileCall{size: C.sizeof_EvmPrecompileCall}
	if err := e.call(func(id C.uintptr_t) C.int { return C.ws_evm_get_precompile_call(id, &raw, nil, 0) }); err != nil {
		return PrecompileCall{}, err
	}
	input := make([]byte, int(raw.input_len))
	if len(input) > 0 {
		err := e.call(func(id C.uintptr_t) C.int {
			return C.ws_evm_get_precompile_call(id, &raw, bytesAt(input), C.size_t(len(input)))
		})
		if err != nil {
			return PrecompileCall{}, err
		}
	}
	var value Hash
	call := PrecompileCall{Gas: uint64(raw.gas), Input: input, IsStatic: raw.is_static != 0}
	for i := range value {
		value[i] = byte(raw.value[i])
	}
	for i := range call.Address {
		call.Address[i], call.Caller[i] = byte(raw.address[i]), byte(raw.caller[i])
	}
	call.Value = value.Big()
	return call, nil
}
