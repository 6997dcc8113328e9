package admin

import (
	"testing"

	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	pb "sidegate/proto/sidegate/v1"
)

// TestPagesAreBounded: a page that is too large is refused, as at the sides, instead of being quietly made smaller.
func TestPagesAreBounded(t *testing.T) {
	srv, _ := newServer(t)
	for _, size := range []uint32{0, 1, 1000, 1001, 1 << 31} {
		_, queue := srv.ListQueueEntries(t.Context(), &pb.ListQueueEntriesRequest{PageSize: size})
		_, bad := srv.ListBadMail(t.Context(), &pb.ListBadMailRequest{PageSize: size})
		for list, err := range map[string]error{"queue": queue, "bad mail": bad} {
			want := codes.OK
			if size > 1000 {
				want = codes.InvalidArgument
			}
			if got := grpcstatus.Code(err); got != want {
				t.Errorf("%s, page of %d: %v, want %v", list, size, err, want)
			}
		}
	}
}
