package intake

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/wire"
)

// TestNobodyAnswersForPostmaster: KB Q119047. What comes from a spool for a name that reports rests in bad mail with one
// report; what such a name sends itself never causes one, so that two such names cannot answer each other for ever.
func TestNobodyAnswersForPostmaster(t *testing.T) {
	for _, tt := range []struct {
		name, sender, to string
		class            mail.Class
		bad, ann         []string
	}{
		{"an answer to a receipt", "ann@Here", "NET/PO/POSTOFFICE", mail.Note, []string{"hello:NOT_REPLIABLE:NET/PO/POSTOFFICE"}, []string{"about hello"}},
		{"in small letters, where mailboxes make themselves", "ann@Here", "net/po/postmaster", mail.Note, []string{"hello:NOT_REPLIABLE:net/po/postmaster"}, []string{"about hello"}},
		{"one name to the other", "NET/PO/POSTMASTER", "NET/PO/POSTOFFICE", mail.Note, []string{"hello:NOT_REPLIABLE:NET/PO/POSTOFFICE"}, nil},
		{"a name to nobody", "NET/PO/POSTMASTER", "x@Nowhere", mail.Note, []string{"hello:NO_ROUTE:x@Nowhere"}, nil},
		{"somebody who is called so on a Macintosh", "ann@Here", "POSTMASTER@Here", mail.Note, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEnd(t, local, func(o *Options) { o.AutoMailbox = true })
			e.boxes("ann@Here")
			s := e.submission(tt.sender, "hello", tt.to)
			s.Message.Origin, s.Message.Class = mail.FromLegacy, tt.class
			if _, err := e.Submit(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]string{tt.bad, tt.ann}, [][]string{e.bad(), e.inbox("ann@Here")}); diff != "" {
				t.Errorf("bad mail and ann (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPostmasterWithAMailbox: an operator may have made a mailbox of that name.
func TestPostmasterWithAMailbox(t *testing.T) {
	e := newEnd(t, local, nil)
	e.boxes("ann@Here", "NET/PO/POSTMASTER")
	s := e.submission("ann@Here", "hello", "NET/PO/POSTMASTER")
	s.Message.Origin = mail.FromLegacy
	if _, err := e.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got := e.inbox("NET/PO/POSTMASTER"); len(got) != 1 {
		t.Errorf("the mailbox has %q", got)
	}
}

// TestFaxFiles: README 3.2 (KB Q134757), number 17. What a fax gateway would refuse is refused where it enters, with the
// name of the file; others of the message get theirs.
func TestFaxFiles(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rule   FaxRule
		origin mail.Origin
		files  []string
		field  string   // at fault, for a client
		bad    []string // for a file
	}{
		{"text and pictures", FaxRefuse, mail.FromClient, []string{"a.TXT", "b b.pcx", "c.Dcx"}, "", nil},
		{"what Windows adds", FaxRefuse, mail.FromClient, []string{"WINMAIL.DAT", "a.txt"}, "", nil},
		{"none", FaxRefuse, mail.FromClient, nil, "", nil},
		{"a document, by a client", FaxRefuse, mail.FromClient, []string{"a.txt", "b.doc"}, "message.attachments[1].file_name", nil},
		{"an extension alone", FaxRefuse, mail.FromClient, []string{".txt"}, "message.attachments[0].file_name", nil},
		{"no extension", FaxRefuse, mail.FromClient, []string{"Read Me"}, "message.attachments[0].file_name", nil},
		{"a document, from a file", FaxRefuse, mail.FromLegacy, []string{"b.doc"}, "", []string{"hello:FAX_FILE:FAX:12345"}},
		{"warned of", FaxWarn, mail.FromClient, []string{"b.doc"}, "", nil},
		{"taken", FaxAny, mail.FromLegacy, []string{"b.doc"}, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEnd(t, route.Options{Serves: local.Serves}, func(o *Options) { o.FaxFiles = tt.rule })
			e.boxes("ann@Here", "bob@Here")
			e.announce("pc", "FAX:*")
			s := e.submission("ann@Here", "hello", "FAX:12345", "bob@Here")
			s.Message.Origin = tt.origin
			for _, name := range tt.files {
				s.Message.Attachments = append(s.Message.Attachments, mail.Attachment{Name: name})
			}
			_, err := e.Submit(t.Context(), s)
			var field *wire.FieldError
			if tt.field != "" {
				if !errors.As(err, &field) || field.Field != tt.field || field.Reason != ReasonFaxFile {
					t.Errorf("got %v, want a fault in %s", err, tt.field)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			faxes, reports := []string{"hello:FAX:12345"}, []string(nil)
			if tt.bad != nil {
				faxes, reports = nil, []string{"about hello"}
			}
			want := [][]string{faxes, tt.bad, reports, {"hello"}}
			if diff := cmp.Diff(want, [][]string{e.lane("pc"), e.bad(), e.inbox("ann@Here"), e.inbox("bob@Here")}); diff != "" {
				t.Errorf("fax, bad mail, ann, bob (-want +got):\n%s", diff)
			}
		})
	}
}
