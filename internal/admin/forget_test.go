package admin

import (
	"testing"

	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	pb "sidegate/proto/sidegate/v1"
)

func TestForgetPeer(t *testing.T) {
	srv, st := newServer(t)
	const gone = "0197a000-0000-7000-8000-000000000001"
	srv.o.Routes.Replace(route.Announcement{Peer: gone, End: "macside", Patterns: []mail.Pattern{mail.MustPattern("*@Marketing")}})
	id := submit(t, srv, "NET/PO/ANN", "bob@Marketing")
	if got := st.Lane(gone).Depth; got != 1 {
		t.Fatalf("%d messages wait for the other end", got)
	}
	for name, tt := range map[string]struct {
		request *pb.ForgetPeerRequest
		want    codes.Code
	}{
		"nobody":          {&pb.ForgetPeerRequest{StoreId: "0197a000-0000-7000-8000-00000000ffff"}, codes.NotFound},
		"no ID":           {&pb.ForgetPeerRequest{StoreId: "macside"}, codes.InvalidArgument},
		"a reason of two": {&pb.ForgetPeerRequest{StoreId: gone, Reason: "a\nb"}, codes.InvalidArgument},
	} {
		if _, err := srv.ForgetPeer(t.Context(), tt.request); grpcstatus.Code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	out, err := srv.ForgetPeer(t.Context(), &pb.ForgetPeerRequest{StoreId: gone, Reason: "its disk is gone"})
	if err != nil || len(out.ReroutedMessageIds) != 1 || out.ReroutedMessageIds[0] != id || len(out.ReturnedMessageIds) != 0 {
		t.Fatalf("%v, %v", out, err)
	}
	if got := st.Lane(gone).Depth; got != 0 || len(srv.o.Routes.Announcements()) != 0 {
		t.Errorf("%d messages wait, announced is %v", got, srv.o.Routes.Announcements())
	}
	for _, l := range srv.Status().Lanes {
		if l.StoreId == gone || l.Lane == gone {
			t.Errorf("the status still shows %v", l)
		}
	}
}
