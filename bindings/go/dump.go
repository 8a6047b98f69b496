package worldstate

// #include "shim_state.h"
import "C"

import (
	"context"
	"encoding/json"
)

// DumpFormat is how a state is written.
type DumpFormat int

// What other tools read and write.
const (
	DumpGenesisAlloc DumpFormat = C.STATE_MANAGER_DUMP_GENESIS_ALLOC // the alloc object of geth's genesis file
	DumpAnvil        DumpFormat = C.STATE_MANAGER_DUMP_ANVIL         // the file of anvil --dump-state and --load-state
)

// Dump is every account that was written here and exists, with its local slots. On a fork, fields that were not written here are
// fetched; slots and accounts never written here are not part of it.
func (s *StateManager) Dump(ctx context.Context, format DumpFormat) (json.RawMessage, error) {
	return s.readJSON(ctx, func(id C.uintptr_t, buf *C.char, size C.size_t, length *C.size_t) C.int {
		return C.ws_dump(id, C.int(format), buf, size, length)
	})
}

// Load reads geth's genesis alloc, bare or in its genesis file, the file of anvil --dump-state, or the answer of anvil_dumpState, and
// says how many accounts it has. Each replaces what the state has at its address. All or nothing: a flaw, which the error names, leaves
// the state as it was.
func (s *StateManager) Load(dump []byte) (int, error) {
	var count C.size_t
	err := s.call(func(id C.uintptr_t) C.int { return C.ws_load(id, bytesAt(dump), C.size_t(len(dump)), &count) })
	return int(count), err
}
