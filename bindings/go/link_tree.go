//go:build !worldstate_system

package worldstate

// The library of this repository's build tree (`make lib`), found again by the program by its absolute path.

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../target/release -lworldstate -Wl,-rpath,${SRCDIR}/../../target/release
import "C"
