package side

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	pb "sidegate/proto/sidegate/v1"
)

// listed is everybody in the directory.
func (w *world) listed() string {
	var out []string
	for e := range w.book.Own().All() {
		out = append(out, e.Name+"="+e.Address.String())
	}
	return strings.Join(out, "; ")
}

func (w *world) want(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// A mailbox stands in the directory under its name, as long as it has both, over power cuts too.
func TestMailboxNames(t *testing.T) {
	w := newWorld(t, settings{})
	ann := []string{"sidegate://user/ann"}
	create := func(address, name string) string {
		r, err := w.boxes.CreateMailbox(w.as("operator"), &pb.CreateMailboxRequest{Address: address, Owners: ann, DisplayName: name})
		return r.GetMailbox().GetDisplayName() + " " + refusal(err)
	}
	rename := func(who, address, name string) string {
		r, err := w.boxes.UpdateMailboxName(w.as(who), &pb.UpdateMailboxNameRequest{Address: address, DisplayName: name})
		return r.GetMailbox().GetDisplayName() + " " + refusal(err)
	}
	w.want("made", create("ann@Here", " Ann   Lee "), "Ann Lee OK")
	w.want("made without a name", create("bob@Here", ""), " OK")
	w.want("made with two lines", create("c@Here", "C\nD"), " InvalidArgument display_name")
	w.want("made with too long a name", create("c@Here", strings.Repeat("x", 257)), " InvalidArgument display_name")
	w.want("made again", create("ann@Here", "Another"), " AlreadyExists MAILBOX_EXISTS")
	w.want("listed", w.listed(), "Ann Lee=ann@Here")
	w.want("named", rename("operator", "BOB@here", "Bob"), "Bob OK")
	w.want("named by a user", rename("ann", "ann@Here", "Queen"), " PermissionDenied OPERATOR_ONLY")
	w.want("nobody named", rename("operator", "x@Here", "X"), " NotFound NO_SUCH_MAILBOX")
	w.want("named badly", rename("operator", "bob@Here", " "), " InvalidArgument display_name")
	w.want("listed", w.listed(), "Ann Lee=ann@Here; Bob=bob@Here")
	again := newWorld(t, settings{disk: w.disk.CrashClone(vfs.CrashCloneCfg{})})
	w.want("listed after a power cut", again.listed(), "Ann Lee=ann@Here; Bob=bob@Here")
	r, err := w.boxes.ListMailboxes(w.as("ann"), &pb.ListMailboxesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, box := range r.Mailboxes {
		names = append(names, fmt.Sprintf("%s=%s", box.DisplayName, box.Address))
	}
	w.want("mailboxes", strings.Join(names, "; "), "Ann Lee=ann@Here; Bob=bob@Here")
	w.want("name taken away", rename("operator", "ann@Here", ""), " OK")
	if _, err := w.boxes.DeleteMailbox(w.as("operator"), &pb.DeleteMailboxRequest{Address: "bob@Here"}); err != nil {
		t.Fatal(err)
	}
	w.want("listed in the end", w.listed(), "")
	w.want("made anew", create("bob@Here", ""), " OK")
	again = newWorld(t, settings{disk: w.disk.CrashClone(vfs.CrashCloneCfg{})})
	w.want("listed after another power cut", again.listed(), "")
}
