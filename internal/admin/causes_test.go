package admin

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	pb "sidegate/proto/sidegate/v1"
)

// TestOneCauseIsOneAlarm: a dead half is told of once, with the ways that go on through it.
func TestOneCauseIsOneAlarm(t *testing.T) {
	way := func(from, to, state, reason string) *pb.DirectionStatus {
		return &pb.DirectionStatus{From: from, To: to, State: state, Reason: reason}
	}
	link := func(ds ...*pb.DirectionStatus) *pb.LinkStatus { return &pb.LinkStatus{Directions: ds} }
	const silent, stays = "nothing has come for 1h", "MMFF1.MSG waits for 1h"
	for _, tt := range []struct {
		name   string
		status *pb.Status
		want   []string
	}{
		{"all is well", &pb.Status{Links: []*pb.LinkStatus{link(way("a", "b", "up", ""), way("b", "a", "late", "no beat for 3s"))}}, nil},
		{"a dead half, at its coordinator", &pb.Status{
			Links: []*pb.LinkStatus{
				link(way("coordinator", "pcside", "down", "legacy to coordinator: "+silent), way("pcside", "coordinator", "down", "coordinator to legacy: "+stays)),
				link(way("coordinator", "macside", "down", "legacy to coordinator: "+silent), way("macside", "coordinator", "down", "coordinator to legacy: "+stays)),
			},
			Spool: &pb.SpoolStatus{Legs: []*pb.DirectionStatus{way("legacy", "coordinator", "down", silent), way("coordinator", "legacy", "down", stays)}},
		}, []string{
			"legacy to coordinator is down: " + silent + "; coordinator to pcside and coordinator to macside suffer from it",
			"coordinator to legacy is down: " + stays + "; pcside to coordinator and macside to coordinator suffer from it",
		}},
		{"one reason for both ways", &pb.Status{
			Links: []*pb.LinkStatus{link(way("coordinator", "pcside", "share-down", "legacy to coordinator: it is gone"))},
			Spool: &pb.SpoolStatus{Legs: []*pb.DirectionStatus{way("legacy", "coordinator", "share-down", "it is gone"), way("coordinator", "legacy", "share-down", "it is gone")}},
		}, []string{"legacy to coordinator and coordinator to legacy are share-down: it is gone; coordinator to pcside suffers from it"}},
		{"seen from a side", &pb.Status{Links: []*pb.LinkStatus{
			link(way("pcside", "coordinator", "blind", "coordinator to legacy: "+stays), way("coordinator", "pcside", "up", "")),
		}}, []string{"coordinator to legacy is blind: " + stays + "; pcside to coordinator suffers from it"}},
		{"a peer that is gone", &pb.Status{Links: []*pb.LinkStatus{
			link(way("pcside", "macside", "down", "no beat for 11s"), way("macside", "pcside", "down", "no beat for 11s")),
		}}, []string{"pcside to macside and macside to pcside are down: no beat for 11s"}},
		{"worst first, and what only looks alike apart", &pb.Status{Links: []*pb.LinkStatus{
			link(way("a", "b", "stalled", "it takes nothing"), way("b", "a", "down", "it takes nothing")),
			link(way("a", "c", "down", "dial tcp to c: refused")),
		}}, []string{"b to a is down: it takes nothing", "a to c is down: dial tcp to c: refused", "a to b is stalled: it takes nothing"}},
		{"the clock went on between two looks", &pb.Status{
			Links: []*pb.LinkStatus{link(way("pcside", "coordinator", "down", "coordinator to legacy: MMFF1.MSG waits for 59m59s"))},
			Spool: &pb.SpoolStatus{Legs: []*pb.DirectionStatus{way("coordinator", "legacy", "down", stays)}},
		}, []string{"coordinator to legacy is down: " + stays + "; pcside to coordinator suffers from it"}},
	} {
		var got []string
		for _, c := range causes(tt.status) {
			got = append(got, c.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
