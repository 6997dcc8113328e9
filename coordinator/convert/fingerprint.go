package convert

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"strings"
	"time"

	"sidegate/internal/mail"
)

// The old format carries neither ID nor hops, so a message that comes back is known by what it says: sender, recipient,
// subject, minute and text. The old programs may change a text on the way without changing what it says: they wrap lines,
// add a blank one, cut the subject to 40 characters (KB Q150285), or show another letter for an accented one (KB Q118853).
// So only letters and digits of ASCII count, and of the subject only the beginning.

// fingerprintSubject is how many characters of a subject count: 40 less the mark of a cut, "...".
const fingerprintSubject = 36

// Fingerprint recognises a text that went out and comes back. The body is UTF-8.
func Fingerprint(sender, recipient mail.Address, subject string, submitted time.Time, body []byte) [32]byte {
	mark := newBodyMark()
	mark.Write(body)
	return fingerprints(sender, []mail.Address{recipient}, subject, submitted, mark)[0]
}

// fingerprints are those of one text for each recipient.
func fingerprints(sender mail.Address, recipients []mail.Address, subject string, submitted time.Time, body bodyMark) [][32]byte {
	if runes := []rune(strings.TrimSpace(subject)); len(runes) > fingerprintSubject {
		subject = string(runes[:fingerprintSubject])
	}
	sum := body.Sum(nil)
	out := make([][32]byte, len(recipients))
	for i, r := range recipients {
		d := digester{sha256.New()}
		d.text("sidegate fingerprint 1")
		d.text(sender.Key())
		d.text(r.Key())
		d.text(string(plain([]byte(subject))))
		d.number(submitted.Unix() / 60)
		d.Write(sum)
		out[i] = [32]byte(d.Sum(nil))
	}
	return out
}

// bodyMark hashes what counts of a text that is written to it.
type bodyMark struct{ hash.Hash }

func newBodyMark() bodyMark { return bodyMark{sha256.New()} }

func (b bodyMark) Write(text []byte) (int, error) {
	b.Hash.Write(plain(text))
	return len(text), nil
}

// plain keeps letters and digits of ASCII, in lower case.
func plain(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			out = append(out, c)
		}
	}
	return out
}

// SameSubject reports whether a subject that crossed is the one that was sent, perhaps cut short or in other letters.
func SameSubject(crossed, sent string) bool {
	whole, part := plain([]byte(sent)), plain([]byte(strings.TrimSuffix(strings.TrimSpace(crossed), cutMark)))
	if len(part) == 0 || bytes.Equal(part, whole) {
		return strings.TrimSpace(crossed) == strings.TrimSpace(sent) || len(part) > 0
	}
	return len([]rune(crossed)) >= fingerprintSubject && bytes.HasPrefix(whole, part)
}
