package route

import (
	"maps"
	"slices"
	"strings"

	"sidegate/internal/mail"
)

// SetAliases says which single addresses live here besides what this end serves by its configuration: the aliases of
// its mailboxes. They replace the former ones as a whole, are announced, and win over Options.Except. An address that
// a pattern could not name exactly is left out; see Aliasable.
func (t *Table) SetAliases(addresses []mail.Address) {
	byKey := make(map[string]mail.Pattern, len(addresses))
	for _, a := range addresses {
		if p, ok := exactPattern(a); ok {
			byKey[a.Key()] = p
		}
	}
	aliases := make([]mail.Pattern, 0, len(byKey))
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		aliases = append(aliases, byKey[key])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.now.Load()
	if slices.EqualFunc(old.aliases, aliases, func(p, q mail.Pattern) bool { return p.String() == q.String() }) {
		return
	}
	t.swap(old, newSnapshot(old.peers, aliases))
}

// Aliasable reports whether an address can be an alias: an announcement of it must name it and nobody else, and in a
// pattern a * stands for everybody.
func Aliasable(a mail.Address) bool {
	_, ok := exactPattern(a)
	return ok
}

func exactPattern(a mail.Address) (mail.Pattern, bool) {
	if strings.Contains(a.Value, "*") {
		return mail.Pattern{}, false
	}
	p, err := mail.ParsePattern(a.String())
	return p, err == nil && p.Exact()
}
