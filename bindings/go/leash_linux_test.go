package worldstate_test

import (
	"os/exec"
	"syscall"
)

// endWithParent ends the command with this program, also when that is killed.
func endWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
