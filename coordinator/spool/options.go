package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/handshake"
	"sidegate/coordinator/mmff"
	"sidegate/coordinator/timetable"
	"sidegate/internal/intake"
	"sidegate/internal/mail"
	"sidegate/internal/store"
)

// Role is the half that a coordinator stands in for.
type Role string

// The roles.
const (
	// RolePC is the PC half: it reads MACTOPC and writes PCTOMAC.
	RolePC Role = "pc"
	// RoleMac is the Macintosh half: it reads PCTOMAC and writes MACTOPC.
	RoleMac Role = "mac"
	// RoleDrain reads both and writes neither: no legacy program is left.
	RoleDrain Role = "drain"
)

// Order says how slots are filled.
type Order string

// The orders.
const (
	// Strict publishes in ascending waves, so that the half, which reads slots in ascending order, keeps the order of
	// the mail.
	Strict Order = "strict"
	// Fast takes the lowest free slot at once. The old programs did so, and mixed up the order (KB Q137998).
	Fast Order = "fast"
)

// Converter is what the spool needs of convert.Converter.
type Converter interface {
	FromMMFF(m *mmff.Message, w io.Writer) (*convert.Import, error)
	ToMMFF(d *mail.Delivery) (*convert.File, error)
	// Decode returns text in the code page of the half as Unicode.
	Decode(raw string) string
}

// Intake is what the spool needs of intake.Intake.
type Intake interface {
	Submit(ctx context.Context, s intake.Submission) (mail.ID, error)
	Return(tx *store.Tx, d *mail.Delivery, failures []mail.Failure) error
}

// Options sets a Spool up. FS, Store, Converter, Intake and Role are required.
type Options struct {
	FS        FS
	Store     *store.Store
	Converter Converter
	Intake    Intake
	Role      Role
	End       string // own name, for legs and traces

	Init  bool // make what is missing
	Adopt bool // take over a spool that another store owned, or that is not the one known

	Slots        int           // the blocking factor n, 1 to 99; default 10
	Order        Order         // default Strict
	Aging        time.Duration // how long a handshake of ours may lie; 0, the default, is none at all
	ReserveSlot1 bool          // keeps slot 1 for handshakes of ours, if there are any
	Handshake    []byte        // the bytes of ours, recognised besides the known shapes; default handshake.Default

	PerCycle     int             // files that may move each way in one cycle; 0, the default, is any number
	ConnectTimes timetable.Table // when the half works; empty, the default, is always
	Zone         *time.Location  // of the connect times; default UTC

	Scan       time.Duration // between two looks; default 2 s
	T          time.Duration // least time without progress that means something; default 10 min
	Incomplete time.Duration // how long a file whose counts overrun it is watched; default 30 min
	MaxRead    int64         // bytes of a file that is read, with those outside that it names; default 32 MiB
	Aliases    []string      // paths by which the old programs know the spool, such as M:\MACGATE, without a separator at the end

	// Truthful leaves handshakes where they are while intake is closed and every end behind us is down, so that the
	// old half's own watch tells the truth. EndsDown tells the latter, beyond the grace; nil means never.
	Truthful bool
	EndsDown func() bool
	// Room tells whether the inbound lane takes more mail; nil means always. It must not block.
	Room func() bool
	// Serves tells whether an address is at home behind this spool; what arrives on a link for others goes back to be sent
	// another way. nil: every one is.
	Serves func(mail.Address) bool
	// Tell passes a step of a message back to the store it entered at. It must not block; nil drops it.
	Tell func(origin mail.StoreID, t store.Trace)

	Log     hclog.Logger // nil: silent
	OldLogs OldLogs
	Fault   func(point string)
}

func (o Options) withDefaults() (Options, error) {
	if o.FS == nil || o.Store == nil || o.Converter == nil || o.Intake == nil {
		return o, errors.New("spool: FS, Store, Converter and Intake are required")
	}
	if o.Role != RolePC && o.Role != RoleMac && o.Role != RoleDrain {
		return o, fmt.Errorf("spool: the role is pc, mac or drain, not %q", o.Role)
	}
	if o.Slots == 0 {
		o.Slots = 10 // KB Q117580
	}
	if o.Slots < 1 || o.Slots > MaxSlots {
		return o, fmt.Errorf("spool: the blocking factor is 1 to %d, not %d", MaxSlots, o.Slots)
	}
	if o.Order == "" {
		o.Order = Strict
	}
	if o.Order != Strict && o.Order != Fast {
		return o, fmt.Errorf("spool: the order is strict or fast, not %q", o.Order)
	}
	if len(o.Handshake) == 0 {
		o.Handshake = handshake.Default
	}
	if err := handshake.CheckSample(o.Handshake); err != nil {
		return o, fmt.Errorf("spool: the bytes for a handshake: %w", err)
	}
	for _, d := range []struct {
		value   *time.Duration
		standby time.Duration
	}{{&o.Scan, 2 * time.Second}, {&o.T, handshake.MinT}, {&o.Incomplete, 30 * time.Minute}} {
		if *d.value <= 0 {
			*d.value = d.standby
		}
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.MaxRead <= 0 {
		o.MaxRead = 32 << 20
	}
	if o.EndsDown == nil {
		o.EndsDown = func() bool { return false }
	}
	if o.Room == nil {
		o.Room = func() bool { return true }
	}
	if o.Serves == nil {
		o.Serves = func(mail.Address) bool { return true }
	}
	if o.Tell == nil {
		o.Tell = func(mail.StoreID, store.Trace) {}
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Fault == nil {
		o.Fault = func(string) {}
	}
	return o, nil
}

// half is what to call the legacy half behind the spool.
func (o *Options) half() string {
	switch o.Role {
	case RolePC:
		return "the Macintosh half"
	case RoleMac:
		return "the PC half"
	}
	return "whoever writes here"
}
