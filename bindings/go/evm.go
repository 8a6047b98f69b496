package worldstate

// #include "shim_evm.h"
import "C"

import (
	"runtime"
	"sync"
)

// RunAhead is how an execution finds out what else it will need.
type RunAhead int

// The ways to find out.
const (
	RunAheadOff        RunAhead = C.EVM_RUN_AHEAD_OFF         // one thing is asked for after the other
	RunAheadOn         RunAhead = C.EVM_RUN_AHEAD_ON          // by running on with provisional values, which never reach the execution
	RunAheadAccessList RunAhead = C.EVM_RUN_AHEAD_ACCESS_LIST // by asking the node with eth_createAccessList
	RunAheadPrestate   RunAhead = C.EVM_RUN_AHEAD_PRESTATE    // by asking the node with debug_traceCall
)

// EvmOptions is the rules and switches of an executor. Zero stands for the default.
type EvmOptions struct {
	Hardfork          string // such as "cancun", or its number. Default: the newest
	ChainID           uint64 // what CHAINID returns and a transaction's chain id has to be. Default 1
	AskHost           bool   // the Store is asked for what neither the state nor a fork below it has; else that is absent, zero, empty
	NoBalanceCheck    bool   // the sender may spend more than it has
	NoNonceCheck      bool   // the transaction's nonce need not be the sender's
	NoBaseFeeCheck    bool   // the fee may be below the block's base fee
	NoCodeSizeLimit   bool   // code and init code may be of any size (EIP-170, EIP-3860)
	NoBlockGasLimit   bool   // the transaction's gas limit may be above the block's
	NoSenderCodeCheck bool   // a contract may send a transaction (EIP-3607)
	NoFee             bool   // nothing is charged for gas, and nobody is paid
	RunAhead          RunAhead
	CacheSize         int       // storage values of the host that are kept within an execution. Default 1,024
	GasCap            uint64    // largest gas limit, and that of a Transaction that gives none. Default: EIP-7825's from Osaka on
	Precompiles       []Address // precompiled contracts that the Store answers
}

func (o *EvmOptions) flags() (flags C.uint32_t) {
	for _, flag := range []struct {
		on  bool
		bit C.uint32_t
	}{
		{o.AskHost, C.EVM_ASK_HOST},
		{o.NoBalanceCheck, C.EVM_NO_BALANCE_CHECK},
		{o.NoNonceCheck, C.EVM_NO_NONCE_CHECK},
		{o.NoBaseFeeCheck, C.EVM_NO_BASE_FEE_CHECK},
		{o.NoCodeSizeLimit, C.EVM_NO_CODE_SIZE_LIMIT},
		{o.NoBlockGasLimit, C.EVM_NO_BLOCK_GAS_LIMIT},
		{o.NoSenderCodeCheck, C.EVM_NO_SENDER_CODE_CHECK},
		{o.NoFee, C.EVM_NO_FEE},
	} {
		if flag.on {
			flags |= flag.bit
		}
	}
	return flags
}

// Evm executes transactions and messages over a state. Safe for use by several goroutines; its executions run one after the other.
type Evm struct {
	mu        sync.Mutex // a call and the text of its failure belong together
	id        C.uintptr_t
	state     *StateManager // keeps it from being freed while this lives
	executing sync.Mutex    // held from an execution's begin to its end
}

