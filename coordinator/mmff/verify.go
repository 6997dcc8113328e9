package mmff

import (
	"bytes"
	"fmt"
	"slices"
)

// Verify reads data and compares it with the message it was written from with o: what a writer should ask before it gives
// a file away. The error names the first field that differs.
func Verify(data []byte, m *Message, o Options) error {
	// The writer answers for its own size, so only the format is bounded here.
	f, err := Parser{Limits: Limits{MaxSize: len(data) + 1}}.Parse(data)
	if err != nil {
		return fmt.Errorf("mmff: verify: %w", err)
	}
	if len(f.Messages) != 1 {
		return fmt.Errorf("mmff: verify: the file holds %d messages instead of one", len(f.Messages))
	}
	want := *m
	want.Version = versionOf(m)
	if !o.Extended {
		want.To, want.Cc = slices.Concat(m.To, m.Cc), nil
		want.Ext, want.Fields = nil, nil
	}
	if d := difference(&want, f.Messages[0]); d != "" {
		return fmt.Errorf("mmff: verify: %s does not read back as it was written", d)
	}
	return nil
}

// difference returns the name of the first field in which two messages differ, empty if they mean the same.
func difference(a, b *Message) string {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"VERSION", a.Version == b.Version},
		{"TO", slices.Equal(a.To, b.To)},
		{"CC", slices.Equal(a.Cc, b.Cc)},
		{"FROM", a.From == b.From},
		{"DATE", a.Date == b.Date},
		{"TIME", a.Time == b.Time},
		{"SUBJECT", a.Subject == b.Subject},
		{"PRIORITY", a.Priority == b.Priority},
		{"ATTACHMENT", slices.EqualFunc(a.Attachments, b.Attachments, sameAttachment)},
		{"XTEXT", tailOf(a.XText) == tailOf(b.XText)},
		{"XATTACH", slices.EqualFunc(a.XAttach, b.XAttach, func(x, y Reference) bool { return x.Tail == y.Tail })},
		{"EXT", slices.EqualFunc(a.Ext, b.Ext, sameExt)},
		{"an unknown field", slices.EqualFunc(a.Fields, b.Fields, func(x, y Field) bool { return x.Name == y.Name && x.Value == y.Value })},
		{"TEXT", bytes.Equal(a.Body, b.Body)},
	} {
		if !f.same {
			return f.name
		}
	}
	return ""
}

func sameAttachment(a, b Attachment) bool {
	plural := func(token string) bool { return token == "ATTACHMENTS" }
	return plural(a.Token) == plural(b.Token) && a.Name == b.Name && bytes.Equal(a.Content, b.Content)
}

func sameExt(a, b Ext) bool {
	return a.Type == b.Type && a.Name == b.Name && a.Value == b.Value && (a.N == b.N || a.Counted || a.N == 0)
}

// tailOf returns a reference that may be absent; a present one is never empty in a sound message.
func tailOf(r *Reference) string {
	if r == nil {
		return ""
	}
	return r.Tail
}
