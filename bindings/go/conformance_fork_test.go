package worldstate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"worldstate"
)

// forkData is a node as data: what it answers to which request.
type forkData struct {
	Options struct {
		Block, AccountSource                                    string
		MaxAttempts, MaxBatch, MaxCacheSize, MaxSlotsPerRequest int
		ChainID                                                 uint64
		Verify                                                  struct{ BlockHash, StateRoot *worldstate.Hash }
	}
	Replies []reply
}

type reply struct {
	Method string
	Params interface{}
	Result json.RawMessage
	Error  *rpcError
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type rpcRequest struct {
	ID     json.RawMessage
	Method string
	Params interface{}
}

// openState is a new state, over a fork where the case has one.
func openState(t *testing.T, data *forkData) *worldstate.StateManager {
	if data == nil {
		state, err := worldstate.NewStateManager()
		must(t, err)
		return state
	}
	sources := map[string]worldstate.AccountSource{
		"": worldstate.AccountsAuto, "auto": worldstate.AccountsAuto, "proof": worldstate.AccountsProof, "fields": worldstate.AccountsFields,
	}
	fork, err := worldstate.OpenFork(context.Background(), worldstate.ForkOptions{
		Transport:        &recorded{replies: append([]reply(nil), data.Replies...)},
		Block:            data.Options.Block,
		AccountSource:    sources[data.Options.AccountSource],
		MaxAttempts:      data.Options.MaxAttempts,
		MaxBatch:         data.Options.MaxBatch,
		MaxCacheSize:     data.Options.MaxCacheSize,
		MaxSlotsPerProof: data.Options.MaxSlotsPerRequest,
		ChainID:          data.Options.ChainID,
		Verify:           data.verification(),
		BackoffInitial:   1, // nanosecond: nobody has to be spared
		MaxConcurrent:    1,
	})
	must(t, err)
	state, err := fork.NewStateManager()
	must(t, err)
	must(t, fork.Close()) // the state keeps what is behind it
	return state
}

func (d *forkData) verification() worldstate.Verification {
	switch verify := d.Options.Verify; {
	case verify.BlockHash != nil:
		return worldstate.VerifyBlockHash(*verify.BlockHash)
	case verify.StateRoot != nil:
		return worldstate.VerifyStateRoot(*verify.StateRoot)
	}
	return worldstate.Verification{}
}

// recorded answers from the data.
type recorded struct {
	mu      sync.Mutex
	replies []reply
}

func (n *recorded) Post(_ context.Context, body []byte) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var one rpcRequest
	if json.Unmarshal(body, &one) == nil {
		return json.Marshal(n.answer(one))
	}
	var batch []rpcRequest
	if err := json.Unmarshal(body, &batch); err != nil {
		return nil, fmt.Errorf("neither a request nor a batch: %s", body)
	}
	var answers []interface{}
	for _, request := range batch {
		answers = append(answers, n.answer(request))
	}
	return json.Marshal(answers)
}

func (n *recorded) answer(request rpcRequest) interface{} {
	answer := map[string]interface{}{"jsonrpc": "2.0", "id": request.ID}
	found := -1
	more := false
	for i, r := range n.replies {
		if r.Method == request.Method && reflect.DeepEqual(r.Params, request.Params) {
			if found >= 0 {
				more = true
				break
			}
			found = i
		}
	}
	switch {
	case found < 0:
		answer["error"] = rpcError{-32601, "no such reply"}
	case n.replies[found].Error != nil:
		answer["error"] = n.replies[found].Error
	default:
		answer["result"] = n.replies[found].Result
	}
	if more {
		n.replies = append(n.replies[:found:found], n.replies[found+1:]...)
	}
	return answer
}
