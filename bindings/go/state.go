package worldstate

// #include "shim_state.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// StateManager is a journaled world state, empty or over a fork. Safe for use by several goroutines: of several at once, one gets in
// and the others wait.
type StateManager struct {
	mu   sync.Mutex // a call and the text of its failure belong together
	id   C.uintptr_t
	fork *forkCore
}

// NewStateManager makes an empty state.
func NewStateManager() (*StateManager, error) {
	if err := checkLibrary(); err != nil {
		return nil, err
	}
	var made C.ws_handle_result
	C.ws_state_create(&made)
	if made.handle == 0 {
		return nil, failedHandle(&made)
	}
	return newStateManager(made.handle, nil), nil
}

// NewStateManager makes a state over the fork, which it shares with the other states on it. The fork may be closed first.
func (f *Fork) NewStateManager() (*StateManager, error) {
	core, release, err := f.use()
	if err != nil {
		return nil, err
	}
	defer release()
	var made C.ws_handle_result
	C.ws_state_create_with_fork(core.id, &made)
	if made.handle == 0 {
		return nil, failedHandle(&made)
	}
	core.retain()
	return newStateManager(made.handle, core), nil
}

func newStateManager(id C.uintptr_t, fork *forkCore) *StateManager {
	s := &StateManager{id: id, fork: fork}
	runtime.SetFinalizer(s, func(s *StateManager) { _ = s.Close() })
	return s
}

// Close frees the state, after calls on it that are under way. Later calls fail with ErrInvalidHandle; closing twice does nothing. The
// error is always nil.
func (s *StateManager) Close() error {
	s.mu.Lock()
	id := s.id
	s.id = 0
	s.mu.Unlock()
	if id == 0 {
		return nil
	}
	runtime.SetFinalizer(s, nil)
	C.ws_state_destroy(id)
	if s.fork != nil {
		s.fork.release()
	}
	return nil
}

// call runs one call of the library and, where it fails, fetches its text.
func (s *StateManager) call(do func(id C.uintptr_t) C.int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == 0 {
		return closed("the state manager")
	}
	return failure(do(s.id), s.id)
}

// read is call for what may have to be fetched: where the fork's transport carries the requests, until it has.
func (s *StateManager) read(ctx context.Context, do func(id C.uintptr_t) C.int) error {
	var wait waiter
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait.before(s.fork)
		err := s.call(do)
		if err == nil || !isPending(err) || !wait.possible() {
			return err
		}
		if stuck, waited := wait.forAnswer(ctx); waited != nil {
			return waited
		} else if stuck {
			return err
		}
	}
}

func isPending(err error) bool {
	failed, ok := err.(*Error) //nolint:errorlint // call returns nothing else, and this is on the way of every read
	return ok && failed.Code == ErrRPCPending
}
