package spool

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// markerName is the file in the root of a spool that says which spool this is, whatever path it is mounted at. It binds
// the spool to the store of its coordinator: a copied tree, a forgotten mount or a restored volume is noticed. KB Q141583.
const markerName = "SIDEGATE.ID"

const markerHead = "Sidegate spool. Do not delete or copy this file.\r\n"

var errMarker = errors.New("does not hold a UUID")

func readMarker(v FS) (string, error) {
	data, _, err := readCapped(v, markerName, 256)
	if err != nil {
		return "", fmt.Errorf("spool: read %s: %w", v.Path(markerName), err)
	}
	id, err := parseMarker(data)
	if err != nil {
		return "", fmt.Errorf("spool: read %s: %w", v.Path(markerName), err)
	}
	return id, nil
}

func parseMarker(data []byte) (string, error) {
	id, err := uuid.Parse(strings.TrimSpace(strings.TrimPrefix(string(data), markerHead)))
	if err != nil {
		return "", errMarker
	}
	return id.String(), nil
}

func writeMarker(v FS) (string, error) {
	id := uuid.NewString()
	if err := writeNew(v, markerName, []byte(markerHead+id+"\r\n")); err != nil {
		return "", fmt.Errorf("spool: write %s: %w", v.Path(markerName), err)
	}
	_ = v.SyncDir(".") // where the volume cannot, a lost marker is made again: the store was not bound to it yet
	return id, nil
}
