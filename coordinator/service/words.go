package service

import (
	"sidegate/coordinator/spool"
	"sidegate/internal/config"
	"sidegate/internal/mail"
	"sidegate/internal/wording"
)

// postmaster signs what the coordinator itself writes. A user called POSTMASTER is known to both old systems as one
// who does not answer (KB Q119047).
var postmaster = mail.MustAddress("SIDEGATE/COORD/POSTMASTER")

// words are plain ones that both old systems can show, or, where old ones are wished, those of the half for which the
// coordinator stands in.
func words(c *config.Config) wording.Words {
	switch {
	case c.ReportWording != "old":
		return wording.Plain{Postmaster: postmaster}
	case c.Spool.Role == string(spool.RoleMac):
		return wording.Mac{Postmaster: postmaster}
	}
	return wording.PC{Postmaster: postmaster}
}
