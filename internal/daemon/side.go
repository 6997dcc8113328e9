package daemon

import (
	"context"

	"sidegate/internal/config"
	"sidegate/internal/side"
	"sidegate/internal/wording"
)

// Side is the kind of end that holds mailboxes. The two sides differ in the dialect alone.
func Side(d side.Dialect) Kind {
	return Kind{
		Postmaster: d.Postmaster,
		Words: func(c *config.Config) wording.Words {
			if c.ReportWording == "plain" {
				return wording.Plain{Postmaster: d.Postmaster}
			}
			return d.Words
		},
		Attach: func(_ context.Context, e *End) (Part, error) {
			services := side.New(side.Options{
				Store: e.Store, Intake: e.Intake, Routes: e.Routes, Dialect: d, Names: e.Directory, Authority: side.Certificates{},
				AutoMailbox: e.Config.AutoMailbox, Log: e.Log,
			})
			return Part{Taker: e.Intake, Register: services.Register}, nil
		},
	}
}
