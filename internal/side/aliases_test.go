package side

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

func (w *world) alias(who, box string, aliases ...string) (string, error) {
	r, err := w.boxes.AddMailboxAliases(w.as(who), &pb.AddMailboxAliasesRequest{Address: box, Aliases: aliases})
	return fmt.Sprint(r.GetMailbox().GetAliases()), err
}

func TestAliasCalls(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("bob@Here", "bob")
	many := make([]string, MaxAliases+1)
	for i := range many {
		many[i] = fmt.Sprintf("NET/PO/A%d", i)
	}
	for _, tt := range []struct {
		name, who, box string
		aliases        []string
		has, want      string
	}{
		{"a user adds one", "ann", "ann@Here", []string{"NET/PO/ANN"}, "[]", "PermissionDenied OPERATOR_ONLY"},
		{"to no mailbox", "operator", "carl@Here", []string{"NET/PO/CARL"}, "[]", "NotFound NO_SUCH_MAILBOX"},
		{"nothing", "operator", "ann@Here", nil, "[]", "InvalidArgument aliases"},
		{"no address", "operator", "ann@Here", []string{"NET/PO/ANN", "nonsense"}, "[]", "InvalidArgument aliases[1]"},
		{"one that breaks the dialect", "operator", "ann@Here", []string{"a!n@There"}, "[]", "InvalidArgument aliases[0]"},
		{"a pattern", "operator", "ann@Here", []string{"NET/PO/*"}, "[]", "InvalidArgument aliases[0]"},
		{"too many at once", "operator", "ann@Here", many, "[]", "InvalidArgument aliases"},
		{"the address of another", "operator", "ann@Here", []string{"NET/PO/ANN", "BOB@here"}, "[]", "AlreadyExists ALIAS_TAKEN"},
		{"one not served here", "operator", "ann@Here", []string{"MACNET/MACPO/T60009AN", "ann@There"}, "[MACNET/MACPO/T60009AN ann@There]", "OK"},
		{"the same and one more", "operator", "ANN@here", []string{"ann@THERE", "NET/PO/ANN"}, "[MACNET/MACPO/T60009AN ann@There NET/PO/ANN]", "OK"},
		{"the alias of another", "operator", "bob@Here", []string{"NET/PO/ANN"}, "[]", "AlreadyExists ALIAS_TAKEN"},
		{"too many in all", "operator", "ann@Here", many[:MaxAliases], "[]", "FailedPrecondition TOO_MANY_ALIASES"},
	} {
		has, err := w.alias(tt.who, tt.box, tt.aliases...)
		if got := refusal(err); got != tt.want || has != tt.has {
			t.Errorf("%s: %s %s (%v), want %s %s", tt.name, got, has, err, tt.want, tt.has)
		}
	}
	if got := len(w.store.Aliases()); got != 3 {
		t.Errorf("%d aliases are kept, want 3", got)
	}
	if _, err := w.boxes.CreateMailbox(w.as("operator"), &pb.CreateMailboxRequest{Address: "ann@There", Owners: []string{"sidegate://user/x"}}); refusal(err) != "AlreadyExists MAILBOX_EXISTS" {
		t.Errorf("a mailbox was made of an alias: %v", err)
	}
	r, err := w.boxes.RemoveMailboxAliases(w.as("operator"), &pb.RemoveMailboxAliasesRequest{Address: "ann@Here", Aliases: []string{"ann@there", "never@Was"}})
	if got := fmt.Sprint(r.GetMailbox().GetAliases()); err != nil || got != "[MACNET/MACPO/T60009AN NET/PO/ANN]" {
		t.Errorf("after removing one: %s, %v", got, err)
	}
	if _, err := w.boxes.RemoveMailboxAliases(w.as("bob"), &pb.RemoveMailboxAliasesRequest{Address: "ann@Here", Aliases: []string{"NET/PO/ANN"}}); refusal(err) != "PermissionDenied OPERATOR_ONLY" {
		t.Errorf("a user takes one away: %v", err)
	}
}

