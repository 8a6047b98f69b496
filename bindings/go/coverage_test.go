package worldstate_test

import (
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// Functions of the header that Go does not call, and why.
var notCalled = map[string]string{
	"evm_execute":               "Execute calls and commits by itself, and hands what is asked to a Store",
	"fork_backend_create":       "the plain form of fork_backend_open, for hosts that answer eth_getProof and eth_getCode only",
	"fork_backend_next_request": "single requests; the carrier takes whole bodies",
	"fork_backend_continue":     "likewise",
	"fork_backend_fail":         "likewise",
	"fork_reply_body":           "callbacks from C; a Transport is called by Go instead",
	"fork_reply_fail":           "likewise",
}

// The functions with values as text have twins with bytes, which are called.
var textForm = regexp.MustCompile(`^state_manager_(get|set|delete|clear)_[a-z_]+$`)

func TestEveryFunctionOfTheHeaderIsReachable(t *testing.T) {
	header := read(t, "../../include/worldstate.h")
	comments := regexp.MustCompile(`(?s)/\*.*?\*/`)
	declared := regexp.MustCompile(`(?m)^[a-zA-Z][\w ]*[ *](\w+)\(`).FindAllStringSubmatch(comments.ReplaceAllString(header, ""), -1)
	if len(declared) < 90 {
		t.Fatalf("only %d functions found in the header", len(declared))
	}
	var called strings.Builder
	for _, pattern := range []string{"*.go", "*.h"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				called.WriteString(comments.ReplaceAllString(read(t, file), ""))
			}
		}
	}
	calls := func(name string) bool { return regexp.MustCompile(`\b` + name + `\(`).MatchString(called.String()) }
	functions := map[string]bool{}
	for _, match := range declared {
		functions[match[1]] = true
	}
	var missing []string
	for name := range functions {
		twin := strings.TrimSuffix(name, "_sync") + "_bytes"
		switch reason := notCalled[name]; {
		case calls(name) && reason != "":
			t.Errorf("%s is called, though it is said not to be", name)
		case calls(name), reason != "", textForm.MatchString(name) && functions[twin] && calls(twin):
		default:
			missing = append(missing, name)
		}
	}
	sort.Strings(missing)
	if len(missing) > 0 {
		t.Errorf("nothing calls %s", strings.Join(missing, ", "))
	}
	for name := range notCalled {
		if !functions[name] {
			t.Errorf("the header has no %s", name)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	must(t, err)
	return string(raw)
}
