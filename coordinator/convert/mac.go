package convert

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sidegate/coordinator/convert/appledouble"
	"sidegate/coordinator/convert/binhex"
	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/convert/macbinary"
	"sidegate/coordinator/convert/macfile"
	"sidegate/internal/mail"
)

// enclosure is one attachment with its bytes.
type enclosure struct {
	mail.Attachment
	data, resource []byte
}

// maxBinHex is how often the forks of a BinHex file may be as large as its text. Other containers are never larger inside
// than outside.
const maxBinHex = 3

// openMac takes an attachment apart if it is a Macintosh file in a container. Otherwise it is what it is.
func (c *Converter) openMac(name string, content []byte) enclosure {
	if f, err := macbinary.Decode(content, c.options.Zone); err == nil {
		return c.fromMacFile(name, f)
	}
	if f, double, err := appledouble.Decode(content, c.options.Zone); err == nil && !double {
		return c.fromMacFile(name, f)
	}
	if c.options.OpenBinHex {
		if f, err := binhex.Decode(content, maxBinHex*int64(len(content))); err == nil {
			return c.fromMacFile(name, f)
		}
	}
	return enclosure{Attachment: mail.Attachment{Name: name}, data: content}
}

// fromMacFile prefers the name inside the container: the one outside may have been made short for DOS.
func (c *Converter) fromMacFile(name string, f *macfile.File) enclosure {
	if inside := insideName(f.Name); inside != "" {
		name = inside
	}
	return enclosure{Attachment: mail.Attachment{Name: name, Mac: macInfo(f)}, data: f.Data, resource: f.Resource}
}

// insideName reads a name in a container. It is in Mac Roman, but newer programs write UTF-8.
func insideName(raw string) string {
	text := charset.MacRoman.Decode(raw)
	if looksLikeUTF8(raw, text) {
		text = raw
	}
	text, _ = oneLine(text)
	return cutText(strings.TrimSpace(text), maxName)
}

// looksLikeUTF8 reports whether a name makes sense in UTF-8 and none in Mac Roman, as which it is given, too: two letters of
// Mac Roman can be one of UTF-8, but what is UTF-8 reads as a root or a logical sign before a copyright mark.
func looksLikeUTF8(raw, macRoman string) bool {
	if !utf8.ValidString(raw) {
		return false
	}
	for _, r := range raw {
		if r >= 0x800 { // three bytes in a row that are no words in Mac Roman
			return true
		}
	}
	return !strings.ContainsFunc(macRoman, isLetter)
}

// isLetter reports whether r is a letter outside ASCII.
func isLetter(r rune) bool { return r >= utf8.RuneSelf && unicode.IsLetter(r) }

func macInfo(f *macfile.File) *mail.MacFile {
	return &mail.MacFile{Type: f.Type, Creator: f.Creator, FinderFlags: f.Flags, Created: f.Created, Modified: f.Modified,
		ResourceSize: int64(len(f.Resource)), Comment: f.Comment[:min(len(f.Comment), maxComment)]}
}

// joinDoubles gives attachments what an AppleDouble attachment beside them says of them: ._NAME or %NAME belongs to NAME. One
// that belongs to nobody stays an attachment.
func (c *Converter) joinDoubles(es []enclosure) []enclosure {
	byName := make(map[string]int)
	for i := range es {
		if es[i].Mac == nil {
			byName[strings.ToUpper(es[i].Name)] = i
		}
	}
	joined := make([]bool, len(es))
	for i := range es {
		of, ok := strings.CutPrefix(es[i].Name, "._")
		if !ok {
			of, ok = strings.CutPrefix(es[i].Name, "%")
		}
		at, found := byName[strings.ToUpper(of)]
		if !ok || !found || es[at].Mac != nil {
			continue
		}
		if f, double, err := appledouble.Decode(es[i].data, c.options.Zone); err == nil && double {
			es[at].Mac, es[at].resource = macInfo(f), f.Resource
			joined[i] = true
		}
	}
	out := es[:0:0]
	for i := range es {
		if !joined[i] {
			out = append(out, es[i])
		}
	}
	return out
}

// encloseMac packs a Macintosh file as MacBinary II.
func (c *Converter) encloseMac(e *enclosure) ([]byte, error) {
	name := macName(e.Name, charset.MacRoman)
	content, err := macbinary.Encode(&macfile.File{
		Name: name[:min(len(name), maxMacName)], Type: e.Mac.Type, Creator: e.Mac.Creator, Flags: e.Mac.FinderFlags,
		Created: e.Mac.Created, Modified: e.Mac.Modified, Data: e.data, Resource: e.resource, Comment: e.Mac.Comment,
	}, c.options.Zone)
	if err != nil {
		return nil, refuse(ReasonFormat, "an attachment cannot be written as MacBinary: %v", err)
	}
	return content, nil
}
