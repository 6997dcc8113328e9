package mmff

import (
	"fmt"
	"slices"
	"strings"
)

// Inline returns the message as it would be with its outside files inside: contents are those of References, in that order.
// The text of XTEXT becomes the body; what XATTACH names becomes an attachment behind the others, under its logical name or,
// without one, under the last part of its path. Original stays what was read, and names the files still.
func (m *Message) Inline(contents [][]byte) *Message {
	n := *m
	n.XText, n.XAttach = nil, nil
	if m.XText != nil {
		n.Body, contents = contents[0], contents[1:]
	}
	n.Attachments = slices.Clone(m.Attachments)
	for i, ref := range m.XAttach {
		n.Attachments = append(n.Attachments, Attachment{Token: "ATTACHMENT", Name: ref.name(), Size: int64(len(contents[i])),
			Content: contents[i], Line: ref.Line})
	}
	return &n
}

// name is what an outside file is called as an attachment.
func (r Reference) name() string {
	if logical := strings.TrimSpace(r.Logical()); logical != "" {
		return logical
	}
	path := r.Physical()
	return path[strings.LastIndexAny(path, `\/:`)+1:]
}

// OpenError is the error of an outside file that cannot be opened, in the words and under the number of the old programs.
func (m *Message) OpenError(ref Reference, why string) *Error {
	return &Error{Code: CodeXTextOpen, Ordinal: m.Ordinal, Line: ref.Line, Token: ref.Token, Tail: ref.Tail,
		Text: fmt.Sprintf("%s file %s cannot be opened: %s", ref.Token, short([]byte(ref.Physical())), why)}
}
