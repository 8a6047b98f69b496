package worldstate

// #include "shim_evm.h"
import "C"

import (
	"encoding/json"
	"fmt"
)

// ResultStatus is how an execution ended.
type ResultStatus int

// How it can end.
const (
	Success ResultStatus = C.EVM_STATUS_SUCCESS // it returned, stopped, or destroyed itself
	Revert  ResultStatus = C.EVM_STATUS_REVERT  // the code reverted
	Halt    ResultStatus = C.EVM_STATUS_HALT    // the rules of the EVM ended it: out of gas, invalid opcode…
)

// String is "success", "revert" or "halt".
func (s ResultStatus) String() string {
	switch s {
	case Success:
		return "success"
	case Revert:
		return "revert"
	case Halt:
		return "halt"
	}
	return "unknown"
}

// Result is what an execution came to.
type Result struct {
	Status       ResultStatus
	GasUsed      uint64   // paid for, after the refund; of a message, all that was used
	GasRemaining uint64   // what of the gas limit is left
	GasRefunded  uint64   // already off GasUsed; of a message, the refund counter, which is not
	Output       []byte   // what was returned, or the data of a revert
	Created      *Address // the contract that a creation made
	Logs         []Log
	// Failure says why it did not succeed: the decoded reason of a revert, or that of a halt. Empty where it did.
	Failure string
}

// Log is what LOG0 to LOG4 leave.
type Log struct {
	Address Address
	Topics  []Hash
	Data    []byte
}

// Result is the result of the execution that ended last. ErrInvalidState before one has ended; readable until the next one begins.
func (e *Evm) Result() (*Result, error) {
	raw := C.EvmResult{size: C.sizeof_EvmResult}
	if err := e.call(func(id C.uintptr_t) C.int { return C.ws_evm_get_result(id, &raw) }); err != nil {
		return nil, err
	}
	result := &Result{
		Status:       ResultStatus(raw.status),
		GasUsed:      uint64(raw.gas_used),
		GasRemaining: uint64(raw.gas_remaining),
		GasRefunded:  uint64(raw.gas_refunded),
		Output:       make([]byte, int(raw.output_len)),
		Logs:         make([]Log, int(raw.log_count)),
	}
	if raw.has_created != 0 {
		result.Created = new(Address)
		for i := range result.Created {
			result.Created[i] = byte(raw.created[i])
		}
	}
	err := e.call(func(id C.uintptr_t) C.int {
		return C.ws_evm_get_output(id, bytesAt(result.Output), C.size_t(len(result.Output)))
	})
	if err != nil {
		return nil, err
	}
	for i := range result.Logs {
		if result.Logs[i], err = e.log(i); err != nil {
			return nil, err
		}
	}
	failure, err := e.text(C.WS_FAILURE)
	result.Failure = string(failure)
	return result, err
}

func (e *Evm) log(index int) (Log, error) {
	var log Log
	var topicCount, length C.size_t
	topics := make([]Hash, 4)
	get := func(id C.uintptr_t) C.int {
		return C.ws_evm_get_log(id, C.size_t(index), addressAt(&log.Address), hashesAt(topics), &topicCount, bytesAt(log.Data),
			C.size_t(len(log.Data)), &length)
	}
	err := e.call(get)
	if err == nil && length > 0 {
		log.Data = make([]byte, int(length))
		err = e.call(get)
	}
	log.Topics = topics[:topicCount]
	return log, err
}

// text reads one of the texts of an execution.
func (e *Evm) text(which C.int) (text []byte, err error) {
	err = e.call(func(id C.uintptr_t) (status C.int) {
		text, status = readText(func(buf *C.char, size C.size_t, length *C.size_t) C.int {
			return C.ws_evm_get_text(id, which, buf, size, length)
		})
		return status
	})
	return text, err
}

// ResultJSON is the whole result as JSON: status, gasUsed, gasRemaining, gasRefunded, output, contractAddress, logs, revertReason,
// haltReason.
func (e *Evm) ResultJSON() (json.RawMessage, error) { return e.text(C.WS_RESULT_JSON) }

// Changes is what the execution changed. ErrInvalidState before one has ended.
func (e *Evm) Changes() (*Changes, error) {
	raw, err := e.ChangesJSON()
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, newError(ErrInvalidState, "no execution has ended")
	}
	return parseChanges(raw)
}

// ChangesJSON is Changes as the library writes it; empty before an execution has ended.
func (e *Evm) ChangesJSON() (json.RawMessage, error) { return e.text(C.WS_STATE_CHANGES) }

// AccessList is the accounts and slots that the execution came to (EIP-2930), as eth_createAccessList returns it.
func (e *Evm) AccessList() ([]AccessTuple, error) {
	raw, err := e.text(C.WS_ACCESS_LIST)
	if err != nil {
		return nil, err
	}
	var list []AccessTuple
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("worldstate: the access list cannot be read: %w", err)
	}
	return list, nil
}

// Prestate is the accounts that the execution came to as they were before it, as geth's prestateTracer writes it. StateManager.Load
// takes it.
func (e *Evm) Prestate() (json.RawMessage, error) { return e.text(C.WS_PRESTATE) }

// Frames is the calls that are under way as a JSON array, outermost first; the innermost has pc, opcode, gas, stack and memory besides.
func (e *Evm) Frames() (json.RawMessage, error) { return e.text(C.WS_FRAMES) }
