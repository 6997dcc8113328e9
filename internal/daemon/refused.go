package daemon

import (
	"github.com/prometheus/client_golang/prometheus"

	"sidegate/internal/identity"
)

// Refused counts who was not let in: connections whose certificate is not good, and calls that the caller may not make.
type Refused struct{ count *prometheus.CounterVec }

// NewRefused makes the counters. One belongs to one end.
func NewRefused() *Refused {
	return &Refused{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sidegate_calls_refused_total", Help: "Calls and connections refused, by reason.",
	}, []string{"reason"})}
}

// Connection counts one refused connection: identity.Options.Refused of the certificates.
func (r *Refused) Connection(reason identity.Reason) { r.count.WithLabelValues(string(reason)).Inc() }

// call counts one refused call.
func (r *Refused) call(_ string, reason identity.Reason) { r.Connection(reason) }