// TestMailToAnAlias shows that an alias is a name of its mailbox for everything: sending, receiving, reading, and who may.
func TestMailToAnAlias(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	w.box("bob@Here", "bob")
	if _, err := w.alias("operator", "bob@Here", "OLD/PO/BOB", "robert@There"); err != nil {
		t.Fatal(err)
	}
	id := w.send("ann", note("ann@Here", "old address", "b", "OLD/PO/BOB"))
	w.send("ann", note("ann@Here", "all addresses", "b", "robert@There", "bob@Here", "OLD/PO/BOB"))
	for _, name := range []string{"bob@Here", "old/po/bob", "Robert@There"} {
		if diff := cmp.Diff("old address all addresses", w.subjects("bob", name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := w.mail.ListMessages(w.as("ann"), &pb.ListMessagesRequest{Mailbox: "OLD/PO/BOB"}); refusal(err) != "PermissionDenied MAILBOX_NOT_OWNED" {
		t.Errorf("somebody else reads by the alias: %v", err)
	}
	if got := w.list("bob", "bob@Here")[0].Message.Recipients.GetTo(); len(got) != 1 || got[0] != "OLD/PO/BOB" {
		t.Errorf("the header says %q, not what was written", got)
	}
	w.send("bob", note("robert@There", "by the alias", "b", "ann@Here"))
	if got := w.list("ann", "ann@Here")[0].Message.Sender; got != "robert@There" {
		t.Errorf("the sender is %s, not the one written", got)
	}
	if _, err := w.mail.SubmitMessage(w.as("ann"), &pb.SubmitMessageRequest{Message: note("robert@There", "forged", "b", "ann@Here")}); refusal(err) != "PermissionDenied MAILBOX_NOT_OWNED" {
		t.Errorf("somebody else sends by the alias: %v", err)
	}
	r, err := w.mail.AcknowledgeMessages(w.as("bob"), &pb.AcknowledgeMessagesRequest{Mailbox: "robert@There", MessageIds: []string{id}})
	if err != nil || r.AcknowledgedCount != 1 {
		t.Errorf("acknowledged by an alias: %v, %v", r, err)
	}
	track, err := w.mail.TrackMessage(w.as("ann"), &pb.TrackMessageRequest{MessageId: id})
	if err != nil || len(track.Recipients) != 1 || track.Recipients[0].Address != "OLD/PO/BOB" || track.Recipients[0].State != "delivered" {
		t.Errorf("the sender is told %v, %v", track.GetRecipients(), err)
	}
	if _, err := w.boxes.DeleteMailbox(w.as("operator"), &pb.DeleteMailboxRequest{Address: "OLD/PO/BOB", Force: true}); err != nil {
		t.Errorf("removed by an alias: %v", err)
	}
	if ps, _ := w.routes.Announced("any"); len(ps) != len(w.routes.Served()) {
		t.Errorf("with the mailbox its aliases go, but %v are announced", ps)
	}
}

// TestAliasesFitAnAnnouncement shows that there are never more aliases than peers can be told of.
func TestAliasesFitAnAnnouncement(t *testing.T) {
	w := newWorld(t, settings{})
	w.box("ann@Here", "ann")
	long := strings.Repeat("x", 400)
	for i := 0; i*64*400 < maxAliasBytes; i++ {
		box := fmt.Sprintf("box%d@Here", i)
		w.box(box, "bob")
		if err := w.store.Commit(t.Context(), func(tx *store.Tx) error {
			for n := range 64 {
				if _, err := tx.AddAlias(mail.MustAddress(box), mail.MustAddress(fmt.Sprintf("%d.%d.%s@There", i, n, long))); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.alias("operator", "ann@Here", "one@There"); refusal(err) != "ResourceExhausted TOO_MANY_ALIASES" {
		t.Errorf("one more than can be announced: %v", err)
	}
	if box, err := w.store.Mailbox(mail.MustAddress("ann@Here")); err != nil || len(box.Aliases) != 0 {
		t.Errorf("a refused alias was kept: %v, %v", box.Aliases, err)
	}
}
