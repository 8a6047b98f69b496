package worldstate

// #include "shim_evm.h"
import "C"

// TraceFormat is how executions are traced.
type TraceFormat int

// The formats.
const (
	TraceOff        TraceFormat = C.EVM_TRACE_OFF         // no trace
	TraceEIP3155    TraceFormat = C.EVM_TRACE_EIP3155     // one JSON object a line for each operation, then one with the summary
	TraceStructLogs TraceFormat = C.EVM_TRACE_STRUCT_LOGS // what debug_traceTransaction returns: one JSON object with structLogs
)

// TraceOptions is what a trace has in it.
type TraceOptions struct {
	Format     TraceFormat
	Memory     bool   // the whole memory ahead of each operation
	NoStack    bool   // without the stack
	NoStorage  bool   // struct logs: without the touched slots
	ReturnData bool   // struct logs: what the last call returned; EIP-3155 has that anyway
	Limit      uint64 // bytes that an execution's operations may take; 0: any number
	// File is the descriptor (os.File.Fd) that the text goes to; 0: into memory, for Trace. A duplicate of it is kept until the trace is
	// turned off or the executor closed.
	File uintptr
}

// SetTrace traces the executions to come. ErrInvalidState while one is under way.
func (e *Evm) SetTrace(options TraceOptions) error {
	var flags C.uint32_t
	for _, flag := range []struct {
		on  bool
		bit C.uint32_t
	}{
		{options.Memory, C.EVM_TRACE_MEMORY},
		{options.NoStack, C.EVM_TRACE_NO_STACK},
		{options.NoStorage, C.EVM_TRACE_NO_STORAGE},
		{options.ReturnData, C.EVM_TRACE_RETURN_DATA},
	} {
		if flag.on {
			flags |= flag.bit
		}
	}
	file := C.int(-1)
	if options.File != 0 {
		file = C.int(options.File)
	}
	return e.call(func(id C.uintptr_t) C.int {
		return C.ws_evm_set_trace(id, C.int(options.Format), flags, C.uint64_t(options.Limit), file)
	})
}

// Trace is the trace in memory. Reading it takes it: the next executions' traces follow from an empty text. ErrExecution once if writing
// to the file failed.
func (e *Evm) Trace() ([]byte, error) { return e.text(C.WS_TRACE) }
