package convert

import "sidegate/internal/mail"

// ReasonFaxFile is why a message for a fax gateway is refused: a file goes with it that cannot be sent. KB Q134757.
const ReasonFaxFile = "FAX_FILE"

// withoutFaxes parts the addresses behind a fax gateway from the others.
func withoutFaxes(list []mail.Address) (people, faxes []mail.Address) {
	for _, a := range list {
		if a.Type == mail.TypeFax {
			faxes = append(faxes, a)
		} else {
			people = append(people, a)
		}
	}
	return people, faxes
}

// checkFax refuses a file for a fax gateway that cannot send what is attached, where that is wished, so that the sender is
// told why.
func (c *Converter) checkFax(d *mail.Delivery) error {
	i, found := d.Message.Unfaxable()
	if _, faxes := withoutFaxes(d.Recipients); !found || len(faxes) == 0 || !c.options.RefuseFaxFiles {
		return nil
	}
	return refuse(ReasonFaxFile, "%q cannot be sent by fax: a fax gateway takes files called .TXT, .PCX or .DCX only", d.Message.Attachments[i].Name)
}

// forFax reports whether the file is for a fax gateway. It prints what is in a data fork, and takes MacBinary for a picture
// that it cannot read.
func (w *writer) forFax() bool {
	people, faxes := withoutFaxes(w.d.Recipients)
	return len(people) == 0 && len(faxes) > 0
}
