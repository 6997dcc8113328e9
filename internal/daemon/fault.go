package daemon

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// FaultVariable names the environment variable with which tests make a program die at a durable step:
// SIDEGATE_FAULT=link.take.after:3 kills the process, as kill -9 does, the third time it comes there.
const FaultVariable = "SIDEGATE_FAULT"

// faultFrom reads a fault from its text; an empty one never strikes.
func faultFrom(text string) (func(point string), error) {
	if text == "" {
		return func(string) {}, nil
	}
	point, count, counted := strings.Cut(text, ":")
	left := int64(1)
	if counted {
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s=%q: write POINT or POINT:COUNT", FaultVariable, text)
		}
		left = n
	}
	var hits atomic.Int64
	return func(at string) {
		if at == point && hits.Add(1) == left {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // does not return
			select {}
		}
	}, nil
}
