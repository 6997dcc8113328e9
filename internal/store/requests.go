package store

import (
	"fmt"
	"time"

	"sidegate/internal/mail"
)

// answer is what became of a request.
type answer struct {
	digest [32]byte
	id     mail.ID
	time   time.Time
}

func putAnswer(b []byte, a answer) []byte {
	return putTime(putText(append(b, a.digest[:]...), string(a.id)), a.time)
}

func parseAnswer(value []byte) (answer, error) {
	var a answer
	if len(value) < len(a.digest) {
		return a, errRecord
	}
	copy(a.digest[:], value)
	r := record{b: value[len(a.digest):]}
	a.id = mail.ID(r.text())
	a.time = r.time()
	return a, r.err()
}

func requestKey(r Request) []byte { return appendText(textKey(tableRequest, r.Caller), r.ID) }

func answeredKey(t time.Time, r Request) []byte {
	return appendText(appendText(timeKey(tableAnswered, t), r.Caller), r.ID)
}

// Once looks a request up. Found with the same digest, it returns the ID of the first answer; with another digest it
// fails with ErrConflict; not found, or older than Retention, it is recorded with id and an empty ID is returned.
func (tx *Tx) Once(r Request, id mail.ID) (mail.ID, error) {
	if !plain(r.ID) || !plain("-"+r.Caller) {
		return "", fmt.Errorf("store: request %q of %q: names are not empty and have no NUL", r.ID, r.Caller)
	}
	key := requestKey(r)
	value, err := tx.get(key)
	if err != nil && !absent(err) {
		return "", err
	}
	if err == nil {
		a, err := parseAnswer(value)
		switch {
		case err != nil:
			return "", fmt.Errorf("store: request %q: %w", r.ID, err)
		case !a.time.After(tx.s.horizon(tx.now)):
		case a.digest != r.Digest:
			return "", fmt.Errorf("store: request %q: %w", r.ID, ErrConflict)
		default:
			return a.id, nil
		}
	}
	tx.set(key, putAnswer(nil, answer{r.Digest, id, tx.now}))
	tx.remember(answeredKey(tx.now, r))
	return "", nil
}
