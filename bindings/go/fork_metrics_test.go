package worldstate_test

import (
	"testing"
	"time"

	"worldstate"
)

func TestLatencies(t *testing.T) {
	n := startNode(t)
	n.withContract()
	transport := &troubled{node: worldstate.HTTPTransport{URL: n.url}, before: func(body int32) ([]byte, error) {
		switch {
		case body == 10:
			time.Sleep(150 * time.Millisecond)
		case body > 10 && body < 14:
			time.Sleep(40 * time.Millisecond)
		}
		return nil, nil
	}}
	fork, state := openFork(t, worldstate.ForkOptions{Transport: transport, MaxConcurrent: 1})
	for slot := uint64(0); slot < 25; slot++ {
		_, err := state.Storage(background, contract, worldstate.HashOfUint64(slot))
		must(t, err)
	}
	stats, err := fork.MethodStats("eth_getProof")
	must(t, err)
	if stats.P50 >= 40*time.Millisecond || stats.P90 < 39*time.Millisecond || stats.P90 >= 145*time.Millisecond ||
		stats.P99 < 145*time.Millisecond || stats.Max < stats.P99 {
		t.Fatalf("%+v", stats)
	}
}

func TestMetrics(t *testing.T) {
	n := startNode(t)
	n.withContract()
	for name, options := range carriers(n) {
		options := options
		t.Run(name, func(t *testing.T) {
			fork, state := openFork(t, options)
			readAll(t, state)
			readAll(t, state)
			proofs, err := fork.MethodStats("eth_getProof")
			must(t, err)
			if proofs.Requests < 2 || proofs.Failures != 0 || proofs.BytesSent < 200 || proofs.BytesReceived < 1000 ||
				proofs.Count != proofs.Requests || proofs.P50 == 0 || proofs.P50 > proofs.P90 || proofs.P90 > proofs.P99 ||
				proofs.P99 > proofs.Max || proofs.Max > time.Minute {
				t.Fatalf("%+v", proofs)
			}
			metrics, err := fork.Metrics()
			must(t, err)
			equal(t, "counters", metrics.ForkStats, statsOf(t, fork))
			equal(t, "hits", metrics.Hits > 0, true)
			equal(t, "eth_getProof", metrics.Methods["eth_getProof"], proofs)
			var requests uint64
			for _, method := range metrics.Methods {
				requests += method.Requests
			}
			equal(t, "requests of all methods", requests, metrics.Requests)
			unsent, err := fork.MethodStats("eth_call")
			must(t, err)
			equal(t, "a method never sent", unsent, worldstate.MethodStats{})
			_, err = fork.MethodStats("a\x00b")
			fails(t, err, worldstate.ErrInvalidInput)
		})
	}
}
