package convert

import (
	"errors"
	"fmt"
	"testing"

	"sidegate/internal/mail"
)

// faxed makes a delivery of one enclosed file.
func faxed(e enclosure, recipients ...string) *mail.Delivery {
	d := with(e)
	d.Recipients = addresses(recipients...)
	d.Message.To = d.Recipients
	return d
}

// TestFaxFiles: README 3.2 (KB Q134757), number 17. The fax gateway gets text and pictures as they are, never as MacBinary;
// what it would refuse is refused here, with the name of the file, if that is wished.
func TestFaxFiles(t *testing.T) {
	for _, c := range []struct {
		e       enclosure
		refused bool
	}{
		{macMail("letter.txt", "TEXT", "ttxt", "text", ""), false},
		{macMail("picture.PCX", "PCXf", "8BIM", "a picture", "its preview"), false},
		{macMail("Report", "WDBN", "MSWD", "a document", ""), true},
		{macMail("report.doc", "WDBN", "MSWD", "a document", ""), true},
	} {
		for _, refusing := range []bool{false, true} {
			conv := New(Options{Peer: PC(), Zone: zone, Now: now, RefuseFaxFiles: refusing})
			_, err := conv.ToMMFF(faxed(c.e, "FAX:12345"))
			var refusal *Refusal
			if c.refused && refusing {
				if !errors.As(err, &refusal) || refusal.Reason != ReasonFaxFile {
					t.Errorf("%s: %v, want a refusal", c.e.Name, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", c.e.Name, err)
			}
			if got := written(t, conv, faxed(c.e, "FAX:12345")).Attachments[0].Content; string(got) != string(c.e.data) {
				t.Errorf("%s: the fax gateway gets %q", c.e.Name, got)
			}
		}
	}
}

// TestFaxesAndPeople: people get a file of their own, with all of a Macintosh file.
func TestFaxesAndPeople(t *testing.T) {
	d := faxed(macMail("picture.PCX", "PCXf", "8BIM", "a picture", "its preview"), "FAX:1", "NET/PO/USER", "FAX:2")
	parts := Split(d)
	if got := fmt.Sprint(len(parts), parts[0].Recipients, parts[1].Recipients); got != "2 [NET/PO/USER] [FAX:1 FAX:2]" {
		t.Fatalf("parts: %s", got)
	}
	got, _ := opened(t, converter(PC()), write(t, converter(PC()), parts[0]).Data)
	if string(got[0].resource) != "its preview" {
		t.Errorf("the file for people holds %q and %q", got[0].data, got[0].resource)
	}
	d.Message.Attachments = nil
	if parts := Split(d); len(parts) != 1 {
		t.Errorf("a text alone is parted in %d", len(parts))
	}
}
