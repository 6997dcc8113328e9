package mmff

import (
	"bytes"
	"fmt"
)

// blanks surround names and numbers; a CR or LF among them belongs to another program's line end.
const blanks = " \t\r\n"

// header reads up to TEXT or XTEXT and reports whether reading can go on behind it.
func (r *reader) header() bool {
	for r.pos < len(r.data) {
		start := r.pos
		name, tail, ok := r.readLine()
		if !ok {
			continue
		}
		t := known(name)
		if t == tokenVersion && r.seen[t] {
			// Another message begins, so this one is lost behind its header.
			r.failLine(CodeParser, "VERSION comes again before TEXT")
			r.pos = start
			return true
		}
		if !r.withinLimits(t) {
			return false
		}
		if !r.terminated && !r.endsComplete(t) {
			break // half an address is another address: a cut line says nothing
		}
		if t == tokenText || t == tokenXText {
			return r.headerEnd(t)
		}
		r.field(t, name, tail)
	}
	r.cut()
	return false
}

// readLine takes the next line and its parts. It is false if the line is no field, which has been reported.
func (r *reader) readLine() (name, tail []byte, ok bool) {
	limit := r.parser.Limits.MaxLine
	r.line, r.lineStart, r.name, r.tail = r.line+1, r.pos, nil, nil
	line := r.take()
	if r.looked += len(line); len(line) > limit {
		r.tail = line[:min(len(line), quoteLimit)]
		r.failLine(CodeTooBig, fmt.Sprintf("The line has %d bytes, more than the %d allowed", len(line), limit))
		return nil, nil, false
	}
	if trimmed, found := bytes.CutSuffix(line, []byte("\r")); found && r.terminated && r.m.EOL == LF && r.parser.EOL == EOLNone {
		// VERSION was edited alone, or the lines behind it were: CR LF holds the LF we look for.
		line = trimmed
		r.note(CodeLine, r.lineStart, func() string { return "The line ends in CR LF, VERSION ended in LF" })
	}
	name, tail, ok = bytes.Cut(line, []byte(":"))
	name = bytes.Trim(name, " \t")
	switch {
	case ok:
		r.name, r.tail = name, tail
		return name, tail, true
	case !r.withinLimits(tokenUnknown):
		r.pos = len(r.data)
	case r.terminated && len(bytes.Trim(line, blanks)) == 0:
		r.note(CodeLine, r.lineStart, func() string { return "Blank line in the header" })
	case r.terminated:
		r.tail = line
		r.failLine(CodeLine, "Cannot partition line "+short(line))
	}
	return nil, nil, false
}

// take moves behind the next line end and returns what stands before it.
func (r *reader) take() []byte {
	rest := r.data[r.pos:]
	n := -1
	if r.eol != "" {
		n = bytes.Index(rest, []byte(r.eol))
	}
	r.terminated = n >= 0
	if !r.terminated {
		r.looked += len(rest)
		r.pos = len(r.data)
		return rest
	}
	r.looked += n + len(r.eol)
	r.pos += n + len(r.eol)
	return rest[:n]
}

// withinLimits counts a header line and reports whether it still may be. Going over the limit is reported once.
func (r *reader) withinLimits(t token) bool {
	count, limit, what := &r.fields, r.parser.Limits.MaxFields, "header lines"
	if t == tokenTo || t == tokenCc {
		count, limit, what = &r.recipients, r.parser.Limits.MaxRecipients, "recipients"
	}
	*count++
	if *count <= limit {
		return true
	}
	e := r.lineError(CodeTooBig, r.lineStart, fmt.Sprintf("The file has more than the %d %s allowed", limit, what))
	e.limit = true
	r.fail(e)
	return false
}

// cut reports a header that ends with the file. More bytes would not help if TEXT may stand in a line that could not be read,
// or if the last line is several, ended as VERSION was not.
func (r *reader) cut() {
	if r.fields > r.parser.Limits.MaxFields || r.recipients > r.parser.Limits.MaxRecipients {
		return
	}
	e := r.lineError(CodeParser, len(r.data), fmt.Sprintf("The file ends in the header, in line %d, without a TEXT line", r.line))
	mixed := r.mixedEnds()
	if mixed != EOLNone {
		e.Text += fmt.Sprintf("; that line holds others that end in %s, VERSION ended in %s", mixed, r.m.EOL)
	}
	e.incomplete = !r.m.Partial && mixed == EOLNone
	r.fail(e)
}

// mixedEnds returns the line end with which the current line would fall into several fields, EOLNone if it would not.
func (r *reader) mixedEnds() EOL {
	for rest := r.tail; ; {
		i := bytes.IndexAny(rest, "\r\n")
		if i < 0 {
			r.looked += len(rest)
			return EOLNone
		}
		r.looked += i
		eol := findEOL(rest[i:])
		if rest = rest[i+len(eol.Sequence()):]; beginsToken(rest) {
			return eol
		}
	}
}

// endsComplete reports whether a line without its line end says all there is to say: a TEXT line with a count, whose bytes
// are missed and reported if it is not zero.
func (r *reader) endsComplete(t token) bool {
	_, ok := parseCount(r.tail)
	return t == tokenText && ok
}

// headerEnd reads the TEXT or XTEXT line and checks that the header had what it must have.
func (r *reader) headerEnd(t token) bool {
	r.content.start, r.content.line = r.pos, r.line
	if !r.content.unsized {
		r.content.sized = true
	}
	if t == tokenText {
		n, ok := parseCount(r.tail)
		if !ok {
			r.failToken()
			r.content.sized = false
		}
		r.content.parts = append(r.content.parts, part{token: "TEXT", line: r.line, size: n, attachment: -1})
	} else {
		r.reference("XTEXT", r.tail)
	}
	for i, a := range r.m.Attachments {
		r.content.parts = append(r.content.parts, part{token: a.Token, line: a.Line, size: a.Size, attachment: i})
	}
	// Where the next message begins is known only if all counts are.
	more := r.content.sized
	if !r.seen[tokenTo] && !r.seen[tokenCc] {
		r.failLine(CodeParser, "The message has no TO line")
	}
	if !r.seen[tokenFrom] {
		r.failLine(CodeParser, "The message has no FROM line")
	}
	return more
}

// failToken reports a tail that does not fit its token.
func (r *reader) failToken() { r.failLine(CodeToken, r.withTail("Unknown error with token")) }

// withTail completes a text of the old program: "Cannot match token TO (has tail net/po/mailbox)" (KB Q118533).
func (r *reader) withTail(text string) string {
	return fmt.Sprintf("%s %s (has tail %s)", text, short(r.name), short(r.tail))
}

// short quotes a part of a line and looks at no more of it than is shown.
func short(b []byte) string { return quote(string(b[:min(len(b), 2*quoteLimit)])) }
