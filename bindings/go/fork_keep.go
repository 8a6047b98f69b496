package worldstate

// #include "shim_fork.h"
import "C"

import "context"

// ClearCache forgets everything that was fetched and is held in memory. Open requests stay open; the persistent cache and recordings stay
// too.
func (f *Fork) ClearCache() error {
	return f.read(context.Background(), func(id C.uintptr_t) C.int { return C.ws_fork_clear_cache(id) })
}

// Flush writes what was fetched to the persistent cache, and waits until it is on the disk. Without it, it is written within a second, and
// when the fork ends. ErrInvalidState without CacheDir, ErrCache when the disk refuses.
func (f *Fork) Flush() error {
	return f.read(context.Background(), func(id C.uintptr_t) C.int { return C.ws_fork_flush(id) })
}

// ExportRecording writes all that the fork holds of its block to a file: what the persistent cache has of it, what was imported, and what
// the cache in memory has not dropped. The file is there whole or not at all; one of this name is replaced. ErrCache when it cannot be
// written.
//
// With ForkOptions.Recording and Offline, another fork answers from it on a machine without a network.
func (f *Fork) ExportRecording(ctx context.Context, path string) error {
	name, err := textOf(path, "the file's name")
	if err != nil {
		return err
	}
	return f.read(ctx, func(id C.uintptr_t) C.int { return C.ws_fork_export(id, name.pointer()) })
}

// ImportRecording reads a file of ExportRecording: what it holds is answered from then on, and written to the persistent cache where there
// is one. ErrCache for a file that cannot be read, was cut or altered; ErrInvalidInput for one of another chain or block; ErrProofInvalid
// when the fork verifies and the file does not prove its values. Nothing of it is kept then.
func (f *Fork) ImportRecording(ctx context.Context, path string) error {
	name, err := textOf(path, "the file's name")
	if err != nil {
		return err
	}
	return f.read(ctx, func(id C.uintptr_t) C.int { return C.ws_fork_import(id, name.pointer()) })
}
