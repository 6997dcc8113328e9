package spool

// FaultPoints lists where Options.Fault is called: just before and just after every durable step.
var FaultPoints = points(
	"bind", "lease.allow",
	"claim.journal", "claim.rename", "claim.forget", "claim.await", "import", "hold", "delete.rename", "delete.unlink", "done",
	"bad.journal", "bad.reason", "bad.move",
	"handshake.claim", "handshake.record", "handshake.rename", "handshake.unlink", "handshake.restore",
	"stage.journal", "stage.write", "staged.journal", "publish.rename", "publish.flush", "publish.journal", "loosen.journal", "loosen.unlink",
	"consumed.journal", "doubt.journal", "returned.journal",
	"own.journal", "own.write", "own.rename", "own.withdraw", "own.unlink",
)

func points(steps ...string) []string {
	var all []string
	for _, s := range steps {
		all = append(all, "spool."+s+".before", "spool."+s+".after")
	}
	return all
}

func (s *Spool) fault(point string) { s.o.Fault(point) }

// step does one durable step between its fault points.
func (s *Spool) step(name string, do func() error) error {
	s.fault("spool." + name + ".before")
	if err := do(); err != nil {
		return err
	}
	s.fault("spool." + name + ".after")
	return nil
}
