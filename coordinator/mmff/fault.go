package mmff

import "fmt"

// fail keeps an error that is already built.
func (r *reader) fail(e *Error) {
	if e.Ordinal == len(r.file.Messages) && r.m != nil {
		r.m.Partial = true
	}
	r.errs.add(e)
}

// failLine keeps an error of the current line.
func (r *reader) failLine(code int, text string) {
	r.m.Partial = true
	if r.errs.room(r.parser.Limits.MaxErrors) {
		r.errs.add(r.lineError(code, r.lineStart, text))
	}
}

// note keeps a remark on the current line, or makes an error of it if reading is strict.
func (r *reader) note(code, offset int, text func() string) {
	kept := &r.notes
	if r.parser.Strict {
		kept = &r.errs
		if r.m != nil {
			r.m.Partial = true
		}
	}
	if kept.room(r.parser.Limits.MaxErrors) {
		kept.add(r.lineError(code, offset, text()))
	}
}

// noteTail notes the current line with the words of the old program.
func (r *reader) noteTail(code int, text string) {
	r.note(code, r.lineStart, func() string { return r.withTail(text) })
}

func (r *reader) lineError(code, offset int, text string) *Error {
	e := &Error{Code: code, Line: r.line, Token: string(r.name), Tail: string(r.tail), Offset: int64(offset), Text: text}
	if r.m != nil {
		e.Ordinal = r.m.Ordinal
	}
	return e
}

// faults are the errors or notes of a file, bounded.
type faults struct {
	list    Errors
	dropped int
}

// room reports whether another fault is wanted, and counts it if it is not. It is asked before a fault is built.
func (f *faults) room(limit int) bool {
	if len(f.list) < limit {
		return true
	}
	f.dropped++
	return false
}

func (f *faults) add(e *Error) { f.list = append(f.list, e) }

// finish counts the dropped faults in one last entry.
func (f *faults) finish() {
	if f.dropped > 0 {
		f.list = append(f.list, &Error{Code: CodeParser, Text: fmt.Sprintf("%d more are not listed", f.dropped)})
	}
}
