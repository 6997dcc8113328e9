package convert

import (
	"bytes"
	"math/rand/v2"
	"time"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/convert/mappings"
	"sidegate/internal/mail"
)

// finderTypes are types and creators as a Finder of the time knew them. KB Q76093, Q104422, Q157948, Q131097.
var finderTypes = []string{
	"TEXTMSWD", "TEXTttxt", "TEXTMPS ", "W6BNMSWD", "WDBNMSWD", "XLS3XCEL", "XLS5XCEL", "sLM3XCEL", "MPP MSPJ", "SIT!SIT!", "SITDSIT!", "PICTttxt", "PNTGMPNT",
	"EPSFART5", "ALB3ALD3", "PUBFALD2", "F+DBFOX+", "PDF CARO", "APPL\x00\x00\x00\x00", "APPLMSWD", "FNDRMACS", "INITxxxx", "cdevxxxx", "DRVRchzr", "rsrcRSED",
	"STAKWILD", "MooVTVOD", "snd ????", "????????", "\x00\x00\x00\x00\x00\x00\x00\x00", "\xA5\xA5\xA5\xA5\xF0\xF0\xF0\xF0", "    BnHq",
}

// nameStems are what names are made of, in Mac Roman: plain, with blanks, and in the languages it was made for.
var nameStems = []string{
	"Memo", "Read Me", "a", "Annual Report for 1994", "TEST.DOC-", "Budget - final -", "Makefile", "no extension", "Icon", "System 7.1 Update", "x.y.z",
	"\x86bersicht", "Gr\x9A\xA7e", "caf\x8E cr\x8Fme", "Ann\x8Ee 1994", "fa\x8Dade", "\xE4\xE4 \x8C", "Espa\x96a", "\xAFre og \x81", "Resum\x8E \xA5", "50\xA2 \xA9 \xAA", "\xC7cit\x8E\xC8", "\xF0 menu", "\xD2quoted\xD3",
}

// nameExtensions are none, some the table of types does not know, and some it does.
var nameExtensions = []string{"", "", ".bin", ".image", ".7", ".sea", ".sit", ".doc", ".txt", ".xls", ".pdf"}

// macSet is one generated set of attachments, as a Macintosh sends them.
func macSet(r *rand.Rand) []enclosure {
	es := make([]enclosure, 1+r.IntN(6))
	for i := range es {
		es[i] = macFile(r)
	}
	if len(es) > 1 && r.IntN(4) == 0 {
		es[1].Name = es[0].Name // the same name twice is another thing that went wrong (KB Q117561)
	}
	for i := range es {
		// What the table knows and has no resource fork travels as a plain file, so that a PC can use it: see TestPlainFilesComeBack.
		if _, mapped := mappings.Default().Find(arriving(es[i].Name)); mapped && len(es[i].resource) == 0 {
			es[i].resource = []byte{'r'}
		}
	}
	return es
}

func macFile(r *rand.Rand) enclosure {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	name := pick(nameStems) + pick(nameExtensions)
	for len(name) < 32 && r.IntN(8) == 0 {
		name += " " + pick(nameStems)
	}
	name = name[:min(len(name), maxMacName)]
	kind := pick(finderTypes)
	if r.IntN(4) == 0 { // any eight bytes may be a type and a creator
		kind = string(randomBytes(r, 8))
	}
	e := enclosure{Attachment: mail.Attachment{Name: charset.MacRoman.Decode(name), Mac: &mail.MacFile{
		Type: [4]byte([]byte(kind)), Creator: [4]byte([]byte(kind[4:])), FinderFlags: uint16(r.Uint32()),
		Created: macDate(r), Modified: macDate(r), Comment: randomBytes(r, []int{0, 0, 5, 200, 255}[r.IntN(5)]),
	}}}
	e.data, e.resource = fork(r), fork(r)
	switch r.IntN(6) {
	case 0:
		e.data = nil
	case 1:
		e.resource = nil
	case 2:
		e.data, e.resource = nil, nil
	}
	if nothingOfMac(e.Mac) {
		e.Mac.Type = [4]byte{'N', 'O', 'N', 'E'} // a file without anything of a Macintosh is a plain one
	}
	return e
}

// macDate is a moment a Macintosh can tell, to the second, or none.
func macDate(r *rand.Rand) time.Time {
	switch r.IntN(8) {
	case 0:
		return time.Time{}
	case 1:
		return time.Date(1904, 1, 1, 0, 0, 1, 0, zone)
	case 2:
		return time.Date(2040, 2, 6, 6, 28, 15, 0, zone)
	}
	return time.Date(1904+r.IntN(136), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 0, zone)
}

// fork is a fork of any size, around those at which blocks end, of bytes that converters like to change.
func fork(r *rand.Rand) []byte {
	size := []int{1, 2, 127, 128, 129, 255, 256, 1000, 4096, 5000}[r.IntN(10)]
	switch r.IntN(4) {
	case 0:
		return bytes.Repeat([]byte("line of text\r"), size/13+1)[:size]
	case 1:
		return bytes.Repeat([]byte("VERSION:3.00\r\nTO:N/P/A\r\n\x1A\x00"), size/26+1)[:size]
	case 2:
		return make([]byte, size)
	}
	return randomBytes(r, size)
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
