package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a file of settings in bytes.
const maxFile = 1 << 20

// entry is one key of a file with its values as written.
type entry struct {
	key    string
	line   int
	values []string
}

// readFile reads a file of settings. Errors name the file and, where there is one, the line.
func readFile(path string) ([]entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("config: %w", err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("config: %s has more than %s", path, FormatSize(maxFile))
	}
	return parseFile(path, data)
}

// parseFile reads one YAML mapping of scalars and sequences of scalars.
func parseFile(path string, data []byte) ([]entry, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil // nothing but comments
	case err != nil:
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: holds more than one document", path)
	}
	if len(document.Content) != 1 {
		return nil, nil
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: wants lines of the form KEY: VALUE", path, root.Line)
	}
	return parseMapping(path, root)
}

func parseMapping(path string, root *yaml.Node) ([]entry, error) {
	var entries []entry
	seen := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("%s:%d: a key is one word", path, key.Line)
		}
		if line, twice := seen[key.Value]; twice {
			return nil, fmt.Errorf("%s:%d: %q stands in line %d already", path, key.Line, key.Value, line)
		}
		seen[key.Value] = key.Line
		values, err := scalars(value)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", path, value.Line, key.Value, err)
		}
		entries = append(entries, entry{key: key.Value, line: key.Line, values: values})
	}
	return entries, nil
}

// scalars returns the text of a scalar, or those of a sequence of them.
func scalars(node *yaml.Node) ([]string, error) {
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return nil, errors.New("has no value")
	case node.Kind == yaml.ScalarNode:
		return []string{node.Value}, nil
	case node.Kind != yaml.SequenceNode:
		return nil, errors.New("wants a value or a list of values")
	}
	texts := []string{}
	for _, item := range node.Content {
		if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			return nil, fmt.Errorf("line %d is no plain value", item.Line)
		}
		texts = append(texts, item.Value)
	}
	return texts, nil
}
