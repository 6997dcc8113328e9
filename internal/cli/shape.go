package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// member is one field of a JSON object.
type member struct {
	key   string
	value json.RawMessage
}

// object is a JSON object that keeps the order of its fields.
type object []member

// marshalOptions write unset fields, so that every object of a kind has the same fields; fields that hold messages,
// such as times, are left out when they are unset.
var marshalOptions = protojson.MarshalOptions{EmitDefaultValues: true}

// fields returns the JSON form of a message, field by field, in the order of the protocol.
func fields(m proto.Message) (object, error) {
	data, err := marshalOptions.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	return parseObject(data)
}

func parseObject(data []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil { // {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	var o object
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("write as JSON: %w", err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("write as JSON: %w", err)
		}
		o = append(o, member{key.(string), value})
	}
	return o, nil
}

// add appends a field, or replaces the one of that name.
func (o *object) add(key string, value any) error {
	data, err := marshal(value)
	if err != nil {
		return err
	}
	for i, m := range *o {
		if m.key == key {
			(*o)[i].value = data
			return nil
		}
	}
	*o = append(*o, member{key, data})
	return nil
}

// drop removes fields.
func (o *object) drop(keys ...string) {
	*o = slices.DeleteFunc(*o, func(m member) bool { return slices.Contains(keys, m.key) })
}

func (o object) get(key string) json.RawMessage {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// MarshalJSON writes the fields in their order. Spaces inside values do not survive: protojson's vary on purpose.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := marshal(m.key)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		if err := json.Compact(&b, m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// marshal is json.Marshal that leaves <, > and & alone: nobody puts our output into a web page.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
