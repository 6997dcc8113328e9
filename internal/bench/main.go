// Command bench measures what a user gets: messages submitted over mutual TLS at pcside and received over mutual TLS
// at macside, durable at both, between real processes. Beside it, in the same run, it measures what such a user had
// before: one file a message in a shared directory, written, flushed and renamed, and the bare disk.
//
// Figures of one machine say little about another; the ratios in one run say more. It prints, for 1, 4 and 64 KiB and
// 1, 16 and 64 submitters, messages per second and CPU per message of both services and the client; the latency of
// single messages on an idle pair; and the memory of a side with nothing and with many messages queued.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bin := flag.String("bin", "bin", "directory of the binaries")
	period := flag.Duration("period", 3*time.Second, "how long each rate is measured")
	rounds := flag.Int("rounds", 3, "how often everything is measured; the median counts")
	queued := flag.Int("queued", 100_000, "messages queued for the memory figure")
	only := flag.Int("only", 0, "measure the rates of this size in bytes alone, and nothing else")
	flag.Parse()
	if *period <= 0 || *rounds < 1 || *queued < 0 || *only < 0 {
		fmt.Fprintln(os.Stderr, "bench: --period and --rounds want more than 0, --queued and --only nothing below it")
		os.Exit(2)
	}
	if *only > 0 {
		sizes = []int{*only}
	}
	if err := run(ctx, *bin, *period, *rounds, *queued, *only == 0); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// sizes and submitters span the table.
var (
	sizes      = []int{1 << 10, 4 << 10, 64 << 10}
	submitters = []int{1, 16, 64}
)

func run(ctx context.Context, bin string, period time.Duration, rounds, queued int, all bool) error {
	dir, err := os.MkdirTemp(".", ".bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := startPair(ctx, bin, dir)
	defer p.stop()
	if err != nil {
		return err
	}
	if err := printRates(ctx, p, dir, period, rounds); err != nil {
		return err
	}
	if !all {
		return nil
	}
	if err := printIdle(ctx, p, dir, rounds); err != nil {
		return err
	}
	return printMemory(ctx, p, queued)
}

func printRates(ctx context.Context, p *pair, dir string, period time.Duration, rounds int) error {
	fmt.Println("Durable end to end, two hops, mutual TLS; beside it one file a message in a directory (one hop)")
	fmt.Printf("%8s%12s%10s%14s%14s%8s%20s%14s\n", "size", "submitters", "msg/s", "CPU us/msg", "file msg/s", "ratio", "msg/flush pc, mac", "disk/payload")
	for _, size := range sizes {
		for _, n := range submitters {
			var rates []rate
			var files []float64
			for range rounds {
				r, err := p.measureRate(ctx, size, n, period)
				if err != nil {
					return fmt.Errorf("%d bytes, %d submitters: %w", size, n, err)
				}
				f, err := measureFiles(dir, size, n, period/3)
				if err != nil {
					return err
				}
				rates, files = append(rates, r), append(files, f)
			}
			printRate(size, n, rates, median(files))
		}
	}
	return nil
}

// printRate prints the medians.
func printRate(size, submitters int, rates []rate, files float64) {
	of := func(get func(rate) float64) float64 {
		var v []float64
		for _, r := range rates {
			v = append(v, get(r))
		}
		return median(v)
	}
	perSecond := of(func(r rate) float64 { return r.perSecond })
	cpu := of(func(r rate) float64 { return r.cpuMicros })
	pc, mac := of(func(r rate) float64 { return r.pcFlushes }), of(func(r rate) float64 { return r.macFlushes })
	disk := of(func(r rate) float64 { return r.diskBytes })
	fmt.Printf("%8d%12d%10.0f%14.0f%14.0f%8.1f%10.1f%10.1f%14.1f\n",
		size, submitters, perSecond, cpu, files, perSecond/files, 1/pc, 1/mac, disk/float64(size))
}

func printIdle(ctx context.Context, p *pair, dir string, rounds int) error {
	const messages, pace = 100, 50 * time.Millisecond
	var p50, p99, disk []float64
	for range rounds {
		l, err := p.measureIdle(ctx, 4<<10, messages, pace)
		if err != nil {
			return err
		}
		d, err := measureFlush(dir, messages, pace)
		if err != nil {
			return err
		}
		p50, p99, disk = append(p50, quantile(l, 0.5)), append(p99, quantile(l, 0.99)), append(disk, quantile(d, 0.5))
	}
	fmt.Println("\nIdle, one 4 KiB message every 50 ms, submit to receive")
	fmt.Printf("%8s%10s%16s%18s\n", "p50 ms", "p99 ms", "flush p50 ms", "p50 in flushes")
	fmt.Printf("%8.2f%10.2f%16.2f%18.1f\n", median(p50), median(p99), median(disk), median(p50)/median(disk))
	return nil
}

func printMemory(ctx context.Context, p *pair, queued int) error {
	empty, err := p.memory()
	if err != nil {
		return err
	}
	full, err := p.memoryQueued(ctx, queued)
	if err != nil {
		return err
	}
	fmt.Println("\nResident memory of pcside, MiB")
	fmt.Printf("%16s%10d queued\n", "nothing queued", queued)
	fmt.Printf("%16.0f%17.0f\n", empty, full)
	return nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(v []float64) float64 { return quantile(v, 0.5) }

func quantile(v []float64, q float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[min(len(s)-1, int(q*float64(len(s))))]
}
