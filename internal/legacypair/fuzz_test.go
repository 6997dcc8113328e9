package legacypair

import (
	"reflect"
	"testing"

	"sidegate/coordinator/mmff"
)

// FuzzParse: no bytes crash the reader, and what it accepts in all its strictness the coordinator's reader reads alike.
func FuzzParse(f *testing.F) {
	for _, m := range Generate(3, 20, ToMac) {
		f.Add(format(m, Options{}.withDefaults(), program{}, 0))
	}
	f.Add([]byte(head + "TEXT:3\r\nabc\r\n\x1a"))
	f.Add([]byte(head + "ATTACHMENT:A B 3\r\nTEXT:0\r\nabc"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		isHandshake(data)
		m, bad := parse(data, Options{}.withDefaults())
		if bad != nil {
			return
		}
		file, err := mmff.Parse(data)
		if err != nil {
			t.Fatalf("accepted here, refused by mmff: %v", err)
		}
		got := asMMFF(file.Messages[0])
		if !reflect.DeepEqual(normal(got), normal(m)) {
			t.Errorf("here %+v, mmff %+v", m, got)
		}
	})
}

// normal takes away differences that no file has.
func normal(m Message) Message {
	m = m.clone()
	for i, a := range m.Attachments {
		m.Attachments[i].Content = append([]byte{}, a.Content...)
	}
	return m
}
