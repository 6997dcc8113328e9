package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sidegate/internal/bounds"
	"sidegate/internal/mail"
)

func TestGoldenText(t *testing.T) {
	data, err := os.ReadFile("testdata/server.map")
	if err != nil {
		t.Fatal(err)
	}
	table, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := table.Write(&out); err != nil || out.String() != string(data) {
		t.Errorf("written again (%v):\n%s", err, &out)
	}
	for _, end := range []string{"\r\n", "\r"} {
		other, err := Parse(bytes.ReplaceAll(data, []byte("\n"), []byte(end)))
		if err != nil || fmt.Sprint(other) != fmt.Sprint(table) {
			t.Errorf("with %q: %v, %v", end, other, err)
		}
	}
}

func TestTextRefuses(t *testing.T) {
	const head = "SERVERS\nT6 Marketing\n1F Sales\nIDS\n"
	for text, want := range map[string]string{
		"T6 Marketing\n":                                                "line 1: SERVERS is missing",
		"IDS\n":                                                         "line 1: IDS is out of place",
		"SERVERS\nIDS\nSERVERS\n":                                       "line 3: SERVERS is out of place",
		"; a\n\nSERVERS\nT6\n":                                          "line 4: is not CODE SERVER",
		"SERVERS\nt6 Marketing\n":                                       "line 2: \"t6\" is not a server code",
		"SERVERS\nT66 Marketing\n":                                      "line 2: \"T66\" is not a server code",
		"SERVERS\nT6 a@b\n":                                             "line 2: \"a@b\" is not the name of a server",
		"SERVERS\nT6 Marketing\nT6 Sales\n":                             "line 3: the code T6 was declared in line 2",
		head + "T60009HO live\n":                                        "line 5: is not ID STATE ADDRESS",
		head + "T60009H live a@Marketing\n":                             "line 5: \"T60009H\" is not an ID",
		head + "T60009ho live a@Marketing\n":                            "line 5: \"T60009ho\" is not an ID",
		head + "T6000XHO live a@Marketing\n":                            "line 5: \"T6000XHO\" has no number",
		head + "T60009HO dead a@Marketing\n":                            "line 5: \"dead\" is not live, also or retired",
		head + "T60009HO live nobody\n":                                 "line 5: address \"MSMAIL:nobody\"",
		head + "X10009HO live a@Marketing\n":                            "line 5: the server code X1",
		head + "T60009HO live a@Sales\n":                                "line 5: the code T6 is that of the server Marketing, not of Sales",
		head + "T60009HO live a@Marketing\n\nT60009HO also b@Marketing": "line 7: the ID T60009HO stands in line 5 already",
		head + "T60009HO live a\x00@Marketing\n":                        "line 5: address",
		head + "T60009HO live \xff@Marketing\n":                         "line 5: is not UTF-8",
		head + strings.Repeat("x", maxLine+1):                           "line 5: has",
	} {
		_, err := Parse([]byte(text))
		var line *LineError
		if !errors.As(err, &line) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Parse(make([]byte, MaxText+1)); err == nil {
		t.Error("a text of any size was taken")
	}
}

// TestTextsReadBack shows that whatever can stand in a map comes back from its text, blanks and all.
func TestTextsReadBack(t *testing.T) {
	name := rapid.StringMatching(`[ -?A-~äß漢€]{1,20}`)
	rapid.Check(t, func(t *rapid.T) {
		table := &Table{}
		n := 0
		for i, server := range rapid.SliceOfN(name, 1, 4).Draw(t, "servers") {
			if _, err := mail.ParseAddress("MSMAIL:x@" + server); err != nil {
				continue // blanks alone are no server
			}
			code := fmt.Sprintf("A%d", i)
			table.Servers = append(table.Servers, Server{Code: code, Name: server})
			for _, user := range rapid.SliceOfN(name, 0, 4).Draw(t, "users") {
				a, err := mail.ParseAddress("MSMAIL:" + user + "@" + server)
				if err != nil {
					continue
				}
				n++
				table.IDs = append(table.IDs, Proxy{ID: makeID(code, n, user), State: State(1 + n%3), Address: a})
			}
		}
		var out bytes.Buffer
		if err := table.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(out.Bytes())
		if err != nil {
			t.Fatalf("%v in\n%s", err, &out)
		}
		for i := range again.IDs {
			if p, q := again.IDs[i], table.IDs[i]; p.ID != q.ID || p.State != q.State || p.Address != q.Address {
				t.Fatalf("%+v came back as %+v", q, p)
			}
		}
		if len(again.IDs) != len(table.IDs) || len(again.Servers) != len(table.Servers) {
			t.Fatalf("%d IDs and %d servers came back of %d and %d", len(again.IDs), len(again.Servers), len(table.IDs), len(table.Servers))
		}
	})
}

func TestTail(t *testing.T) {
	for user, want := range map[string]string{
		"Harry Olson": "HO", "mary fox-smith": "MF", "bob": "BO", "x": "XX", "": "XX", "Ärzte Über": "RB", "漢字": "XX",
		"J. R. R. Tolkien": "JR", "Élodie": "LO", "7up": "7U", "Zoë Ångström": "ZN",
	} {
		if got := tail(user); got != want {
			t.Errorf("tail(%q) = %q, want %q", user, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	if data, err := os.ReadFile("testdata/server.map"); err == nil {
		f.Add(data)
	}
	for _, seed := range []string{"", "SERVERS\nIDS\n", "SERVERS\nAA a\nIDS\nAA0000AA live b@a\nAA0000AB live c@a\n", "SERVERS\r\nAA  a \r\nIDS\r\nAA0000AA retired b @ a \r\n", strings.Repeat("\n", 5000)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var table *Table
		var err error
		bounds.Allocation(t, len(data), func() { table, err = Parse(data) })
		if err != nil {
			var line *LineError
			if !errors.As(err, &line) || line.Line < 1 || line.Line > 1+bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r")) {
				t.Fatalf("the error names no line: %v", err)
			}
			return
		}
		var out bytes.Buffer
		if err := table.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(out.Bytes())
		if err != nil || len(again.IDs) != len(table.IDs) || len(again.Servers) != len(table.Servers) {
			t.Fatalf("what was read of %q is written as %q, which reads as %+v, %v", data, &out, again, err)
		}
	})
}

// TestParsingIsBounded holds the worst text to the bound: the shortest lines that are kept.
func TestParsingIsBounded(t *testing.T) {
	b := []byte("SERVERS\nAA a\nAB a\nIDS\n")
	for i := range 20000 {
		b = fmt.Appendf(b, "A%c%04dAA live b@a\n", 'A'+i/10000, i%10000)
	}
	bounds.Allocation(t, len(b), func() {
		if table, err := Parse(b); err != nil || len(table.IDs) != 20000 {
			t.Errorf("%v", err)
		}
	})
}
