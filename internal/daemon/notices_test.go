package daemon

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	pb "sidegate/proto/sidegate/v1"
)

// TestTroubles: what of a status is told to an administrator, and under which key; a key stays while the words change.
func TestTroubles(t *testing.T) {
	way := func(from, to, state string, depth uint32, conditions ...string) *pb.DirectionStatus {
		return &pb.DirectionStatus{From: from, To: to, State: state, Depth: depth, Conditions: conditions, Reason: "why"}
	}
	st := &pb.Status{
		Store: &pb.StoreStatus{StoreClass: "refusing", Reason: "1 MiB is free"},
		Links: []*pb.LinkStatus{
			{Peer: "macside", MissingMessageIds: []string{"a", "b"}, Error: "macside came back from an older copy", Directions: []*pb.DirectionStatus{
				way("here", "macside", "stalled", 3), way("macside", "here", "up", 0), way("here", "macside", "late", 1),
			}},
			{Peer: "switched off", Directions: []*pb.DirectionStatus{way("here", "switched off", "down", 0)}},
			{Peer: "missed", Directions: []*pb.DirectionStatus{way("here", "missed", "down", 2), way("here", "missed", "down", 2)}},
			{Peer: "held", Directions: []*pb.DirectionStatus{way("here", "held", "held", 2), way("here", "held", "unknown", 2)}},
		},
		Spool: &pb.SpoolStatus{Directory: "/spool", Legs: []*pb.DirectionStatus{
			way("coordinator", "the Macintosh half", "blind", 1, "second-gateway"), way("the Macintosh half", "coordinator", "share-down", 0, "second-gateway"),
			way("coordinator", "a half at night", "unknown", 1, "off-hours"), way("coordinator", "a half at work", "up", 1, "off-hours"),
		}},
	}
	got, asleep := map[string]string{}, []string{}
	for _, x := range troubles("here", st) {
		if got[x.Key] != "" {
			t.Errorf("%s is told of twice", x.Key)
		}
		got[x.Key] = x.Text
		if x.Asleep != (x.Text == "") {
			t.Errorf("%s: %+v", x.Key, x)
		}
		if x.Asleep {
			asleep = append(asleep, x.Key)
			delete(got, x.Key)
		}
	}
	if want := "share-down coordinator to a half at night, down coordinator to a half at night, stalled coordinator to a half at night, " +
		"blind coordinator to a half at night"; strings.Join(asleep, ", ") != want {
		t.Errorf("asleep: %s", strings.Join(asleep, ", "))
	}
	want := map[string]string{
		"store refusing":                               "The store of here is refusing: 1 MiB is free",
		"restored macside":                             "macside came back from an older copy. It lacks messages (2). Sessions are refused until it has a new identity.",
		"stalled here to macside":                      "here to macside is stalled: why",
		"down here to missed":                          "here to missed is down: why",
		"blind coordinator to the Macintosh half":      "coordinator to the Macintosh half is blind: why",
		"share-down the Macintosh half to coordinator": "the Macintosh half to coordinator is share-down: why",
		"second-gateway":                               "A second gateway works in the spool /spool (KB Q130066); nothing is written there until it is gone.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := troubles("here", &pb.Status{Store: &pb.StoreStatus{StoreClass: "ok"}}); len(got) != 0 {
		t.Errorf("all is well, and this is told: %v", got)
	}
}
