package worldstate

import (
	"strings"
	"testing"
)

func TestAnotherBinaryInterfaceIsRefused(t *testing.T) {
	if err := checkLibrary(); err != nil {
		t.Fatal(err)
	}
	if Version() == "" {
		t.Fatal("no version")
	}
	err := compareVersions(2, 1)
	if err == nil || !strings.Contains(err.Error(), "version 2") || !strings.Contains(err.Error(), "version 1") {
		t.Fatal(err)
	}
}
