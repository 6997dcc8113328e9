package intake

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"sidegate/internal/mail"
	"sidegate/internal/route"
	"sidegate/internal/store"
)

// The defaults of Options.
const (
	DefaultMaxMessageBytes = 25 << 20
	DefaultMaxRecipients   = 500
	DefaultLifetime        = 5 * 24 * time.Hour
)

// Reporter writes delivery reports in the manner of one of the old systems.
type Reporter interface {
	// Report returns subject, body (UTF-8, \n line ends) and sender of the report about the recipients of m that
	// could not be reached. It must not fail and must not use m's content.
	Report(m *mail.Message, fs []mail.Failure) (subject, body string, sender mail.Address)
}

// Options sets an Intake up. Store, Routes and Reporter are required.
type Options struct {
	Store    *store.Store
	Routes   *route.Table
	End      string // own name, for hops and traces
	Reporter Reporter
	// Receipt words read receipts: subject and body (UTF-8, \n line ends) for a message that was read, or deleted unread.
	// Nil: none are written here.
	Receipt func(m *mail.Message, r mail.Receipt) (subject, body string)
	// AutoMailbox makes a mailbox for every served address at its first message.
	AutoMailbox     bool
	MaxMessageBytes int64         // content; default 25 MiB
	MaxRecipients   int           // of one submission by a client, and of one lane entry; default 500
	Lifetime        time.Duration // running time after which waiting mail is returned; default 5 days
	FaxFiles        FaxRule       // what becomes of faxes with files that cannot be sent; default FaxAny
	Log             hclog.Logger  // nil: silent
	// Bound tells whether a delivery may have been sent and is not settled yet; it then belongs to its receiver and
	// is moved by nobody. It is called inside commits and must not block. Nil: nothing is ever sent.
	Bound func(lane store.Lane, seq uint64) bool
	// Tell passes a step of a message that entered elsewhere back to the store it entered at. It is called after the
	// commit and must not block. Nil: steps stay here.
	Tell func(origin mail.StoreID, t store.Trace)
	// Fault is called at every one of FaultPoints, for tests that die there.
	Fault func(point string)
}

// FaultPoints lists where Options.Fault is called: just before and just after each commit.
var FaultPoints = []string{
	"intake.submit.before", "intake.submit.after",
	"intake.take.before", "intake.take.after",
	"intake.move.before", "intake.move.after",
	"intake.operator.before", "intake.operator.after",
	"intake.mark.before", "intake.mark.after",
	"intake.notify.before", "intake.notify.after",
}

// Intake takes custody for one end. Its methods may be called from several goroutines.
type Intake struct {
	o        Options
	store    *store.Store
	log      hclog.Logger
	deferred *deferrals
	clock    *odometer
	moving   sync.Mutex // held while what waits is moved by new routes, so that one hand does it
	// view is by what routes mail is placed. It is changed inside commits; see adopt.
	view atomic.Pointer[route.View]
	// adopted is the view by which what waits was moved last, guarded by moving. It is none at the start, when mail may wait
	// from a time of other routes.
	adopted route.View
	running atomic.Bool // Run has moved what waited at its start, and follows the routes
	// aliasing is held while aliases go from the store into the routes, so that none is set back to an older state.
	aliasing sync.Mutex
}

// resolve says where mail for an address goes.
func (in *Intake) resolve(a mail.Address) route.Route { return in.view.Load().Resolve(a) }

// New makes an Intake and puts the announcements remembered from earlier runs into its routes.
func New(o Options) *Intake {
	if o.MaxMessageBytes <= 0 {
		o.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if o.MaxRecipients <= 0 {
		o.MaxRecipients = DefaultMaxRecipients
	}
	if o.Lifetime <= 0 {
		o.Lifetime = DefaultLifetime
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Bound == nil {
		o.Bound = func(store.Lane, uint64) bool { return false }
	}
	if o.Tell == nil {
		o.Tell = func(mail.StoreID, store.Trace) {}
	}
	if o.Fault == nil {
		o.Fault = func(string) {}
	}
	in := &Intake{o: o, store: o.Store, log: o.Log.Named("intake"), deferred: newDeferrals()}
	in.clock = newOdometer(in.store)
	in.loadAnnouncements()
	in.AliasesChanged()
	first := in.o.Routes.View()
	in.view.Store(&first)
	return in
}

// MaxMessageBytes is the largest content that is taken.
func (in *Intake) MaxMessageBytes() int64 { return in.o.MaxMessageBytes }

// MaxRecipients is the largest number of recipients of one submission.
func (in *Intake) MaxRecipients() int { return in.o.MaxRecipients }
