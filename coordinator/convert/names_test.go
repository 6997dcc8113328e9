package convert

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name, dos, mac string
	}{
		{"config.sys", "config.sys", "config.sys"}, // KB Q103801
		{"REPORT.DOC", "REPORT.DOC", "REPORT.DOC"},
		{"Read Me", "READ_ME", "Read Me"}, // KB Q122779
		{"Quarterly Report for May.docx", "QUARTERL.DOC", "Quarterly Report for May.docx"},
		{"A very long name of a document indeed.txt", "A_VERY_L.TXT", "A very long name of a docum.txt"},
		{"TEST.DOC-", "TEST.DOC", "TEST.DOC"}, // crashed Macintoshes, KB Q122779
		{"TEST-.DOC", "TEST.DOC", "TEST.DOC"},
		{"a.b.c", "A_B.C", "a.b.c"},
		{".profile", "PROFILE", "_profile"},
		{"...", "FILE", "File"},
		{"", "FILE", "File"},
		{"-", "FILE", "File"},
		{"name. . ", "NAME", "name"},
		{"CON.TXT", "_CON.TXT", "CON.TXT"}, // KB Q120740
		{"com1", "_COM1", "com1"},
		{"nul.tar.gz", "NUL_TAR.GZ", "nul.tar.gz"},
		{`C:\DOC\A.TXT`, "A.TXT", "C--DOC-A.TXT"},
		{"../../etc/passwd", "__._ET", "_.-..-etc-passwd"},
		{"HD:Folder:File", "HD_FOLDE", "HD-Folder-File"},
		{"a+b=c;d.x,y", "A_B_C_D.X_Y", "a+b=c;d.x,y"}, // KB Q129902
		{"~{}`_^@.('&", "~{}`_^@.('&", "~{}`_^@.('&"},
		{"Übergröße.txt", "\x9ABERGR\x99\xE1.TXT", "\x9Abergr\x94\xE1e.txt"}, // KB Q166152
		{"日本.txt", "__.TXT", "??.txt"},
		{"gpj.\u202Eexe.doc", "GPJ_EXE.DOC", "gpj.exe.doc"},
		{"a\x07b\nc", "A_B_C", "a_b_c"},
		{"smile :).txt", "SMILE__).TXT", "smile -).txt"},
	} {
		if got := PC().fileNames([]string{c.name})[0]; got != c.dos {
			t.Errorf("%q becomes %q for DOS, want %q", c.name, got, c.dos)
		}
		if got := Mac().fileNames([]string{c.name})[0]; got != c.mac {
			t.Errorf("%q becomes %q for the Macintosh, want %q", c.name, got, c.mac)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	for _, c := range []struct {
		names, dos string
	}{
		{"a.txt A.TXT a.txt", "a.txt A~1.TXT a~2.txt"},
		{"ANNUALREPORT.TXT ANNUALREVIEW.TXT ANNUALRE.TXT", "ANNUALRE.TXT ANNUAL~1.TXT ANNUAL~2.TXT"},
		{"A~1.TXT A.TXT A.TXT A.TXT", "A~1.TXT A.TXT A~2.TXT A~3.TXT"},
	} {
		if got := strings.Join(PC().fileNames(strings.Fields(c.names)), " "); got != c.dos {
			t.Errorf("%s become %s, want %s", c.names, got, c.dos)
		}
	}
	many := make([]string, 300)
	got := PC().fileNames(many)
	if slices.Sort(got); len(slices.Compact(got)) != 300 {
		t.Error("of 300 names some are the same")
	}
}

// Whatever a sender calls its files, the peer gets names it can take, and the same ones every time.
func TestNamesKeepTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{".", "-", " ", "a", "B", "CON", ":", "/", "\\", "\u202E", "\x00", "é", "e\u0301", "日", "…", "÷", "☺", "~1", "longer piece"})
		names := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
		}), 1, 6).Draw(t, "names")
		for _, d := range []Dialect{PC(), Mac()} {
			got := d.fileNames(names)
			seen := make(map[string]bool)
			var shown []string
			for _, name := range got {
				base, ext := splitName(name)
				switch {
				case name == "" || trimName(name) != name || seen[strings.ToUpper(name)]:
					t.Fatalf("%q become %q", names, got)
				case strings.ContainsAny(name, ":/\\\x00") || name[0] == '.':
					t.Fatalf("%q become %q", names, got)
				case d.Names == DOSNames && (len(base) > 8 || len(ext) > 4 || strings.ContainsAny(base, ". ") || isDevice(base)):
					t.Fatalf("%q become %q for DOS", names, got)
				case len(name) > maxMacName:
					t.Fatalf("%q become %q", names, got)
				}
				seen[strings.ToUpper(name)] = true
				shown = append(shown, d.Charset.Decode(name))
			}
			if again := d.fileNames(shown); !slices.Equal(again, got) {
				t.Fatalf("%q become %q and then %q", names, got, again)
			}
		}
	})
}
