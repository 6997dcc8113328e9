package cli

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	pb "sidegate/proto/sidegate/v1"
)

// The entries of an AppleDouble file that we write. RFC 1740, appendix A and B.
const (
	appleResource   = 2
	appleComment    = 4
	appleFinderInfo = 9
)

// writeAppleDouble writes what a Macintosh keeps of a file beside its data fork: Finder information (type, creator,
// flags), comment and resource fork.
func writeAppleDouble(w io.Writer, mac *pb.MacFile, resource io.Reader) error {
	finder := make([]byte, 32)
	copy(finder[0:4], mac.GetType())
	copy(finder[4:8], mac.GetCreator())
	binary.BigEndian.PutUint16(finder[8:], uint16(mac.GetFinderFlags()))

	var b bytes.Buffer
	number := func(values ...uint32) {
		for _, v := range values {
			_ = binary.Write(&b, binary.BigEndian, v) // a Buffer takes everything
		}
	}
	const entries = 3
	offset := uint32(26 + entries*12)
	number(0x00051607, 0x00020000, 0, 0, 0, 0)
	b.Write([]byte{0, entries})
	number(appleFinderInfo, offset, uint32(len(finder)))
	offset += uint32(len(finder))
	number(appleComment, offset, uint32(len(mac.GetComment())))
	offset += uint32(len(mac.GetComment()))
	number(appleResource, offset, mac.GetResourceForkSizeBytes())
	b.Write(finder)
	b.Write(mac.GetComment())
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write AppleDouble: %w", err)
	}
	_, err := io.Copy(w, resource)
	return err
}
