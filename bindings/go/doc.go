// Package worldstate is Ethereum's world state: accounts, storage and code in memory, with nested checkpoints and snapshots; a live
// chain below it, read over JSON-RPC when it is first needed; and executions of transactions over all that, which stop at what is
// missing, ask for it, and go on from that very opcode.
//
// A StateManager is the state, a Fork the chain below it, an Evm executes over a state. All may be used by several goroutines. Close
// frees what they hold; what is forgotten is freed when the garbage collector finds it.
//
// Calls that may have to fetch something take a context. Over a fork with a Transport it ends the wait for an answer at once; a fork
// with the built-in HTTP client is bound by its own timeouts, and the context is only looked at before the call.
//
// Failures of the library are of type *Error. errors.Is tells them apart by their status: errors.Is(err, worldstate.ErrNoCheckpoint).
package worldstate
