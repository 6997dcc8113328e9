package spool_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidegate/coordinator/legacylog"
	"sidegate/coordinator/spool"
	"sidegate/coordinator/spool/sharetest"
)

// TestOldLogs: what the half wrote into its log that the coordinator stands in for.
func TestOldLogs(t *testing.T) {
	for role, want := range map[spool.Role][]string{
		spool.RolePC: {
			"Mac-PC From: Anna@Marke Date: 04-04-94 13:10:00 Subject: From the Macint",
			"PC-Mac From: JSMITH Date: 04-04-94 13:10:00 Subject: To the Macintos",
			"144 - 1 - 4 - Cannot partition line FOO while reading file MMFF2.MSG.",
			"# - # - # - The volume fails (scan): ",
		},
		spool.RoleMac: {
			"2000-01-01 00:00 Starting the Microsoft Mail Connection at 2000-01-01 00:00",
			"Transferred file mmff1.msg.", "Error: (144) Cannot partition line FOO occurred while reading file mmff2.msg.", "Error: (#) The volume fails (scan): ",
		},
	} {
		t.Run(string(role), func(t *testing.T) {
			dir := t.TempDir()
			half := legacylog.PC
			if role == spool.RoleMac {
				half = legacylog.Mac
			}
			synctest.Test(t, func(t *testing.T) {
				log := legacylog.New(legacylog.Options{Dir: dir, Half: half, Level: legacylog.Details})
				w := newWorld(t, sharetest.NewSpool(sharetest.Options{}), func(o *spool.Options) {
					if role == spool.RoleMac {
						o.OldLogs.Mac = log
					} else {
						o.OldLogs.PC = log
					}
				})
				w.role = role
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- log.Run(ctx) }()
				w.start()
				in := macToPC
				if role == spool.RoleMac {
					in = pcToMac
				}
				for name, data := range map[string]string{"MMFF1.MSG": mmff("From the Macintosh side", "body"),
					"MMFF2.MSG": "VERSION:3.00\r\nTO:CSI:NET/PO/X\r\nFROM:CSI:NET/PO/Y\r\nFOO\r\nTEXT:4\r\nbody"} {
					if err := w.half.Drop(in+"/"+name, data); err != nil {
						t.Fatal(err)
					}
				}
				w.take(w.delivery("To the Macintosh side", "body"))
				w.wait(time.Minute)
				w.us.Down(syscall.ESTALE)
				w.wait(time.Minute)
				w.us.Up()
				w.wait(time.Minute)
				w.stop()
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
			b, err := os.ReadFile(filepath.Join(dir, string(half)))
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range want {
				if !strings.Contains(string(b), line) {
					t.Errorf("the log lacks %q:\n%s", line, strings.ReplaceAll(string(b), "\r", "\n"))
				}
			}
		})
	}
}
