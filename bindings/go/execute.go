package worldstate

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Execute executes what was set and writes its changes into the state. The store answers what is asked (nil: nobody does, and an
// execution that asks fails with ErrNoStore); a fork with a Transport fetches by itself. A revert is no error: the result has it.
//
// Where it fails, or the context ends, the execution is given up: nothing of it is in the state, and another one may begin.
// What ran on state overrides is never written.
func (e *Evm) Execute(ctx context.Context, store Store) (*Result, error) {
	return e.run(ctx, store, writes)
}

// Simulate is Execute without the writing.
func (e *Evm) Simulate(ctx context.Context, store Store) (*Result, error) {
	return e.run(ctx, store, discards)
}

// ExecuteInCheckpoint is Execute with a checkpoint of the state opened before the writing: StateManager.Revert takes the execution back,
// StateManager.Commit keeps it. ErrInvalidState with state overrides.
func (e *Evm) ExecuteInCheckpoint(ctx context.Context, store Store) (*Result, error) {
	return e.run(ctx, store, writesInCheckpoint)
}

// ending is what becomes of the changes.
type ending int

const (
	writes ending = iota
	discards
	writesInCheckpoint
)

func (e *Evm) end(how ending) error {
	switch how {
	case discards:
		return e.Discard()
	case writesInCheckpoint:
		return e.CommitInCheckpoint()
	default:
		return e.Commit()
	}
}

func (e *Evm) run(ctx context.Context, store Store, end ending) (result *Result, err error) {
	e.executing.Lock()
	defer e.executing.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if active, err := e.Active(); err != nil {
		return nil, err
	} else if active {
		return nil, newError(ErrInvalidState, "an execution is under way: end it with Commit, Discard or Abort")
	}
	ended := false
	defer func() {
		// Also when the store panics.
		if !ended {
			_ = e.Abort()
		}
	}()
	if err := e.drive(ctx, store, end); err != nil {
		return nil, err
	}
	ended = true
	return e.Result()
}

// drive begins the execution and answers until it has ended.
func (e *Evm) drive(ctx context.Context, store Store, end ending) error {
	var wait waiter
	wait.before(e.state.fork)
	request, err := e.Call()
	for err == nil {
		switch request.Type {
		case OutputReadyToCommit:
			return e.end(end)
		case OutputResult: // what ran on state overrides is never written
			if end == writesInCheckpoint {
				return e.CommitInCheckpoint() // which says so
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.provide(ctx, store, request, &wait); err != nil {
			return err
		}
		wait.before(e.state.fork)
		request, err = e.Resume()
	}
	return err
}

// provide brings some of what is wanted: from the fork's transport where there is one, else from the store all of it.
func (e *Evm) provide(ctx context.Context, store Store, request Request, wait *waiter) error {
	if request.Type == OutputNeedPrecompile {
		return e.answerPrecompile(ctx, store, request)
	}
	if wait.possible() {
		stuck, err := wait.forAnswer(ctx)
		if !stuck || err != nil {
			return err
		}
	}
	pending, err := e.Pending()
	if err != nil {
		return err
	}
	questions := pending[:0]
	for _, one := range pending {
		if one.Type != OutputNeedPrecompile { // the library tells the call of the one that is waited for only
			questions = append(questions, one)
		}
	}
	if len(questions) == 0 {
		questions = []Request{request}
	}
	answers, err := answerAll(ctx, store, questions)
	if err != nil {
		return e.refuse(ctx, err)
	}
	for _, answer := range answers {
		if err := e.Answer(answer); err != nil {
			return err
		}
	}
	return nil
}

// refuse tells the library why there is no answer and returns its error, with the host's behind it.
func (e *Evm) refuse(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	if errors.Is(cause, ErrNoStore) || errors.Is(cause, ErrUnknownOutputType) {
		failed := newError(ErrExecution, cause.Error())
		failed.Cause = cause
		return failed
	}
	_, err := e.Continue(FailureAnswer(cause.Error()))
	var failed *Error
	if errors.As(err, &failed) {
		failed.Cause = cause
	}
	return err
}

func (e *Evm) answerPrecompile(ctx context.Context, store Store, request Request) error {
	if store == nil {
		return e.refuse(ctx, ErrNoStore)
	}
	contracts, ok := store.(PrecompileStore)
	if !ok {
		return e.refuse(ctx, fmt.Errorf("the store has no precompiled contracts, %v was called", request.Address))
	}
	call, err := e.PrecompileCall()
	if err != nil {
		return err
	}
	result, err := contracts.Precompile(ctx, call)
	if err != nil {
		return e.refuse(ctx, err)
	}
	return e.Answer(PrecompileAnswer(request.Address, result))
}

// answerAll asks the store, one question after the other or several at once, as it says. The first error in the questions' order counts.
func answerAll(ctx context.Context, store Store, questions []Request) ([]Answer, error) {
	answers := make([]Answer, len(questions))
	parallel := 1
	if several, ok := store.(ParallelStore); ok {
		parallel = several.Parallel()
	}
	if parallel <= 1 || len(questions) == 1 {
		for i, question := range questions {
			var err error
			if answers[i], err = answer(ctx, store, question); err != nil {
				return nil, err
			}
		}
		return answers, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures, panics, free := make([]error, len(questions)), make(chan interface{}, len(questions)), make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i := range questions {
		all.Add(1)
		free <- struct{}{}
		go func(i int) {
			defer func() {
				if panicked := recover(); panicked != nil {
					panics <- panicked
				}
				<-free
				all.Done()
			}()
			if answers[i], failures[i] = answer(ctx, store, questions[i]); failures[i] != nil {
				cancel() // the others need not go on
			}
		}(i)
	}
	all.Wait()
	select {
	case panicked := <-panics:
		panic(panicked) // where it would have been without goroutines
	default:
	}
	return answers, firstFailure(failures)
}

// firstFailure is the first error, but for those that only another one has caused.
func firstFailure(failures []error) (first error) {
	for _, err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// answer asks the store one question.
func answer(ctx context.Context, store Store, question Request) (Answer, error) {
	if question.Type > OutputNeedPrecompile || question.Type == OutputResult || question.Type == OutputReadyToCommit {
		return Answer{}, ErrUnknownOutputType
	}
	if store == nil {
		return Answer{}, ErrNoStore
	}
	switch question.Type {
	case OutputNeedStorage:
		value, err := store.Storage(ctx, question.Address, question.Slot)
		return StorageAnswer(question.Address, question.Slot, value), err
	case OutputNeedBalance:
		wei, err := store.Balance(ctx, question.Address)
		if err != nil {
			return Answer{}, err
		}
		return BalanceAnswer(question.Address, wei)
	case OutputNeedCode:
		code, err := store.Code(ctx, question.Address)
		return CodeAnswer(question.Address, code), err
	case OutputNeedNonce:
		nonce, err := store.Nonce(ctx, question.Address)
		return NonceAnswer(question.Address, nonce), err
	case OutputNeedBlockHash:
		hash, err := store.BlockHash(ctx, question.BlockNumber())
		return BlockHashAnswer(question.BlockNumber(), hash), err
	}
	return Answer{}, ErrUnknownOutputType
}
