package worldstate

// #include "shim_state.h"
// #include "shim_fork.h"
// #include "shim_evm.h"
//
// /* The layouts that this package was written for, on machines with 64 bits. A header of another version fails here. */
// _Static_assert(WORLDSTATE_ABI_VERSION == 1, "this package is written for version 1 of the binary interface");
// _Static_assert(sizeof(void *) != 8 || sizeof(ForkBackendOptions) == 240, "ForkBackendOptions has another layout");
// _Static_assert(sizeof(ForkBackendStats) == 26 * 8, "ForkBackendStats has another layout");
// _Static_assert(sizeof(void *) != 8 || sizeof(ForkBackendMethodStats) == 80, "ForkBackendMethodStats has another layout");
// _Static_assert(sizeof(void *) != 8 || sizeof(EvmOptions) == 64, "EvmOptions has another layout");
// _Static_assert(sizeof(EvmStats) == 9 * 8, "EvmStats has another layout");
// _Static_assert(sizeof(void *) != 8 || sizeof(EvmMessage) == 96, "EvmMessage has another layout");
// _Static_assert(sizeof(AsyncRequest) == 53, "AsyncRequest has another layout");
// _Static_assert(sizeof(void *) != 8 || sizeof(EvmResult) == 72, "EvmResult has another layout");
// _Static_assert(sizeof(void *) != 8 || sizeof(EvmPrecompileCall) == 104, "EvmPrecompileCall has another layout");
import "C"

import (
	"fmt"
	"sync"
)

// Version is the version of the library that is running, such as "0.1.0".
func Version() string { return C.GoString(C.worldstate_version()) }

// ABIVersion is the version of the binary interface of the library that is running.
func ABIVersion() uint32 { return uint32(C.worldstate_abi_version()) }

var (
	compatible      sync.Once
	incompatibility error
)

// checkLibrary fails when the library that the program found is not the one that this package was compiled for.
func checkLibrary() error {
	compatible.Do(func() { incompatibility = compareVersions(ABIVersion(), C.WORLDSTATE_ABI_VERSION) })
	return incompatibility
}

func compareVersions(library, header uint32) error {
	if library == header {
		return nil
	}
	return fmt.Errorf("worldstate: the library has version %d of the binary interface, this program was compiled for version %d",
		library, header)
}
