package worldstate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every block of README.md is used as its reader would use it: a comment before it says how.
//
//	<!-- snippet: go.mod -->       that of the reader's program
//	<!-- snippet: program -->      a program
//	<!-- snippet: body [node] -->  the inside of main, with check and ctx; with `node`, url too
//	<!-- snippet: output -->       what the block before it prints

var packages = []string{"context", "encoding/hex", "errors", "fmt", "log", "math/big", "net/http", "os", "worldstate"}

func TestReadme(t *testing.T) {
	text := read(t, "README.md")
	blocks := regexp.MustCompile("(?ms)^<!-- snippet: ([^\n]+) -->\n```\\w+\n(.*?)^```$").FindAllStringSubmatch(text, -1)
	if fences := strings.Count(text, "\n```"); fences != 2*len(blocks) {
		t.Fatalf("%d fences, %d blocks with a comment", fences, len(blocks))
	}
	work := t.TempDir()
	var url, printed string
	for i, block := range blocks {
		how, code := block[1], block[2]
		t.Run(fmt.Sprintf("%d %s", i+1, how), func(t *testing.T) {
			switch how {
			case "go.mod":
				here, err := filepath.Abs(".")
				must(t, err)
				module := strings.Replace(code, "../worldstate/bindings/go", here, 1)
				must(t, os.WriteFile(filepath.Join(work, "go.mod"), []byte(module), 0o600))
			case "program":
				printed = runGo(t, work, code, "")
			case "body":
				printed = runGo(t, work, wrapped(code, false), "")
			case "body node":
				if url == "" {
					url = nodeWithToken(t)
				}
				printed = runGo(t, work, wrapped(code, true), url)
			case "output":
				equal(t, "output", printed, code)
			default:
				t.Fatalf("no way to run it: %s", how)
			}
		})
	}
}

func wrapped(code string, node bool) string {
	var b strings.Builder
	b.WriteString("package main\n")
	if node {
		code = "url := os.Getenv(\"WORLDSTATE_RPC_URL\")\n" + code
	}
	code = "ctx := context.Background()\n_ = ctx\n" + code + "}\nfunc check(err error) { if err != nil { log.Fatal(err) } }\n"
	for _, path := range packages {
		name := path[strings.LastIndex(path, "/")+1:]
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(code) {
			fmt.Fprintf(&b, "import %q\n", path)
		}
	}
	return b.String() + "func main() {\n" + code
}

func runGo(t *testing.T, directory, code, url string) string {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(directory, "main.go"), []byte(code), 0o600))
	command := exec.Command("go", "run", ".")
	command.Dir = directory
	command.Env = append(os.Environ(), "WORLDSTATE_RPC_URL="+url)
	var errors strings.Builder
	command.Stderr = &errors
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, output, errors.String())
	}
	return string(output)
}

// nodeWithToken is the node that test.sh has started, with the repository's token on it.
func nodeWithToken(t *testing.T) string {
	t.Helper()
	url := os.Getenv("WORLDSTATE_RPC_URL")
	if url == "" {
		t.Fatal("WORLDSTATE_RPC_URL names no node: run bindings/go/test.sh")
	}
	return url
}
