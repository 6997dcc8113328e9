package handshake

import (
	"bytes"
	"errors"
	"fmt"

	"sidegate/coordinator/mmff"
)

// Rule names the shape by which a handshake was recognised. The bytes of a real one are not known, so every plausible
// shape has a rule, and the rule is shown with the copy that is kept.
type Rule string

// The rules.
const (
	// RuleEmpty is a file of no bytes. It may be a mail whose writer has only just begun: whoever consumes one watches
	// it first, and looks again afterwards.
	RuleEmpty Rule = "empty"
	// RulePadding is nothing but white space, NUL and ^Z.
	RulePadding Rule = "padding"
	// RuleHeader is lines of a message without recipients, and no TEXT line.
	RuleHeader Rule = "header"
	// RuleEnded is the same with a TEXT line that counts no bytes.
	RuleEnded Rule = "ended"
	// RuleMarker is a short text without any token of a message.
	RuleMarker Rule = "marker"
	// RuleSample is a file of the very bytes of a handshake that somebody found and told us of.
	RuleSample Rule = "sample"
)

// MaxSize is how many bytes a handshake has at most.
const MaxSize = 512

// Default is what we write. It has no recipient, so that no reader can deliver it, and an end, so that none waits for
// more.
var Default = []byte("VERSION:3.00\r\nTEXT:0\r\n")

// Recognise tells whether a whole file is a handshake, and by which rule. What it calls one holds no recipient, no copy
// recipient, no attachment and no byte of a body, in any slot; see mmff.Classify for the shapes.
func Recognise(data []byte) (Rule, bool) {
	if len(data) > MaxSize {
		return "", false
	}
	switch mmff.Classify(data) {
	case mmff.KindEmpty:
		return RuleEmpty, true
	case mmff.KindHandshake:
		return shape(data), true
	}
	return "", false
}

// RecogniseLike is Recognise with a sample besides: what has the very bytes of the sample is a handshake, too. The sample
// must have passed CheckSample.
func RecogniseLike(sample, data []byte) (Rule, bool) {
	if rule, ok := Recognise(data); ok {
		return rule, true
	}
	return RuleSample, len(sample) > 0 && bytes.Equal(sample, data)
}

// CheckSample tells whether the bytes of a file may be held for a handshake wherever they are met: they are few, and they
// are no mail, not even the beginning or the ruin of one.
func CheckSample(sample []byte) error {
	switch kind := mmff.Classify(sample); {
	case len(sample) == 0:
		return errors.New("an empty file is recognised as a handshake without being shown")
	case len(sample) > MaxSize:
		return fmt.Errorf("a handshake has at most %d bytes", MaxSize)
	case kind != mmff.KindHandshake && kind != mmff.KindForeign:
		return errors.New("these bytes are those of a mail, and mail is never taken for a handshake")
	}
	return nil
}

// shape names a handshake's rule.
func shape(data []byte) Rule {
	rest := bytes.TrimFunc(data, func(r rune) bool { return r <= ' ' || r == 0x1A })
	upper := bytes.ToUpper(rest)
	switch {
	case len(rest) == 0:
		return RulePadding
	case bytes.HasPrefix(upper, []byte("TEXT")), bytes.Contains(upper, []byte("\rTEXT")), bytes.Contains(upper, []byte("\nTEXT")):
		return RuleEnded
	case bytes.IndexByte(rest, ':') >= 0:
		return RuleHeader
	}
	return RuleMarker
}
