//go:build worldstate_system

package worldstate

// The installed library, as pkg-config describes it.

// #cgo pkg-config: worldstate
import "C"
