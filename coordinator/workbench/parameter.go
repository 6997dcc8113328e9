package workbench

import (
	"bytes"
	"io"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
)

// parameter is one parameter of a header field: quoted where that is safe, else in the form of RFC 2231, in pieces.
func parameter(name, value string) string {
	const most = 20 // bytes, each of which may become three characters
	plain := len(value) <= 60
	for i := 0; i < len(value); i++ {
		plain = plain && ' ' <= value[i] && value[i] < 0x7F
	}
	// A reader may take an encoded word in quotes for what it stands for.
	if plain && !strings.Contains(value, "=?") && value == strings.Trim(value, " ") {
		return name + "=" + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	var out []string
	for i := 0; i == 0 || len(value) > 0; i++ {
		piece := prefix(value, most)
		value = value[len(piece):]
		charset := ""
		if i == 0 {
			charset = "utf-8''"
		}
		out = append(out, name+"*"+strconv.Itoa(i)+"*="+charset+percent(piece))
	}
	return strings.Join(out, "; ")
}

// percent escapes whatever is no letter, digit or one of a few harmless signs.
func percent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._-", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
		}
	}
	return b.String()
}

// prefix is the beginning of s, of at most so many bytes and without a character cut in two.
func prefix(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 1 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// oneParameter finds what may be a parameter: its name, the number of a piece, whether it is percent-encoded, and its value.
var oneParameter = regexp.MustCompile(`;\s*([A-Za-z-]+)(?:\*([0-9]{1,3}))?(\*)?\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)`)

// parameterOf finds a parameter in a header field, leniently: names of files come in any charset, in pieces in any order, with
// signs that should be quoted, and in encoded words, which RFC 2047 forbids.
func parameterOf(field, name string) string {
	pieces, plain := map[int]string{}, ""
	charset, extended := "", false
	for _, m := range oneParameter.FindAllStringSubmatch(field, -1) {
		if !strings.EqualFold(m[1], name) {
			continue
		}
		value := strings.TrimSpace(m[4])
		if inner, ok := strings.CutPrefix(value, `"`); ok {
			value = unquoted.ReplaceAllString(strings.TrimSuffix(inner, `"`), "$1")
		}
		number, _ := strconv.Atoi(m[2])
		if m[3] != "" && number == 0 {
			if parts := strings.SplitN(value, "'", 3); len(parts) == 3 {
				charset, value = parts[0], parts[2]
			}
		}
		switch {
		case m[3] != "":
			pieces[number], extended = unpercent(value), true
		case m[2] != "":
			pieces[number] = value
		case plain == "":
			plain = value
		}
	}
	var joined strings.Builder
	for i := 0; pieces[i] != ""; i++ {
		joined.WriteString(pieces[i])
	}
	if joined.Len() > 0 && extended {
		return visible(fromCharset(charset, joined.String()))
	}
	if joined.Len() > 0 {
		plain = joined.String()
	}
	decoder := mime.WordDecoder{CharsetReader: message.CharsetReader}
	if decoded, err := decoder.DecodeHeader(plain); err == nil {
		plain = decoded
	}
	return visible(plain)
}

var unquoted = regexp.MustCompile(`\\(.)`)

var percented = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

func unpercent(s string) string {
	return percented.ReplaceAllStringFunc(s, func(code string) string {
		n, err := strconv.ParseUint(code[1:], 16, 8)
		if err != nil {
			return code
		}
		return string([]byte{byte(n)})
	})
}

// fromCharset decodes text of a charset; in one nobody knows it stays as it is.
func fromCharset(charset, text string) string {
	if charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii") {
		return text
	}
	r, err := message.CharsetReader(charset, bytes.NewReader([]byte(text)))
	if err != nil {
		return text
	}
	decoded, err := io.ReadAll(r)
	if err != nil {
		return text
	}
	return string(decoded)
}
