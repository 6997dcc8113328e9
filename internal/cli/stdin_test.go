//go:build unix

package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInterruptedInput: a command that waits for what is typed ends with its context, though nobody types.
func TestInterruptedInput(t *testing.T) {
	s := newScreen(t, newFake())
	for _, args := range [][]string{
		{"pcside", "send", "--from", "a@b", "--to", "a@b", "-"},
		{"pcside", "mailbox", "import", "-"},
		{"pcside", "directory", "import", "-"},
		{"coordinator", "mmff", "show", "-"},
		{"coordinator", "mmff", "to-eml", "-"},
		{"coordinator", "proxy", "import", "-"},
	} {
		in, typed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		code := make(chan int)
		s.out, s.err = buffer{}, buffer{}
		go func() {
			code <- Run(ctx, testProgram(args[0]), Streams{In: in, Out: &s.out, Err: &s.err,
				Env: func(key string) (string, bool) { v, ok := s.env[key]; return v, ok }}, args)
		}()
		cancel()
		if got := <-code; got != exitFailed || s.out.String() != "" {
			t.Errorf("%v exits with %d, writes %q and says %q", args, got, s.out.String(), s.err.String())
		}
		_, _ = in.Close(), typed.Close()
	}
}

// TestTypedInput: what is typed piece by piece arrives whole.
func TestTypedInput(t *testing.T) {
	s := newScreen(t, newFake())
	in, typed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	go func() {
		for _, line := range []string{"VERSION:3.00\n", "one\n", "two\n"} {
			_, _ = typed.WriteString(line)
		}
		_ = typed.Close()
	}()
	code := Run(t.Context(), testProgram("coordinator"), Streams{In: in, Out: &s.out, Err: &s.err,
		Env: func(key string) (string, bool) { v, ok := s.env[key]; return v, ok }}, []string{"coordinator", "mmff", "show", "-"})
	if code != exitDone || !strings.HasSuffix(s.out.String(), "\none\ntwo\n") {
		t.Errorf("exits with %d, writes %q and says %q", code, s.out.String(), s.err.String())
	}
}

// TestInterruptedTree: between two files a long conversion looks whether it should end.
func TestInterruptedTree(t *testing.T) {
	s := newScreen(t, newFake())
	file, made := filepath.Join(t.TempDir(), "MMFF1.MSG"), t.TempDir()
	if err := os.WriteFile(file, []byte("VERSION:3.00\none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"coordinator", "mmff", "to-eml", file, "--save", made},
		{"coordinator", "mmff", "to-mbox", file, "--save", filepath.Join(made, "all.mbox")},
		{"coordinator", "mmff", "check", file},
	} {
		if code := s.run(ctx, args...); code != exitFailed {
			t.Errorf("%v exits with %d: %s", args, code, s.err.String())
		}
	}
	if left, err := os.ReadDir(made); err != nil || len(left) > 0 {
		t.Errorf("made %v, %v", left, err)
	}
}
