package directory

import (
	"crypto/sha256"
	"encoding/binary"
)

// Digest is the SHA-256 of entries in their order: of every name and then its address, each as its length in eight bytes,
// big endian, and its text. No entries have the digest of nothing but zeros.
func Digest(entries []Entry) [32]byte {
	if len(entries) == 0 {
		return [32]byte{}
	}
	h := sha256.New()
	for _, e := range entries {
		for _, text := range []string{e.Name, e.Address.String()} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
			h.Write([]byte(text))
		}
	}
	return [32]byte(h.Sum(nil))
}
