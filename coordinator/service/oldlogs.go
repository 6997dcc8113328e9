package service

import (
	"context"
	"slices"

	"sidegate/coordinator/convert/charset"
	"sidegate/coordinator/legacylog"
	"sidegate/coordinator/spool"
	"sidegate/internal/daemon"
)

// oldLogs are the logs in the old format of the half, or halves, that the coordinator stands in for, and what writes them.
func oldLogs(e *daemon.End) (spool.OldLogs, []daemon.Actor) {
	c := e.Config.Spool
	if c.LegacyLogs == "" {
		return spool.OldLogs{}, nil
	}
	table, err := charset.Lookup(c.CodePage)
	if err != nil {
		table = nil // it was looked up before; without it the log is in UTF-8
	}
	var actors []daemon.Actor
	log := func(half legacylog.Half, roles ...spool.Role) *legacylog.Log {
		if !slices.Contains(roles, spool.Role(c.Role)) {
			return nil
		}
		l := legacylog.New(legacylog.Options{
			Dir: c.LegacyLogs, Half: half, Level: c.LegacyLogLevel, Zone: c.Zone, Now: e.Store.Now, Encode: encoder(table), Log: e.Log.Named("legacy-log"),
		})
		actors = append(actors, daemon.Actor{Name: "legacy-log", Run: func(ctx context.Context) error { return l.Run(ctx) }})
		return l
	}
	return spool.OldLogs{PC: log(legacylog.PC, spool.RolePC, spool.RoleDrain), Mac: log(legacylog.Mac, spool.RoleMac, spool.RoleDrain)}, actors
}

func encoder(t *charset.Table) func(string) []byte {
	if t == nil {
		return nil
	}
	return func(text string) []byte {
		b, _ := t.Encode(text) // what the page lacks is shown visibly
		return []byte(b)
	}
}
