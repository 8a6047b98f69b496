package worldstate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// unused.json has the functions of the header that Go does not call, and why.
func TestEveryFunctionOfTheHeaderIsReachable(t *testing.T) {
	notCalled := map[string]string{}
	must(t, json.Unmarshal([]byte(read(t, "unused.json")), &notCalled))
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
		switch reason := notCalled[name]; {
		case calls(name) && reason != "":
			t.Errorf("%s is called, though it is said not to be", name)
		case calls(name), reason != "":
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
