package legacypair

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Direction is the way a message goes.
type Direction uint8

// The directions.
const (
	// ToMac is PC to Macintosh, through PCTOMAC.
	ToMac Direction = iota
	// ToPC is Macintosh to PC, through MACTOPC.
	ToPC
)

// People and places of generated mail. Hosts of tests serve these patterns.
var (
	// PCUsers are addresses of PC Mail, one of them without its type (KB Q94410): whoever writes it anew may add CSI.
	PCUsers = []string{"CSI:NET1/PO1/ADMIN", "CSI:NET1/PO1/JSMITH", "NET1/PO1/SJONES", "CSI:NET1/PO2/MWEBER", "CSI:NET2/PO1/LLEE"}
	// MacUsers are addresses of AppleTalk Mail, in proxy and in native form (KB Q94410).
	MacUsers = []string{"CSI:MACNET/MACPO/T60009HO", "CSI:MACNET/MACPO/1F0001MF", "MSMAIL:Ann@Sales",
		"MSMAIL:John Chen@San Francisco Marketing", "MSMail:Network Manager@Main"}
)

// Generate makes n varied messages; the same arguments give the same ones. Each has a subject of its own, beginning with
// "<seed>-<number>" where number counts from 1, that fits both sides (KB Q117581, Q150285). Bodies are empty or end in
// CR LF, in lines within 78 columns, with letters of code page 850 that every charset of the gateway has. Half of the
// messages have attachments, with names as people gave them and contents down to none at all or a message of its own.
func Generate(seed uint64, n int, d Direction) []Message {
	g := generator{rand.New(rand.NewPCG(seed, uint64(d)))}
	to, from := MacUsers, PCUsers
	if d == ToPC {
		to, from = from, to
	}
	messages := make([]Message, n)
	for i := range messages {
		messages[i] = Message{
			To:          g.some(to),
			From:        from[g.IntN(len(from))],
			Date:        fmt.Sprintf("19%02d-%02d-%02d", 92+g.IntN(8), 1+g.IntN(12), 1+g.IntN(28)),
			Time:        fmt.Sprintf("%02d:%02d", g.IntN(24), g.IntN(60)),
			Subject:     strings.TrimRight(cut(fmt.Sprintf("%d-%d %s", seed, i+1, g.words(g.IntN(6))), 40), " "),
			Priority:    g.priority(),
			Attachments: g.attachments(),
			Body:        g.body(),
		}
	}
	return messages
}

type generator struct{ *rand.Rand }

// vocabulary has letters of code page 850 that are in Windows-1252 and in Mac Roman as well: u, e, o, a with marks.
var vocabulary = []string{"budget", "meeting", "lunch", "Re:", "report", "printer", "Q3", "draft", "caf\x82", "M\x81ller", "sch\x94n",
	"ma\xa4ana", "printers'", "100%", "a:b", "(final)", "--", "VERSION:3.00", "TO:", "the", "is", "on", "next", "Monday"}

func (g generator) words(n int) string {
	w := make([]string, n)
	for i := range w {
		w[i] = vocabulary[g.IntN(len(vocabulary))]
	}
	return strings.Join(w, " ")
}

// some picks one to all of the people, in any order.
func (g generator) some(people []string) []string {
	n := 1
	if g.IntN(3) == 0 {
		n = 1 + g.IntN(len(people))
	}
	var picked []string
	for _, i := range g.Perm(len(people))[:n] {
		picked = append(picked, people[i])
	}
	return picked
}

// priority is one that a client can set, or none (KB Q112915, Q100457).
func (g generator) priority() string { return []string{"", "1", "2", "3", "4", "5", "R"}[g.IntN(7)] }

// body is empty, short, long, or something that looks like a message of its own.
func (g generator) body() string {
	lines := 0
	switch k := g.IntN(20); {
	case k == 0:
		return ""
	case k == 1:
		lines = 300
	case k == 2:
		return "VERSION:3.00\r\nTO:CSI:NET1/PO1/NOBODY\r\nTEXT:5\r\nabc\r\n"
	default:
		lines = 1 + g.IntN(12)
	}
	var b strings.Builder
	for range lines {
		b.WriteString(cut(g.words(g.IntN(14)), 78) + "\r\n")
	}
	return b.String()
}

// names are those people gave attachments and the old gateway stumbled over (KB Q122779, Q129902, Q148768).
var names = []string{"REPORT.DOC", "config.sys", "Read Me", "A very long Macintosh file name", "TEST.DOC-", "noextension", "TWO  BLANKS.TXT",
	"12 34", "DATA.XYZ"}

func (g generator) attachments() []Attachment {
	var as []Attachment
	for range max(0, g.IntN(6)-2) {
		content := make([]byte, []int{0, 1, 127, 128, 2000, 9000}[g.IntN(6)])
		for i := range content {
			content[i] = byte(g.Uint32())
		}
		if g.IntN(8) == 0 {
			content = []byte("VERSION:3.00\r\nTO:CSI:A/B/C\r\nTEXT:1\r\nx")
		}
		as = append(as, Attachment{Name: names[g.IntN(len(names))], Content: content})
	}
	return as
}
