package worldstate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"worldstate"
)

// troubled carries to a real node, but for what `before` makes of it.
type troubled struct {
	node   worldstate.HTTPTransport
	bodies int32
	before func(body int32) ([]byte, error)
}

func (t *troubled) Post(ctx context.Context, body []byte) ([]byte, error) {
	if answer, err := t.before(atomic.AddInt32(&t.bodies, 1)); answer != nil || err != nil {
		return answer, err
	}
	return t.node.Post(ctx, body)
}

func TestGoroutinesShareBatches(t *testing.T) {
	n := startNode(t)
	n.withContract()
	gate := make(chan struct{})
	transport := &troubled{node: worldstate.HTTPTransport{URL: n.url}, before: func(body int32) ([]byte, error) {
		if body == 2 {
			<-gate
		}
		return nil, nil
	}}
	fork, _ := openFork(t, worldstate.ForkOptions{Transport: transport, MaxConcurrent: 1})
	_, err := fork.Block(background)
	must(t, err)
	const readers = 60
	var reading, all sync.WaitGroup
	for i := 0; i < readers; i++ {
		state, err := fork.NewStateManager()
		must(t, err)
		defer state.Close()
		reading.Add(1)
		all.Add(1)
		go func(i int) {
			defer all.Done()
			reading.Done()
			value, err := state.Storage(background, contract, worldstate.HashOfUint64(uint64(i)))
			if err != nil || i == 1 && value != worldstate.HashOfUint64(20) {
				t.Errorf("slot %d: %v, %v", i, value, err)
			}
		}(i)
	}
	reading.Wait()
	time.Sleep(100 * time.Millisecond) // all of them wait now, for the body at the gate or for the next one
	close(gate)
	all.Wait()
	if bodies := atomic.LoadInt32(&transport.bodies); bodies > 4 {
		t.Fatalf("%d reads in %d bodies", readers, bodies)
	}
}

func TestTheContextEndsTheWait(t *testing.T) {
	n := startNode(t)
	n.withContract()
	hang := make(chan struct{})
	transport := &troubled{node: worldstate.HTTPTransport{URL: n.url}, before: func(body int32) ([]byte, error) {
		if body == 1 {
			<-hang
		}
		return nil, nil
	}}
	_, state := openFork(t, worldstate.ForkOptions{Transport: transport, MaxConcurrent: 1})
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{ChainID: 31337})
	must(t, err)
	must(t, evm.SetTransaction(worldstate.Transaction{From: alice, To: &contract, Gas: 100_000}))
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	started := time.Now()
	if _, err := state.Balance(ctx, contract); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	soon, cancelSoon := context.WithTimeout(background, 50*time.Millisecond)
	defer cancelSoon()
	if _, err := evm.Execute(soon, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if time.Since(started) > 5*time.Second {
		t.Fatal("the wait did not end")
	}
	close(hang)
	balance, err := state.Balance(background, contract)
	must(t, err)
	equal(t, "balance", balance.Int64(), int64(42))
	result, err := evm.Execute(background, nil)
	must(t, err)
	equal(t, "status", result.Status, worldstate.Success)
}

func TestWhatMayPassIsSentAgain(t *testing.T) {
	n := startNode(t)
	n.withContract()
	for name, trouble := range map[string]func(int32) ([]byte, error){
		"connection": func(body int32) ([]byte, error) {
			if body%2 == 1 {
				return nil, errors.New("EOF\x00")
			}
			return nil, nil
		},
		"429": func(body int32) ([]byte, error) {
			if body%2 == 1 {
				return nil, &worldstate.HTTPError{Status: 429, RetryAfter: 20 * time.Millisecond}
			}
			return nil, nil
		},
		"missing elements": func(body int32) ([]byte, error) {
			if body%2 == 1 {
				return []byte("[]"), nil
			}
			return nil, nil
		},
	} {
		trouble := trouble
		t.Run(name, func(t *testing.T) {
			transport := &troubled{node: worldstate.HTTPTransport{URL: n.url}, before: trouble}
			fork, state := openFork(t, worldstate.ForkOptions{Transport: transport, BackoffInitial: time.Millisecond, MaxConcurrent: 1})
			value, err := state.Storage(background, contract, worldstate.HashOfUint64(1))
			must(t, err)
			equal(t, "slot 1", value, worldstate.HashOfUint64(20))
			stats, err := fork.Stats()
			must(t, err)
			equal(t, "retries", stats.Retries > 0, true)
		})
	}
}

