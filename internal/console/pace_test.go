package console

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "sidegate/proto/sidegate/v1"
)

// TestPaceOfASpool: how long the volume takes, when the old half works, and how much is remembered, as metrics and on the page.
func TestPaceOfASpool(t *testing.T) {
	w, c := newWorld(t)
	w.mu.Lock()
	w.status.Store = &pb.StoreStatus{StoreClass: "ok", RememberedIds: 12, RememberedBytes: 3456, ForgottenEarly: 7}
	w.status.Spool = &pb.SpoolStatus{
		Directory: "/spool", Role: "pc", ConnectTimes: []string{"Mon-Fri 08:00-18:00"},
		NextConnectTime: timestamppb.New(time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)), SecondGatewaySigns: []string{"MMFF2.WRT <is not ours>"},
		ListingTimes: []*pb.ListingTime{{Directory: "MACTOPC", Count: 4, Last: durationpb.New(time.Second), Longest: durationpb.New(6 * time.Second), Total: durationpb.New(9 * time.Second)}},
	}
	w.mu.Unlock()
	metrics := ask(c, "/metrics", "127.0.0.1:1").Body.String()
	for _, line := range []string{
		`sidegate_spool_listing_last_seconds{directory="MACTOPC"} 1`, `sidegate_spool_listing_longest_seconds{directory="MACTOPC"} 6`,
		`sidegate_spool_listing_seconds_sum{directory="MACTOPC"} 9`, `sidegate_spool_listing_seconds_count{directory="MACTOPC"} 4`,
		`sidegate_spool_off_hours 1`, `sidegate_store_remembered_ids 12`, `sidegate_store_remembered_bytes 3456`, `sidegate_store_forgotten_early_total 7`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("metrics lack %q", line)
		}
	}
	page := ask(c, "/", "127.0.0.1:1").Body.String()
	for _, text := range []string{"<code>Mon-Fri 08:00-18:00</code>", "Mail moves again 2024-01-01 08:00:00 UTC", "MMFF2.WRT &lt;is not ours&gt;"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}
