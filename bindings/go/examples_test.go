package worldstate_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestExamples(t *testing.T) {
	found, err := filepath.Glob("examples/*")
	must(t, err)
	work := t.TempDir()
	for _, example := range found {
		name := filepath.Base(example)
		t.Run(name, func(t *testing.T) {
			program := filepath.Join(work, name)
			if output, err := exec.Command("go", "build", "-o", program, "./"+example).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			var arguments []string
			switch name {
			case "state", "evm":
			case "fork":
				arguments = []string{nodeWithToken(t)}
			case "demo":
				arguments = []string{nodeWithToken(t), os.Getenv("WORLDSTATE_SCENE")}
			default:
				t.Fatal("nobody runs it")
			}
			output, err := exec.Command(program, arguments...).CombinedOutput()
			must(t, err)
			equal(t, "output", string(output), read(t, filepath.Join("testdata", name+".txt")))
		})
	}
}

func TestExampleWithoutNode(t *testing.T) {
	output, err := exec.Command("go", "run", "./examples/fork", "http://127.0.0.1:1").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "connection refused") {
		t.Fatalf("%v: %s", err, output)
	}
}
