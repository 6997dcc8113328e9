package cli

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"sidegate/coordinator/convert/appledouble"
	pb "sidegate/proto/sidegate/v1"
)

// besideOf is where what a Macintosh keeps of a file beside its data fork lies on other systems.
func besideOf(path string) string {
	return filepath.Join(filepath.Dir(path), "._"+filepath.Base(path))
}

// readAppleDouble reads what writeAppleDouble writes. One that tells nothing of a Macintosh file, such as a system of
// today leaves behind, is none: the error is then as if it were not there.
func readAppleDouble(path string) (*pb.MacFile, []byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := bounded(f, path)
	if err != nil {
		return nil, nil, err
	}
	file, double, err := appledouble.Decode(data, time.UTC)
	if err != nil || !double {
		return nil, nil, fmt.Errorf("%s is no AppleDouble file, and would go with the one it is named after", path)
	}
	mac := &pb.MacFile{FinderFlags: uint32(file.Flags), Comment: file.Comment, ResourceForkSizeBytes: uint32(len(file.Resource))}
	if file.Type != [4]byte{} || file.Creator != [4]byte{} {
		mac.Type, mac.Creator = file.Type[:], file.Creator[:]
	}
	if len(mac.GetType())+len(file.Resource)+len(file.Comment) == 0 && file.Flags == 0 {
		return nil, nil, os.ErrNotExist
	}
	mac.CreateTime, mac.ModifyTime = stamp(file.Created), stamp(file.Modified)
	return mac, file.Resource, nil
}

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// The entries of an AppleDouble file that we write. RFC 1740, appendix A and B.
const (
	appleResource   = 2
	appleComment    = 4
	appleDates      = 8
	appleFinderInfo = 9
)

// writeAppleDouble writes what a Macintosh keeps of a file beside its data fork: Finder information (type, creator,
// flags), dates, comment and resource fork.
func writeAppleDouble(w io.Writer, mac *pb.MacFile, resource io.Reader) error {
	finder := make([]byte, 32)
	copy(finder[0:4], mac.GetType())
	copy(finder[4:8], mac.GetCreator())
	binary.BigEndian.PutUint16(finder[8:], uint16(mac.GetFinderFlags()))

	dates := binary.BigEndian.AppendUint32(nil, appleDate(mac.GetCreateTime()))
	dates = binary.BigEndian.AppendUint32(dates, appleDate(mac.GetModifyTime()))
	dates = binary.BigEndian.AppendUint32(dates, noDate) // of a backup
	dates = binary.BigEndian.AppendUint32(dates, noDate) // of reading

	var b bytes.Buffer
	number := func(values ...uint32) {
		for _, v := range values {
			_ = binary.Write(&b, binary.BigEndian, v) // a Buffer takes everything
		}
	}
	const entries = 4
	offset := uint32(26 + entries*12)
	number(0x00051607, 0x00020000, 0, 0, 0, 0)
	b.Write([]byte{0, entries})
	number(appleFinderInfo, offset, uint32(len(finder)))
	offset += uint32(len(finder))
	number(appleDates, offset, uint32(len(dates)))
	offset += uint32(len(dates))
	number(appleComment, offset, uint32(len(mac.GetComment())))
	offset += uint32(len(mac.GetComment()))
	number(appleResource, offset, mac.GetResourceForkSizeBytes())
	b.Write(finder)
	b.Write(dates)
	b.Write(mac.GetComment())
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write AppleDouble: %w", err)
	}
	_, err := io.Copy(w, resource)
	return err
}

// noDate stands for a date that is not known: the lowest there is.
const noDate = 1 << 31

// appleDate is seconds before or after the year 2000.
func appleDate(t *timestamppb.Timestamp) uint32 {
	s := t.AsTime().Unix() - time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	if t == nil || s != int64(int32(s)) {
		return noDate
	}
	return uint32(int32(s))
}
