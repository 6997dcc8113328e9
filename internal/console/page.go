package console

import (
	"bytes"
	"fmt"
	"html/template"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "sidegate/proto/sidegate/v1"
)

// page renders the status for people.
type page struct {
	end  string
	tmpl *template.Template
}

func newPage(end string) (*page, error) {
	tmpl, err := template.New("").Funcs(template.FuncMap{
		"age":   age,
		"trip":  trip,
		"clock": clock,
		"bytes": Size,
	}).ParseFS(files, "page.html")
	return &page{end: end, tmpl: tmpl}, err
}

func (p *page) render(name string, s *pb.Status) ([]byte, error) {
	var b bytes.Buffer
	err := p.tmpl.ExecuteTemplate(&b, name, map[string]any{"End": p.end, "S": s})
	return b.Bytes(), err
}

// age is a duration as a person says it: 12 s, 5 min, 3 h, 2 d; nothing for zero.
func age(d *durationpb.Duration) string {
	t := d.AsDuration()
	switch {
	case t <= 0:
		return ""
	case t < time.Second:
		return "< 1 s"
	case t < time.Minute:
		return fmt.Sprintf("%d s", int(t.Seconds()))
	case t < time.Hour:
		return fmt.Sprintf("%d min", int(t.Minutes()))
	case t < 48*time.Hour:
		return fmt.Sprintf("%d h", int(t.Hours()))
	}
	return fmt.Sprintf("%d d", int(t.Hours()/24))
}

// trip is the time of a round trip, which is mostly below a second; nothing for zero.
func trip(d *durationpb.Duration) string {
	if t := d.AsDuration(); t > 0 {
		return fmt.Sprintf("%.1f ms", float64(t.Microseconds())/1000)
	}
	return ""
}

func clock(t *timestamppb.Timestamp) string {
	if t == nil || t.AsTime().IsZero() || t.Seconds <= 0 {
		return ""
	}
	return t.AsTime().UTC().Format("2006-01-02 15:04:05 UTC")
}

// Size is a count of bytes for a person, in the same units wherever one sees it.
func Size(n uint64) string {
	const unit = 1024
	switch {
	case n < unit:
		return fmt.Sprintf("%d B", n)
	case n < unit*unit:
		return fmt.Sprintf("%.1f KiB", float64(n)/unit)
	case n < unit*unit*unit:
		return fmt.Sprintf("%.1f MiB", float64(n)/unit/unit)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/unit/unit/unit)
}
