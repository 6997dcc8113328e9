package daemon

import (
	"context"

	"sidegate/internal/side"
)

// Side is the kind of end that holds mailboxes. The two sides differ in the dialect alone.
func Side(d side.Dialect) Kind {
	return Kind{
		Reporter: d.Reporter,
		Attach: func(_ context.Context, e *End) (Part, error) {
			services := side.New(side.Options{
				Store: e.Store, Intake: e.Intake, Routes: e.Routes, Dialect: d, Authority: side.Certificates{},
				AutoMailbox: e.Config.AutoMailbox, Log: e.Log,
			})
			return Part{Taker: e.Intake, Register: services.Register}, nil
		},
	}
}
