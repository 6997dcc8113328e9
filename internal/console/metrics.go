package console

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	pb "sidegate/proto/sidegate/v1"
)

// collector turns the status into metrics when they are asked for, so that the page, the command line and the
// metrics can never disagree. No label holds an address or a message ID.
type collector struct {
	status func() *pb.Status
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sidegate_"+name, help, labels, nil)
}

// The metrics, by what they measure.
var (
	laneDepth      = desc("lane_depth", "Deliveries waiting in a lane.", "lane")
	laneBytes      = desc("lane_bytes", "Content of the deliveries waiting in a lane, in bytes.", "lane")
	laneOldest     = desc("lane_oldest_seconds", "How long the oldest delivery in a lane has waited.", "lane")
	laneHeld       = desc("lane_held", "Deliveries held by an operator.", "lane")
	directionState = desc("direction_state", "1 for the state a direction is in, by its name.", "from", "to", "state")
	directionAge   = desc("direction_progress_seconds", "Time since something moved durably in a direction.", "from", "to")
	linkConnected  = desc("link_connected", "1 while a session with the peer is open.", "peer")
	badMail        = desc("bad_mail", "Pieces of bad mail resting here that were not retried.")
	mailboxes      = desc("mailboxes", "Mailboxes.")
	storeOK        = desc("store_ok", "1 while the store takes new mail.")
	storeFree      = desc("store_free_bytes", "Free bytes on the disk of the store.")
	storeUsed      = desc("store_used_bytes", "Bytes the store occupies.")
	storeWritten   = desc("store_written_bytes_total", "Bytes the store wrote since the start.")
	storeFlushes   = desc("store_flushes_total", "How often the store had the disk flush something since the start.")
	slotsOurs      = desc("spool_slots_ours", "Slots of the spool that hold mail of ours.")
	slotsForeign   = desc("spool_slots_foreign", "Slots of the spool busy for another reason.")
	inboundWaiting = desc("spool_inbound_files", "Files of the legacy half waiting to be read.")
	handshakes     = desc("spool_handshakes_consumed_total", "Legacy handshakes consumed.")
	badMailFiles   = desc("spool_bad_mail_files_total", "Files put into BADMAIL.")
	remembered     = desc("store_remembered_ids", "Deletions and request IDs remembered against duplicates.")
	rememberedSize = desc("store_remembered_bytes", "About how many bytes the memory against duplicates takes.")
	forgottenEarly = desc("store_forgotten_early_total", "IDs forgotten before their time because there were too many.")
	listLast       = desc("spool_listing_last_seconds", "How long the volume took to list a directory the last time.", "directory")
	listLongest    = desc("spool_listing_longest_seconds", "The longest that the volume took to list a directory since the start.", "directory")
	listTime       = desc("spool_listing_seconds", "How long the volume takes to list a directory.", "directory")
	offHours       = desc("spool_off_hours", "1 while mail does not move because of the connect times.")
	alarms         = desc("alarms", "Alarms that ask for an operator.")
)

// Describe names every metric.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		laneDepth, laneBytes, laneOldest, laneHeld, directionState, directionAge, linkConnected, badMail, mailboxes, storeOK,
		storeFree, storeUsed, storeWritten, storeFlushes, slotsOurs, slotsForeign, inboundWaiting, handshakes, badMailFiles, alarms,
		remembered, rememberedSize, forgottenEarly, listLast, listLongest, listTime, offHours,
	} {
		out <- d
	}
}

// Collect reads the status once.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.status()
	seen := map[string]bool{} // two peers may go by one name, but no metric may repeat
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		if key := d.String() + strings.Join(labels, "\x00"); !seen[key] {
			seen[key] = true
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
		}
	}
	for _, l := range s.Lanes {
		gauge(laneDepth, float64(l.Depth), l.Lane)
		gauge(laneBytes, float64(l.SizeBytes), l.Lane)
		gauge(laneOldest, l.OldestAge.AsDuration().Seconds(), l.Lane)
		gauge(laneHeld, float64(l.Held), l.Lane)
	}
	for _, l := range s.Links {
		gauge(linkConnected, truth(l.Connected), l.Peer)
	}
	for _, d := range directions(s) {
		gauge(directionState, 1, d.From, d.To, d.State)
		if t := d.ProgressTime; t != nil && t.Seconds > 0 {
			gauge(directionAge, s.Time.AsTime().Sub(t.AsTime()).Seconds(), d.From, d.To)
		}
	}
	gauge(badMail, float64(s.BadMailCount))
	gauge(mailboxes, float64(s.MailboxCount))
	gauge(alarms, float64(len(s.Alarms)))
	if st := s.Store; st != nil {
		gauge(storeOK, truth(st.StoreClass == "ok"))
		gauge(storeFree, float64(st.FreeBytes))
		gauge(storeUsed, float64(st.UsedBytes))
		gauge(remembered, float64(st.RememberedIds))
		gauge(rememberedSize, float64(st.RememberedBytes))
		out <- prometheus.MustNewConstMetric(forgottenEarly, prometheus.CounterValue, float64(st.ForgottenEarly))
		out <- prometheus.MustNewConstMetric(storeWritten, prometheus.CounterValue, float64(st.WrittenBytes))
		out <- prometheus.MustNewConstMetric(storeFlushes, prometheus.CounterValue, float64(st.Flushes))
	}
	if sp := s.Spool; sp != nil {
		gauge(slotsOurs, float64(sp.SlotsOurs))
		gauge(slotsForeign, float64(sp.SlotsForeign))
		gauge(inboundWaiting, float64(sp.InboundWaiting))
		gauge(offHours, truth(sp.NextConnectTime != nil))
		for _, l := range sp.ListingTimes {
			gauge(listLast, l.Last.AsDuration().Seconds(), l.Directory)
			gauge(listLongest, l.Longest.AsDuration().Seconds(), l.Directory)
			out <- prometheus.MustNewConstSummary(listTime, l.Count, l.Total.AsDuration().Seconds(), nil, l.Directory)
		}
		out <- prometheus.MustNewConstMetric(handshakes, prometheus.CounterValue, float64(sp.HandshakesConsumed))
		out <- prometheus.MustNewConstMetric(badMailFiles, prometheus.CounterValue, float64(sp.BadMailFiles))
	}
}

// directions are those of all links and the spool.
func directions(s *pb.Status) []*pb.DirectionStatus {
	var all []*pb.DirectionStatus
	for _, l := range s.Links {
		all = append(all, l.Directions...)
	}
	return append(all, s.GetSpool().GetLegs()...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
