package intake

import (
	"encoding/json"
	"reflect"
	"regexp"
	"testing"

	"sidegate/internal/bounds"
	"sidegate/internal/mail"
	"sidegate/internal/route"
)

// FuzzRemembered: a record of an announcement is refused, or reads as it was written.
func FuzzRemembered(f *testing.F) {
	sound, err := json.Marshal(remember(route.Announcement{End: "macside", Order: 1, Generation: 7, MaxMessageBytes: 1 << 20,
		Patterns: []mail.Pattern{mail.MustPattern("*@Marketing"), mail.MustPattern("*")}, Except: map[string]bool{"msmail:a@marketing": true}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add([]byte(`{"patterns":["*",""]}`))
	f.Add([]byte(`{"except":[null]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, value []byte) {
		var a route.Announcement
		var err error
		bounds.Allocation(t, len(value), func() { a, err = parseRemembered("peer", value) })
		if err != nil {
			return
		}
		written, err := json.Marshal(remember(a))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseRemembered("peer", written); err != nil || !reflect.DeepEqual(again, a) {
			t.Fatalf("%s is read as %+v, written as %s and read as %+v (%v)", value, a, written, again, err)
		}
	})
}

// uuidShape is how message IDs look.
var uuidShape = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// FuzzDetails: what a trace says of a message's sender and of its retries reads back, and other text is not taken for it.
func FuzzDetails(f *testing.F) {
	f.Add("NET/PO/USER", "01993c2e-0000-7000-8000-000000000000", "from NET/PO/USER")
	f.Add("MSMAIL:a, from b@c", "", "retry of x, from y")
	f.Add("SMTP:a@b", "x, from y", "as ")
	f.Fuzz(func(t *testing.T, sender, id, garbage string) {
		bounds.Allocation(t, len(garbage), func() {
			_, _, _ = ParseSubmitted(garbage)
			_, _ = ParseRetried(garbage)
		})
		if as, ok := ParseRetried(retriedDetail(mail.ID(id))); ok != (id != "") || string(as) != id {
			t.Fatalf("a retry as %q is read as %q, %v", id, as, ok)
		}
		from, err := mail.ParseAddress(sender)
		if err != nil || mail.ID(id) != "" && !uuidShape.MatchString(id) {
			return
		}
		got, retryOf, ok := ParseSubmitted(submittedDetail(&mail.Message{Sender: from, RetryOf: mail.ID(id)}))
		if !ok || got != from || string(retryOf) != id {
			t.Fatalf("%v, a retry of %q, is read as %v and %q (%v)", from, id, got, retryOf, ok)
		}
	})
}