// NewEvm makes an executor over the state. Once that is closed, calls fail with ErrInvalidHandle.
func NewEvm(state *StateManager, options EvmOptions) (*Evm, error) {
	hardfork, err := optionalText(options.Hardfork, "the hardfork")
	if err != nil {
		return nil, err
	}
	if options.CacheSize < 0 {
		return nil, newError(ErrInvalidInput, "CacheSize is negative")
	}
	raw := C.EvmOptions{
		size:             C.sizeof_EvmOptions,
		chain_id:         C.uint64_t(options.ChainID),
		flags:            options.flags(),
		run_ahead:        C.int(options.RunAhead),
		cache_size:       C.size_t(options.CacheSize),
		gas_cap:          C.uint64_t(options.GasCap),
		precompile_count: C.size_t(len(options.Precompiles)),
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	if state.id == 0 {
		return nil, closed("the state manager")
	}
	var made C.ws_handle_result
	C.ws_evm_create(state.id, &raw, hardfork.pointer(), addressesAt(options.Precompiles), &made)
	if made.handle == 0 {
		return nil, failedHandle(&made)
	}
	e := &Evm{id: made.handle, state: state}
	runtime.SetFinalizer(e, func(e *Evm) { _ = e.Close() })
	return e, nil
}

// Close frees the executor, and with it an execution that is under way: nothing of that is in the state. Closing twice does nothing. The
// error is always nil.
func (e *Evm) Close() error {
	e.mu.Lock()
	id := e.id
	e.id = 0
	e.mu.Unlock()
	if id != 0 {
		runtime.SetFinalizer(e, nil)
		C.ws_evm_destroy(id)
	}
	return nil
}

// call runs one call of the library and, where it fails, fetches its text.
func (e *Evm) call(do func(id C.uintptr_t) C.int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.id == 0 {
		return closed("the executor")
	}
	return failure(do(e.id), e.id)
}

// EvmStats is counters of the execution that is under way or ended last.
type EvmStats struct {
	Needed         uint64 // values that were missing, or were fetched ahead and used. Known at its end
	Rounds         uint64 // times that it stopped for something missing
	Useless        uint64 // values that were asked for ahead and not used. Known at its end
	RunAheadNanos  uint64 // nanoseconds spent on running ahead
	CacheHits      uint64 // reads of storage that the host's answers satisfied
	CacheMisses    uint64 // reads of storage that found no answer of the host
	CachedSlots    uint64 // storage values of the host that are kept
	CacheEvictions uint64 // storage values of the host that were dropped for others
}

// Stats is the counters.
func (e *Evm) Stats() (EvmStats, error) {
	raw := C.EvmStats{size: C.sizeof_EvmStats}
	err := e.call(func(id C.uintptr_t) C.int { return C.ws_evm_stats(id, &raw) })
	return EvmStats{
		uint64(raw.needed), uint64(raw.rounds), uint64(raw.useless), uint64(raw.run_ahead_nanos), uint64(raw.cache_hits),
		uint64(raw.cache_misses), uint64(raw.cached_slots), uint64(raw.cache_evictions),
	}, err
}

// SetBlockJSON sets fields of the block from JSON as eth_getBlockByNumber returns it. Fields that are not given stay; others are ignored.
func (e *Evm) SetBlockJSON(block string) error {
	return e.setText(block, "the block", func(id C.uintptr_t, text *C.char) C.int { return C.ws_evm_set_block(id, text) })
}

// SetBlockHash sets the hash of an earlier block, for BLOCKHASH. It comes before what a fork or the Store would say.
func (e *Evm) SetBlockHash(number uint64, hash Hash) error {
	return e.call(func(id C.uintptr_t) C.int { return C.ws_evm_set_block_hash(id, C.uint64_t(number), hash.c()) })
}

// SetBlockOverridesJSON sets overrides of the block as eth_call takes them, for the executions to come. Empty: none.
func (e *Evm) SetBlockOverridesJSON(overrides string) error {
	return e.setText(overrides, "the overrides", func(id C.uintptr_t, text *C.char) C.int {
		return C.ws_evm_set_block_overrides(id, text)
	})
}

// SetStateOverridesJSON sets overrides of the state as eth_call takes them, for the executions to come. They are in force while code
// runs and never in the state; what ran on them cannot be committed. Empty: none.
func (e *Evm) SetStateOverridesJSON(overrides string) error {
	return e.setText(overrides, "the overrides", func(id C.uintptr_t, text *C.char) C.int {
		return C.ws_evm_set_state_overrides(id, text)
	})
}

func (e *Evm) setText(s, what string, do func(id C.uintptr_t, text *C.char) C.int) error {
	t, err := optionalText(s, what)
	if err != nil {
		return err
	}
	return e.call(func(id C.uintptr_t) C.int { return do(id, t.pointer()) })
}
