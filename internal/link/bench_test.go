package link

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	pb "sidegate/proto/sidegate/v1"
)

// BenchmarkLink has 64 submitters that each wait until their message is durable, over TCP and real disks, and ends when
// the last message is released. It reports how many messages share one commit of the receiver.
func BenchmarkLink(b *testing.B) {
	for _, size := range []int{1 << 10, 4 << 10, 64 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) { benchmarkLink(b, size) })
	}
}

func benchmarkLink(b *testing.B, size int) {
	openStore := func() *store.Store {
		engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{FS: vfs.Default})
		if err != nil {
			b.Fatal(err)
		}
		s, err := store.Open(engine, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	from, to := openStore(), openStore()
	if err := to.Commit(b.Context(), func(tx *store.Tx) error { _, err := tx.AddMailbox(box, nil); return err }); err != nil {
		b.Fatal(err)
	}
	taker := &boxes{store: to}
	here := New(Options{Store: from, End: "pcside", Taker: &boxes{store: from}})
	there := New(Options{Store: to, End: "macside", Taker: taker})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(MaxReceive))
	pb.RegisterLinkServiceServer(server, there.Server())
	go server.Serve(listener)
	here.Dial(Peer{Address: listener.Addr().String(), Options: []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = here.Run(ctx) })
	running.Go(func() { _ = there.Run(ctx) })

	lane := store.Lane(to.ID())
	submit := func() error {
		d := from.NewDraft(int64(size))
		defer d.Discard()
		if _, err := d.Write(make([]byte, size)); err != nil {
			return err
		}
		if err := d.Seal(); err != nil {
			return err
		}
		m := &mail.Message{
			ID: from.NewID(), Class: mail.Note, Sender: mail.MustAddress("NET/PO/ANNA"), To: []mail.Address{box}, Subject: "a subject", Priority: 3,
			Submitted: time.Now(), BodySize: d.Size(), Size: d.Size(), SHA256: d.SHA256(), OriginStore: from.ID(), Origin: mail.FromClient,
		}
		return from.Commit(ctx, func(tx *store.Tx) error {
			if err := tx.Keep(m, d); err != nil {
				return err
			}
			_, err := tx.Enqueue(lane, store.Entry{MessageID: m.ID, Recipients: []mail.Address{box}})
			return err
		})
	}
	var submitters sync.WaitGroup
	work := make(chan struct{})
	b.SetBytes(int64(size))
	b.ResetTimer()
	for range 64 {
		submitters.Go(func() {
			for range work {
				if err := submit(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	submitters.Wait()
	for deadline := time.Now().Add(time.Minute); from.Lane(lane).Released < uint64(b.N); {
		if time.Now().After(deadline) {
			b.Fatalf("released %d of %d: %+v", from.Lane(lane).Released, b.N, here.Status())
		}
		<-time.After(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64(b.N)/float64(max(1, taker.calls.Load())), "msg/commit")
	cancel()
	running.Wait()
	server.Stop()
	_, _ = from.Close(), to.Close()
}
