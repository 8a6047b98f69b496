package worldstate

// #include "shim_fork.h"
import "C"

import "runtime/cgo"

// LogLevel is how important a line of ForkOptions.Log is.
type LogLevel int

// The levels, the most important first.
const (
	LogError   LogLevel = C.FORK_LOG_ERROR   // what was given up or set aside
	LogWarning LogLevel = C.FORK_LOG_WARNING // what will be tried again
	LogInfo    LogLevel = C.FORK_LOG_INFO    // what was opened, found out, learnt
	LogDebug   LogLevel = C.FORK_LOG_DEBUG   // each body sent and each answer
)

// String is "error", "warning", "info" or "debug".
func (l LogLevel) String() string {
	switch l {
	case LogError:
		return "error"
	case LogWarning:
		return "warning"
	case LogInfo:
		return "info"
	case LogDebug:
		return "debug"
	}
	return "unknown"
}

// forkLog is a log function that C can name; nil for none.
type forkLog struct{ handle cgo.Handle }

func newForkLog(log func(LogLevel, string)) *forkLog {
	if log == nil {
		return nil
	}
	return &forkLog{cgo.NewHandle(log)}
}

func (l *forkLog) c() C.uintptr_t {
	if l == nil {
		return 0
	}
	return C.uintptr_t(l.handle)
}

// free is called when nothing in the library knows it any more.
func (l *forkLog) free() {
	if l != nil {
		l.handle.Delete()
	}
}

//export worldstateGoLog
func worldstateGoLog(log C.uintptr_t, level C.int, text *C.char) {
	defer func() {
		// Unwinding through the library would leave its locks held.
		if panicked := recover(); panicked != nil {
			go panic(panicked)
			select {}
		}
	}()
	cgo.Handle(log).Value().(func(LogLevel, string))(LogLevel(level), C.GoString(text))
}
