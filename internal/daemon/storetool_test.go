package daemon

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sidegate/internal/config"
	"sidegate/internal/mail"
	"sidegate/internal/store"
	"sidegate/internal/store/pebblestore"
	"sidegate/internal/store/storetest"
	"sidegate/internal/wording"
	pb "sidegate/proto/sidegate/v1"
)

// checking runs the tool and returns what it found.
func checking(t *testing.T, c *config.Config, repair bool) (findings []*pb.StoreFinding, result *pb.StoreCheckResult, err error) {
	t.Helper()
	tool := storeTool{kind: Kind{Words: func(*config.Config) wording.Words {
		return wording.Plain{Postmaster: mail.MustAddress("NET/PO/POSTMASTER")}
	}}}
	err = tool.Check(t.Context(), c, repair, func(r *pb.CheckStoreResponse) error {
		if f := r.GetFinding(); f != nil {
			findings = append(findings, f)
		}
		if r.GetResult() != nil {
			result = r.GetResult()
		}
		return nil
	})
	return findings, result, err
}

// TestStoreOfAServiceThatDoesNotRun: it is checked, repaired, and sound then; while a service has it, and where none is, it is
// refused.
func TestStoreOfAServiceThatDoesNotRun(t *testing.T) {
	c := config.Default(config.PCSide)
	c.Data = t.TempDir()
	if _, _, err := checking(t, c, false); err == nil || !strings.Contains(err.Error(), "holds no store") {
		t.Errorf("an empty directory: %v", err)
	}
	if files, err := os.ReadDir(c.Data); err != nil || len(files) > 0 {
		t.Errorf("a store was made: %v, %v", files, err)
	}
	ann, bob := mail.MustAddress("NET/PO/ANN"), mail.MustAddress("NET/PO/BOB")
	engine, err := pebblestore.Open(c.Data, pebblestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(engine, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, content := storetest.Message(t, st, strings.Repeat("large ", 20_000), bob)
	m.Sender = ann
	if err := st.Commit(context.Background(), func(tx *store.Tx) error {
		for _, a := range []mail.Address{ann, bob} {
			if _, err := tx.AddMailbox(a, nil); err != nil {
				return err
			}
		}
		if err := tx.Keep(m, content); err != nil {
			return err
		}
		_, err := tx.Deliver(bob, m.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := checking(t, c, false); err == nil || !strings.Contains(err.Error(), "lock held") {
		t.Errorf("a store that is open: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if findings, result, err := checking(t, c, false); err != nil || len(findings) > 0 || result.GetMessagesChecked() != 1 {
		t.Fatalf("a sound store: %v, %v, %v", findings, result, err)
	}
	var files []string
	if err := filepath.WalkDir(filepath.Join(c.Data, "content"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	}); err != nil || len(files) != 1 {
		t.Fatalf("content files %q, %v", files, err)
	}
	if err := os.Truncate(files[0], 1000); err != nil {
		t.Fatal(err)
	}
	for _, repair := range []bool{false, true} {
		findings, result, err := checking(t, c, repair)
		if err != nil || len(findings) != 1 || findings[0].MessageId != string(m.ID) || (findings[0].Repaired != "") != repair || result.GetFindingCount() != 1 {
			t.Fatalf("damaged, repair %v: %v, %v, %v", repair, findings, result, err)
		}
	}
	if findings, result, err := checking(t, c, false); err != nil || len(findings) > 0 || result.GetMessagesChecked() != 2 {
		t.Errorf("after the repair: %v, %v, %v", findings, result, err)
	}
	if engine, err = pebblestore.Open(c.Data, pebblestore.Options{}); err != nil {
		t.Fatal(err)
	}
	if st, err = store.Open(engine, store.Options{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	bad, err := st.BadMail("", 10)
	if err != nil || len(bad) != 1 || bad[0].Message.Size != 1000 || !slices.Equal(bad[0].Recipients, []mail.Address{bob}) {
		t.Errorf("bad mail: %+v, %v", bad, err)
	}
	if box, err := st.Mailbox(ann); err != nil || box.Messages != 1 {
		t.Errorf("the sender's mailbox: %+v, %v", box, err)
	}
}
