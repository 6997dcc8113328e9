package workbench

import "sidegate/coordinator/convert/mappings"

// Mappings is the table of file types that is in force where a spool has none.
func (Files) Mappings() []byte { return mappings.DefaultText() }

// CheckMappings reads a table as a coordinator does.
func (Files) CheckMappings(data []byte) (types int, err error) {
	t, err := mappings.Parse(data)
	if err != nil {
		return 0, err
	}
	return len(t.List()), nil
}
