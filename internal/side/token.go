package side

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

func pageToken(list, position string) string {
	b := append([]byte{tokenVersion}, position...)
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, tokenSum(list, position)))
}

// parseToken returns the position; that of an empty token is empty.
func parseToken(list, token string) (position string, err error) {
	if token == "" {
		return "", nil
	}
	foreign := badField("page_token", "is not one that this list gave")
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

// pageSize is how many entries a page may have.
func pageSize(asked uint32) (int, error) {
	switch {
	case asked == 0:
		return DefaultPage, nil
	case asked > MaxPage:
		return 0, badField("page_size", "is %d, the most is %d", asked, MaxPage)
	}
	return int(asked), nil
}
