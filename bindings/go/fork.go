package worldstate

// #include "shim_fork.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// Fork is a chain's state at one block, fetched as it is read. Any number of states share one and what it has fetched. Safe for use by
// several goroutines, whose reads share batches.
type Fork struct {
	mu   sync.Mutex
	core *forkCore // nil once closed
}

// forkCore is the library's fork, which lives until the Fork and every StateManager on it are closed.
type forkCore struct {
	id      C.uintptr_t
	carrier *carrier // nil where the library carries the requests
	log     *forkLog
	mu      sync.Mutex
	users   int
}

// OpenFork opens a fork. With a URL, the block and the chain id are asked for at once; with a Transport they are the first requests that
// it gets, when something is read. The context ends nothing but the wait for those of a URL that have not been sent.
func OpenFork(ctx context.Context, options ForkOptions) (*Fork, error) {
	if err := checkLibrary(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	raw, err := options.c()
	if err != nil {
		return nil, err
	}
	texts, err := options.texts()
	if err != nil {
		return nil, err
	}
	var trusted *C.uint8_t
	if verify := options.Verify; verify.given {
		trusted = bytesAt(verify.hash[:])
	}
	log := newForkLog(options.Log)
	var made C.ws_handle_result
	C.ws_fork_open(&raw, texts.url.pointer(), texts.header.pointer(), texts.caFile.pointer(), texts.block.pointer(),
		texts.network.pointer(), texts.cacheDir.pointer(), texts.recording.pointer(), trusted, log.c(), &made)
	if made.handle == 0 {
		log.free()
		return nil, failedHandle(&made)
	}
	core := &forkCore{id: made.handle, log: log, users: 1}
	if options.Transport != nil {
		core.carrier = newCarrier(core.id, options)
	}
	fork := &Fork{core: core}
	runtime.SetFinalizer(fork, func(f *Fork) { _ = f.Close() })
	return fork, nil
}

// Close closes the fork. States on it go on, and what it holds is freed with the last of them. Closing twice does nothing. The error is
// always nil.
func (f *Fork) Close() error {
	f.mu.Lock()
	core := f.core
	f.core = nil
	f.mu.Unlock()
	if core != nil {
		runtime.SetFinalizer(f, nil)
		core.release()
	}
	return nil
}

// use keeps what is behind the fork until release is called.
func (f *Fork) use() (core *forkCore, release func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.core == nil {
		return nil, nil, closed("the fork")
	}
	f.core.retain()
	return f.core, f.core.release, nil
}

func (c *forkCore) retain() {
	c.mu.Lock()
	c.users++
	c.mu.Unlock()
}

func (c *forkCore) release() {
	c.mu.Lock()
	c.users--
	last := c.users == 0
	c.mu.Unlock()
	if last {
		if c.carrier != nil {
			c.carrier.stop()
		}
		C.ws_fork_destroy(c.id)
		c.log.free()
	}
}

// read is a call on the fork, repeated until the transport has brought what it needs. Where two calls on one fork fail at the same time,
// the text may be that of the other.
func (f *Fork) read(ctx context.Context, do func(id C.uintptr_t) C.int) error {
	core, release, err := f.use()
	if err != nil {
		return err
	}
	defer release()
	var wait waiter
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait.before(core)
		err := failure(do(core.id), core.id)
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

// ForkBlock is the block that a fork is pinned to.
type ForkBlock struct {
	ChainID uint64
	Number  uint64
	Hash    Hash
}

// Block is the block that the fork is pinned to.
func (f *Fork) Block(ctx context.Context) (ForkBlock, error) {
	var chainID, number C.uint64_t
	var hash Hash
	err := f.read(ctx, func(id C.uintptr_t) C.int {
		return C.ws_fork_get_block(id, &chainID, &number, bytesAt(hash[:]))
	})
	return ForkBlock{uint64(chainID), uint64(number), hash}, err
}