func TestWhatDoesNotPassFailsTheRead(t *testing.T) {
	n := startNode(t)
	n.withContract()
	for text, trouble := range map[string]func() ([]byte, error){
		"no way":       func() ([]byte, error) { return nil, errors.New("no way") },
		"unauthorized": func() ([]byte, error) { return nil, &worldstate.HTTPError{Status: 401} },
		"answer":       func() ([]byte, error) { return []byte("[]"), nil },
	} {
		text, trouble := text, trouble
		t.Run(text, func(t *testing.T) {
			broken := int32(1)
			transport := &troubled{node: worldstate.HTTPTransport{URL: n.url}, before: func(int32) ([]byte, error) {
				if atomic.LoadInt32(&broken) == 0 {
					return nil, nil
				}
				return trouble()
			}}
			_, state := openFork(t, worldstate.ForkOptions{Transport: transport, MaxAttempts: 2, BackoffInitial: time.Millisecond})
			_, err := state.Balance(background, contract)
			failed := fails(t, err, worldstate.ErrRPCFailed)
			if !strings.Contains(strings.ToLower(failed.Text), text) {
				t.Fatalf("the text: %s", failed.Text)
			}
			atomic.StoreInt32(&broken, 0)
			balance, err := state.Balance(background, contract)
			must(t, err) // a failure is told once, then it is asked again
			equal(t, "balance", balance.Int64(), int64(42))
		})
	}
}

func TestAnAnswerThatMakesNoSenseFailsTheRead(t *testing.T) {
	n := startNode(t)
	n.withContract()
	transport := &troubled{node: worldstate.HTTPTransport{URL: n.url}, before: func(body int32) ([]byte, error) {
		if body == 2 {
			return []byte("<html>"), nil
		}
		return nil, nil
	}}
	fork, state := openFork(t, worldstate.ForkOptions{Transport: transport, BackoffInitial: time.Millisecond})
	_, err := fork.Block(background)
	must(t, err)
	_, err = state.Balance(background, contract)
	failed := fails(t, err, worldstate.ErrInvalidRequest)
	equal(t, "quotes the answer", strings.Contains(failed.Text, "<html>"), true)
	balance, err := state.Balance(background, contract)
	must(t, err)
	equal(t, "balance", balance.Int64(), int64(42))
}

func TestHTTPTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/long":
			fmt.Fprint(w, strings.Repeat("x", 100))
		default:
			fmt.Fprint(w, r.Method, r.Header.Get("Content-Type"), r.Header.Get("X-Key"))
		}
	}))
	defer server.Close()
	post := func(path string) ([]byte, error) {
		transport := &worldstate.HTTPTransport{URL: server.URL + path, Header: http.Header{"x-key": {"k"}}, MaxLength: 50}
		return transport.Post(background, []byte("{}"))
	}
	answer, err := post("/")
	must(t, err)
	equal(t, "request", string(answer), "POSTapplication/jsonk")
	_, err = post("/busy")
	var refused *worldstate.HTTPError
	if !errors.As(err, &refused) || refused.Status != 429 || refused.RetryAfter != 3*time.Second {
		t.Fatal(err)
	}
	if _, err = post("/long"); err == nil || !strings.Contains(err.Error(), "longer than 50") {
		t.Fatal(err)
	}
}
