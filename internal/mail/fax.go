package mail

import "strings"

// TypeFax is the type of addresses behind the fax gateway of a PC postoffice.
const TypeFax = "FAX"

// faxExtensions are the kinds of files that the fax gateway of PC Mail took: plain text and two kinds of pictures. It told
// them apart by the extension, and refused all others (KB Q134757).
var faxExtensions = []string{".TXT", ".PCX", ".DCX"}

// Unfaxable finds the first attachment that a fax gateway cannot send. WINMAIL.DAT does not count: Windows clients add it
// unasked (KB Q126648).
func (m *Message) Unfaxable() (index int, found bool) {
	for i := range m.Attachments {
		if name := strings.ToUpper(strings.TrimSpace(m.Attachments[i].Name)); name != "WINMAIL.DAT" && !faxable(name) {
			return i, true
		}
	}
	return 0, false
}

func faxable(name string) bool {
	for _, ext := range faxExtensions {
		if strings.HasSuffix(name, ext) && len(name) > len(ext) {
			return true
		}
	}
	return false
}
