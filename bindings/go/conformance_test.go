package worldstate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"worldstate"
)

// The behaviours that all bindings share, as data: each case is a test of its own.

type suite struct {
	Name  string
	Cases []conformanceCase
}

type conformanceCase struct {
	Name, Note string
	Fork       *forkData
	Steps      []json.RawMessage
}

// step is one step; its arguments are looked at by the operation.
type step struct {
	arguments map[string]json.RawMessage
	used      map[string]bool
}

func TestConformance(t *testing.T) {
	files, err := filepath.Glob("../conformance/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no data: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases suite
		strictly(t, raw, &cases)
		for _, one := range cases.Cases {
			one := one
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+"/"+one.Name, func(t *testing.T) { runCase(t, one) })
		}
	}
}

func runCase(t *testing.T, one conformanceCase) {
	run := newRunner(t, one.Fork)
	if len(one.Steps) == 0 {
		t.Fatal("no steps")
	}
	for i, raw := range one.Steps {
		s := step{used: map[string]bool{}}
		strictly(t, raw, &s.arguments)
		if err := run.step(&s); err != nil {
			t.Fatalf("step %d, %s: %v", i+1, shorten(string(raw)), err)
		}
		_, refused := s.arguments["error"] // then, perhaps, before all was looked at
		for name := range s.arguments {
			if !refused && !s.used[name] {
				t.Fatalf("step %d: nobody looked at %q", i+1, name)
			}
		}
	}
}

// step does one step and compares what came of it.
func (r *runner) step(s *step) error {
	var operation, wantedError, wantedText string
	s.optional("do", &operation)
	hasError := s.optional("error", &wantedError)
	hasText := s.optional("text", &wantedText)
	s.used["note"] = true
	got, err := r.do(operation, s)
	var failed *worldstate.Error
	switch {
	case hasError && err == nil:
		return fmt.Errorf("succeeded with %v", got)
	case hasError && !errors.As(err, &failed):
		return fmt.Errorf("another kind of error: %w", err)
	case hasError && failed.Name != "STATE_MANAGER_ERROR_"+wantedError:
		return fmt.Errorf("failed with %s: %w", failed.Name, err)
	case hasText && !strings.Contains(err.Error(), wantedText):
		return fmt.Errorf("the text is %q", err)
	case hasError:
		return nil
	case err != nil:
		return err
	}
	expected, ok := s.arguments["expect"]
	s.used["expect"] = true
	if !ok {
		return nil
	}
	return sameJSON(expected, got, operation == "execute")
}

// sameJSON compares what is expected with a value, as parsed JSON. With someKeys, only the keys that are expected count.
func sameJSON(expected json.RawMessage, got interface{}, someKeys bool) error {
	encoded, err := json.Marshal(got)
	if err != nil {
		return err
	}
	var want, have interface{}
	if err := json.Unmarshal(expected, &want); err != nil {
		return err
	}
	if err := json.Unmarshal(encoded, &have); err != nil {
		return err
	}
	if someKeys {
		whole := have.(map[string]interface{})
		chosen := map[string]interface{}{}
		for key := range want.(map[string]interface{}) {
			value, known := whole[key]
			if !known {
				return fmt.Errorf("there is no key %q", key)
			}
			chosen[key] = value
		}
		have = chosen
	}
	if !reflect.DeepEqual(want, have) {
		return fmt.Errorf("expected %s\ngot      %s", expected, encoded)
	}
	return nil
}

// optional reads an argument that may be missing.
func (s *step) optional(name string, into interface{}) bool {
	raw, ok := s.arguments[name]
	s.used[name] = true
	if !ok {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		panic(fmt.Sprintf("argument %s: %v", name, err))
	}
	return true
}

// argument reads an argument that has to be there.
func (s *step) argument(name string, into interface{}) {
	if !s.optional(name, into) {
		panic("no argument " + name)
	}
}

func strictly(t *testing.T, raw []byte, into interface{}) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, shorten(string(raw)))
	}
}

func shorten(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}
