package service

import (
	"fmt"
	"io"
	"os"

	"sidegate/coordinator/handshake"
)

// handshakeSample reads the file of --handshake; without one there is no sample. It reads no more than shows that a file is
// too large to be one.
func handshakeSample(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--handshake: %w", err)
	}
	defer f.Close()
	sample, err := io.ReadAll(io.LimitReader(f, handshake.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("--handshake: %w", err)
	}
	if err := handshake.CheckSample(sample); err != nil {
		return nil, fmt.Errorf("--handshake: %s: %w", name, err)
	}
	return sample, nil
}
