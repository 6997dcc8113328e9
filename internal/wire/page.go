package wire

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
)

// A page token is opaque to clients. It carries where the next page begins and a checksum over that and the list it
// belongs to, so that a token of another list, or a damaged one, is refused and not misread.

const (
	tokenVersion = 1
	maxToken     = 2048
)

// PageToken is the token of the page of a list that begins behind a position.
func PageToken(list, position string) string {
	b := append([]byte{tokenVersion}, position...)
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, tokenSum(list, position)))
}

// ParsePageToken returns the position; that of an empty token is empty.
func ParsePageToken(list, token string) (position string, err error) {
	if token == "" {
		return "", nil
	}
	foreign := fieldError("page_token", "is not one that this list gave")
	if len(token) > maxToken {
		return "", foreign
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 9 || b[0] != tokenVersion {
		return "", foreign
	}
	position = string(b[1 : len(b)-8])
	if binary.BigEndian.Uint64(b[len(b)-8:]) != tokenSum(list, position) {
		return "", foreign
	}
	return position, nil
}

func tokenSum(list, position string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(list))
	h.Write([]byte{0})
	h.Write([]byte(position))
	return h.Sum64()
}

// The bounds on a page of a list.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// PageSize is how many entries a page may have.
func PageSize(asked uint32) (int, error) {
	switch {
	case asked == 0:
		return DefaultPage, nil
	case asked > MaxPage:
		return 0, fieldError("page_size", "is %d, the most is %d", asked, MaxPage)
	}
	return int(asked), nil
}
