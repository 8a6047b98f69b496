package worldstate

// #include "shim_fork.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// carrier brings the requests of one fork to its transport, whichever goroutine's reads queued them, and the answers back.
type carrier struct {
	fork      C.uintptr_t
	transport Transport
	timeout   time.Duration
	backoff   backoff
	ctx       context.Context
	cancel    context.CancelFunc

	mu       sync.Mutex
	free     int           // bodies that may be sent now
	underWay int           // bodies that were sent
	taken    uint64        // bodies taken so far
	version  uint64        // grows with each answer
	answered chan struct{} // closed with each answer
	again    *time.Timer   // the end of a pause
	refusal  error         // why the last answer that makes no sense was refused
	refused  uint64        // the version that came with it
}

func newCarrier(fork C.uintptr_t, options ForkOptions) *carrier {
	c := &carrier{
		fork:      fork,
		transport: options.Transport,
		timeout:   orDefault(options.RequestTimeout, 30*time.Second),
		backoff:   backoff{initial: orDefault(options.BackoffInitial, 250*time.Millisecond), max: orDefault(options.BackoffMax, 8*time.Second)},
		free:      options.MaxConcurrent,
		answered:  make(chan struct{}),
	}
	if c.free == 0 {
		c.free = 4
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

func orDefault(d, or time.Duration) time.Duration {
	if d == 0 {
		return or
	}
	return d
}

// stop ends what is under way.
func (c *carrier) stop() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.again != nil {
		c.again.Stop()
	}
}

// send takes what is queued and sends it, as far as it may now. c.mu is held.
func (c *carrier) send() {
	if pause := c.backoff.left(time.Now()); pause > 0 {
		if c.again == nil {
			c.again = time.AfterFunc(pause, func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.again = nil
				c.send()
				if c.underWay == 0 {
					c.announce() // whoever waited for the pause finds out that nothing was left
				}
			})
		}
		return
	}
	for c.free > 0 && c.ctx.Err() == nil {
		id, body, ok := c.take()
		if !ok {
			return
		}
		c.free, c.underWay, c.taken = c.free-1, c.underWay+1, c.taken+1
		go c.carry(id, body)
	}
}

// take takes one body. c.mu is held; more may be queued meanwhile.
func (c *carrier) take() (C.uint64_t, []byte, bool) {
	var id C.uint64_t
	var length C.size_t
	var body []byte
	for {
		var buf *C.char
		if len(body) > 0 {
			buf = (*C.char)(unsafe.Pointer(&body[0]))
		}
		switch C.ws_fork_next_batch(c.fork, &id, buf, C.size_t(len(body)), &length, nil) {
		case C.STATE_MANAGER_SUCCESS:
			return id, body[:length], true
		case C.STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL:
			body = make([]byte, int(length)+1)
		default:
			return 0, nil, false
		}
	}
}

func (c *carrier) carry(id C.uint64_t, body []byte) {
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	answer, err := c.transport.Post(ctx, body)
	cancel()

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return // the fork has ended, and its log with it
	}
	var refused *HTTPError
	if err == nil {
		err = c.accept(id, answer)
	} else if !errors.As(err, &refused) {
		// In words by which the library knows that this may pass.
		err = fmt.Errorf("the connection returned no answer: %w", err)
	}
	if err == nil {
		c.backoff.passed()
	} else {
		c.fail(id, err)
	}
	c.free, c.underWay = c.free+1, c.underWay-1
	c.announce()
	if c.refused != c.version {
		c.send() // after a refusal, the next read does
	}
}

// accept hands an answer to the library. What is missing in it is queued again; where it makes no sense, the reads that wait for it fail.
// c.mu is held.
func (c *carrier) accept(id C.uint64_t, answer []byte) error {
	err := failure(C.ws_fork_continue_batch(c.fork, id, bytesAt(answer), C.size_t(len(answer))), c.fork)
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrInvalidRequest) {
		c.refusal, c.refused = err, c.version+1
	}
	// Where it was no JSON at all, such as a proxy's page, the batch is still open: the next read asks again.
	return &badAnswer{err}
}

// badAnswer is an answer that the library refused.
type badAnswer struct{ error }

// announce wakes those who wait. c.mu is held.
func (c *carrier) announce() {
	c.version++
	close(c.answered)
	c.answered = make(chan struct{})
}

// fail hands a failure to the library, which queues again what may pass, or lets the reads fail. c.mu is held.
func (c *carrier) fail(id C.uint64_t, err error) {
	var status int
	var after time.Duration
	var answered *HTTPError
	var bad *badAnswer
	if errors.As(err, &answered) {
		status, after = answered.Status, answered.RetryAfter
	} else if errors.As(err, &bad) {
		status = http.StatusBadGateway
	}
	if status == 0 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500 {
		c.backoff.failed(time.Now(), after)
	}
	message, _ := textOf(withoutNUL(err.Error()), "")
	// Where a part of the answer did not fit, the library has already queued that part again, and the batch is not open any more.
	C.ws_fork_fail_batch(c.fork, id, C.int64_t(status), message.pointer())
}

func withoutNUL(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == 0 {
			b[i] = ' '
		}
	}
	return string(b)
}

// backoff is the pause after failures: random, up to a limit that doubles with each.
type backoff struct {
	initial, max time.Duration
	failures     int
	until        time.Time
}

func (b *backoff) passed() { b.failures, b.until = 0, time.Time{} }

func (b *backoff) failed(now time.Time, atLeast time.Duration) {
	limit := b.max
	if b.failures < 30 && b.initial<<b.failures < limit {
		limit = b.initial << b.failures
	}
	b.failures++
	pause := time.Duration(rand.Int63n(int64(limit) + 1)) //nolint:gosec // it only spreads the load
	if pause < atLeast {
		pause = atLeast
	}
	b.until = now.Add(pause)
}

func (b *backoff) left(now time.Time) time.Duration { return b.until.Sub(now) }

// waiter is one goroutine's wait for answers: before each call it notes what has come so far.
type waiter struct {
	carrier *carrier
	version uint64
	taken   uint64
	idle    int
	began   uint64
	waiting bool
}

// before notes what has come, ahead of a call that may find something missing.
func (w *waiter) before(fork *forkCore) {
	if fork == nil || fork.carrier == nil {
		return
	}
	w.carrier = fork.carrier
	w.carrier.mu.Lock()
	w.version = w.carrier.version
	if !w.waiting {
		w.began, w.waiting = w.version, true
	}
	w.carrier.mu.Unlock()
}

// possible tells whether there is a transport.
func (w *waiter) possible() bool { return w.carrier != nil }

// forAnswer waits for what came since before, or for what comes next. Stuck: nothing is under way and nothing can be sent.
func (w *waiter) forAnswer(ctx context.Context) (stuck bool, err error) {
	// Others that are about to read queue what they want first, and it goes out together.
	runtime.Gosched()
	c := w.carrier
	c.mu.Lock()
	if c.refused > w.began {
		defer c.mu.Unlock()
		return false, c.refusal
	}
	if c.version != w.version {
		c.mu.Unlock()
		return false, nil
	}
	c.send()
	answered, nothing := c.answered, c.underWay == 0 && c.again == nil
	if c.taken != w.taken {
		w.idle = 0
	}
	w.taken = c.taken
	c.mu.Unlock()
	if nothing {
		w.idle++
		return w.idle > 1, nil
	}
	select {
	case <-answered:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
