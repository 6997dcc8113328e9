package workbench

import (
	"fmt"
	"strings"
	"testing"
)

func TestImportSettings(t *testing.T) {
	got, err := Files{}.ImportSettings([]byte("# the old gateway\r\nUser = Admin\r\nStoreDrive = M\r\nStorePath = MSGATE\\STORE\r\nLogLevel = 2 \r\nRunTime = 90\r\n" +
		"Blocking Factor = 30\r\nAgingFactor=15\r\nMax Size = 200 KB\r\nCode Page Translation = off\r\nFrequency = 1\r\nColour = blue\r\n\x1a"))
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for _, s := range got.Settings {
		pairs = append(pairs, s.Key+": "+s.Value)
	}
	if want := `spool-alias: M:\MSGATE, log-level: info, legacy-log-level: 2, run-time: 90m, blocking-factor: 30, aging: 15m, max-size: 200KB, code-page: macintosh`; strings.Join(pairs, ", ") != want {
		t.Errorf("settings %q, want %q", strings.Join(pairs, ", "), want)
	}
	notes := strings.Join(got.Notes, "\n")
	for _, want := range []string{"line 2, User", `M:\MSGATE\STORE`, "line 5, LogLevel: a blank", "line 12, Colour: is not known"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
}

// TestImportStore: the path by which the old program knew the directory that STORE is in. KB Q76091.
func TestImportStore(t *testing.T) {
	for text, want := range map[string]string{
		"StoreDrive = M:\nStorePath = \\MACGATE\\": `M:\MACGATE`,
		"StoreDrive = m\nStorePath = store":        `m:`,
		"StoreDrive = M\nStorePath = ":             `M:\`,
		"StorePath = MACGATE\\STORE":               "",
		"StoreDrive = SYS\nStorePath = MACGATE":    "",
	} {
		got, err := Files{}.ImportSettings([]byte(text))
		alias := ""
		for _, s := range got.Settings {
			alias += s.Value
		}
		if err != nil || alias != want || len(got.Notes) != 1 {
			t.Errorf("%q: %q, %v, notes %q", text, alias, err, got.Notes)
		}
	}
}

// TestImportPeople shows what the old settings say of people. KB Q109256, WA0728.
func TestImportPeople(t *testing.T) {
	got, err := Files{}.ImportSettings([]byte("Proxy Network = macnet\nRegistered Users Only = on\nProxyPO=MACPO\n"))
	if err != nil {
		t.Fatal(err)
	}
	var settings []string
	for _, s := range got.Settings {
		settings = append(settings, fmt.Sprintf("%d %s: %s", s.Line, s.Key, s.Value))
	}
	if want := "2 registered-only: true\n3 proxy: MACNET/MACPO"; strings.Join(settings, "\n") != want {
		t.Errorf("settings:\n%s\nwant\n%s", strings.Join(settings, "\n"), want)
	}
	if notes := strings.Join(got.Notes, "\n"); !strings.Contains(notes, "coordinator registered add") || !strings.Contains(notes, "coordinator proxy import") {
		t.Errorf("notes: %s", notes)
	}
	if got, err := (Files{}).ImportSettings([]byte("Registered Users Only = off\nProxy Network = MACNET")); err != nil || len(got.Settings) != 1 || got.Settings[0].Value != "false" {
		t.Errorf("half a place of proxies: %v, %v", got, err)
	}
}

func TestImportSettingsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"LogLevel = 1 Frequency = 2":         "line 1, column 24: two settings stand on one line",
		"\nnonsense":                         "line 2, column 1:",
		"ProxyNet=MAC NET\nProxy PO = MACPO": "line 2, column 10: \"MAC NET/MACPO\": \"MAC NET\" is not one to 10 letters and digits",
		"Blocking Factor = 100":              "line 1, column 17: Blocking Factor is a number from 1 to 99",
		"LogLevel = loud":                    "Critical, Errors or Details",
	} {
		if _, err := (Files{}).ImportSettings([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzImportSettings(f *testing.F) {
	f.Add([]byte("LogLevel = 1\r\nFrequency=5"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := (Files{}).ImportSettings(data); err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("an error without a line: %v", err)
		}
	})
}
