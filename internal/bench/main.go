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
	"text/tabwriter"
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
	out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	defer out.Flush()
	if err := printRates(ctx, out, p, dir, period, rounds); err != nil {
		return err
	}
	if !all {
		return nil
	}
	if err := printIdle(ctx, out, p, dir, rounds); err != nil {
		return err
	}
	return printMemory(ctx, out, p, queued)
}

func printRates(ctx context.Context, out *tabwriter.Writer, p *pair, dir string, period time.Duration, rounds int) error {
	fmt.Fprintln(out, "Durable end to end, two hops, mutual TLS; beside it one file a message in a directory (one hop)\t")
	fmt.Fprintln(out, "size\tsubmitters\tmsg/s\tCPU us/msg\tfile msg/s\tratio\t")
	for _, size := range sizes {
		for _, n := range submitters {
			var rates, cpus, files []float64
			for range rounds {
				r, err := p.measureRate(ctx, size, n, period)
				if err != nil {
					return fmt.Errorf("%d bytes, %d submitters: %w", size, n, err)
				}
				f, err := measureFiles(dir, size, n, period/3)
				if err != nil {
					return err
				}
				rates, cpus, files = append(rates, r.perSecond), append(cpus, r.cpuMicros), append(files, f)
			}
			fmt.Fprintf(out, "%d\t%d\t%.0f\t%.0f\t%.0f\t%.1f\t\n", size, n, median(rates), median(cpus), median(files), median(rates)/median(files))
			out.Flush()
		}
	}
	return nil
}

func printIdle(ctx context.Context, out *tabwriter.Writer, p *pair, dir string, rounds int) error {
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
	fmt.Fprintln(out, "\nIdle, one 4 KiB message every 50 ms, submit to receive\t")
	fmt.Fprintln(out, "p50 ms\tp99 ms\tflush p50 ms\tp50 in flushes\t")
	fmt.Fprintf(out, "%.2f\t%.2f\t%.2f\t%.1f\t\n", median(p50), median(p99), median(disk), median(p50)/median(disk))
	return out.Flush()
}

func printMemory(ctx context.Context, out *tabwriter.Writer, p *pair, queued int) error {
	empty, err := p.memory()
	if err != nil {
		return err
	}
	full, err := p.memoryQueued(ctx, queued)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nResident memory of pcside, MiB\t")
	fmt.Fprintf(out, "nothing queued\t%d queued\t\n", queued)
	fmt.Fprintf(out, "%.0f\t%.0f\t\n", empty, full)
	return out.Flush()
}

func median(v []float64) float64 { return quantile(v, 0.5) }

func quantile(v []float64, q float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[min(len(s)-1, int(q*float64(len(s))))]
}
