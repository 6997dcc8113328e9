package legacypair

import (
	"strconv"
	"strings"
)

// reader reads one message, strictly: what the old program was not told about is an error.
type reader struct {
	eol      string
	extended bool

	rest   string
	line   int
	m      Message
	seen   map[string]bool // fields that stand once in a message and have stood
	counts []int           // of the attachments, in header order
	text   int             // count of TEXT
}

// parse reads the only message of a file.
func parse(data []byte, o Options) (Message, *fault) {
	r := &reader{eol: o.EOL, extended: o.Extended, rest: string(data), seen: map[string]bool{}}
	if f := r.header(); f != nil {
		return r.m, f
	}
	if len(r.m.To) == 0 || r.m.From == "" {
		return r.m, failed(143, r.line, "Message has no TO or no FROM")
	}
	return r.m, r.content()
}

// next cuts the next line of the header into token and tail. A line end of another kind in it means the wrong switch
// (KB Q85055), and in a subject more than that (KB Q141970).
func (r *reader) next() (token, tail string, f *fault) {
	line, rest, ok := strings.Cut(r.rest, r.eol)
	r.line++
	if !ok {
		return "", "", failed(143, r.line, "Message ends in its header")
	}
	r.rest = rest
	token, tail, ok = strings.Cut(line, ":")
	if !ok || strings.ContainsAny(tail, "\r\n") {
		f = failed(144, r.line, "Cannot partition line %q", line)
		f.spins = strings.EqualFold(token, "SUBJECT") && strings.Contains(tail, "\r")
		return "", "", f
	}
	return strings.ToUpper(token), tail, nil
}

// header reads up to and with the TEXT line. Tokens and their order are those of KB Q118785.
func (r *reader) header() *fault {
	token, tail, f := r.next()
	if f != nil {
		return f
	}
	if token != "VERSION" {
		return unknown(r.line, token, tail)
	}
	for {
		if token, tail, f = r.next(); f != nil {
			return f
		}
		if token == "TEXT" {
			r.text, f = r.count(token, tail)
			return f
		}
		if f := r.field(token, tail); f != nil {
			return f
		}
	}
}

func (r *reader) field(token, tail string) *fault {
	switch token {
	case "FROM", "DATE", "TIME", "SUBJECT", "PRIORITY":
		if r.seen[token] {
			return failed(143, r.line, "A second %s", token)
		}
		r.seen[token] = true
	}
	switch token {
	case "TO":
		r.m.To = append(r.m.To, tail)
		return checkAddress(r.line, tail)
	case "FROM":
		r.m.From = tail
		return checkAddress(r.line, tail)
	case "DATE":
		r.m.Date = tail
	case "TIME":
		r.m.Time = tail
	case "SUBJECT":
		r.m.Subject = tail
	case "PRIORITY":
		if len(tail) > 1 {
			return failed(140, r.line, "Bad value for token %s (has tail %s)", token, tail)
		}
		r.m.Priority = tail
	case "ATTACHMENT", "ATTACHMENTS":
		return r.attachment(token, tail)
	case "XTEXT", "XATTACH":
		return outside(r.line, token, tail)
	default:
		return r.more(token, tail)
	}
	return nil
}

// more reads the fields of the extended format (KB Q87223, Q147034).
func (r *reader) more(token, tail string) *fault {
	switch {
	case r.extended && token == "CC":
		r.m.Cc = append(r.m.Cc, tail)
		return checkAddress(r.line, tail)
	case r.extended && token == "EXT":
		_, rest, ok := strings.Cut(r.rest, r.eol)
		if !ok {
			return failed(143, r.line, "Message ends in its header")
		}
		r.rest, r.line = rest, r.line+1
		return nil
	}
	return unknown(r.line, token, tail)
}

func unknown(line int, token, tail string) *fault {
	return failed(141, line, "Cannot match token %s (has tail %s)", strings.TrimSpace(token), tail)
}

// outside is for bodies and attachments in files of their own, which nobody saw in a spool.
func outside(line int, token, tail string) *fault {
	if strings.TrimSpace(tail) == "" {
		return failed(146, line, "Bad or missing %s file name", token)
	}
	return failed(147, line, "Cannot open %s file %s", token, tail)
}

// attachment parts name and count at the last blank, for names hold blanks (KB Q122779).
func (r *reader) attachment(token, tail string) *fault {
	at := strings.LastIndexByte(tail, ' ')
	if at <= 0 {
		return failed(140, r.line, "Bad value for token %s (has tail %s)", token, tail)
	}
	n, f := r.count(token, tail[at+1:])
	if f != nil {
		return f
	}
	r.m.Attachments = append(r.m.Attachments, Attachment{Name: tail[:at]})
	r.counts = append(r.counts, n)
	return nil
}

func (r *reader) count(token, digits string) (int, *fault) {
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		return 0, failed(140, r.line, "Bad count for token %s (has tail %s)", token, digits)
	}
	return n, nil
}

// content reads body and attachments, back to back as counted (KB Q103801). What follows must be blank.
func (r *reader) content() *fault {
	take := func(n int) (string, *fault) {
		if n > len(r.rest) {
			return "", failed(143, r.line, "Message is cut: %d bytes counted, %d there", n, len(r.rest))
		}
		part := r.rest[:n]
		r.rest = r.rest[n:]
		return part, nil
	}
	var f *fault
	if r.m.Body, f = take(r.text); f != nil {
		return f
	}
	for i, n := range r.counts {
		part, f := take(n)
		if f != nil {
			return f
		}
		r.m.Attachments[i].Content = []byte(part)
	}
	if strings.Trim(r.rest, " \t\r\n\x1a\x00") != "" {
		return failed(143, r.line, "%d bytes behind the message", len(r.rest))
	}
	return nil
}
