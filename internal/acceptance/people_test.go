package acceptance

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sidegate/internal/config"
	"sidegate/internal/mail"
	pb "sidegate/proto/sidegate/v1"
)

// half is macside with a coordinator that stands in for the Macintosh half, and so talks to an old PC half.
type half struct {
	*trio
	settings []setting
}

const ann = "COMPANY/DEPT/ann" // behind the spool

func newHalf(t *testing.T, settings ...setting) *half {
	t.Helper()
	w := &half{trio: &trio{place: newPlace(t), at: map[string]string{}}}
	w.spool = filepath.Join(w.dir, "spool")
	macl, col := w.listen(), w.listen()
	w.at["macside"], w.at["coordinator"] = macl.Addr().String(), col.Addr().String()
	w.mac = w.startMac(macl)
	w.settings = append([]setting{serves("COMPANY/DEPT/*"), keeps(w.spool, scan), dials("macside", w.at["macside"]), func(c *config.Config) {
		c.Spool.Role, c.Spool.Proxy = "mac", mail.Postoffice{Network: "MACNET", Name: "MACPO"}
	}}, settings...)
	w.startHalf(col)
	return w
}

func (w *half) startHalf(l net.Listener) {
	w.t.Helper()
	w.co = w.start("coordinator", l, w.settings...)
	waitFor(w.t, "session of coordinator and macside", func() bool { return len(w.mac.Routes.Announcements()) == 1 && len(w.co.Routes.Announcements()) == 1 })
}

// put leaves a letter for the coordinator, as the PC half does.
func (w *half) put(letter []byte) {
	w.t.Helper()
	writing := w.slot("PCTOMAC", "MMFF1.WRT")
	if err := os.WriteFile(writing, letter, 0o644); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(writing, w.slot("PCTOMAC", "MMFF1.MSG")); err != nil {
		w.t.Fatal(err)
	}
	waitFor(w.t, "reading of what the PC half wrote", func() bool {
		left, err := os.ReadDir(w.slot("PCTOMAC", ""))
		return err == nil && len(left) == 0
	})
}

// taken is the next letter that the PC half finds; it takes it away.
func (w *half) taken() string {
	w.t.Helper()
	var text string
	waitFor(w.t, "letter for the PC half", func() bool {
		found := w.letters("MACTOPC")
		if len(found) == 0 {
			return false
		}
		first := slices.Sorted(maps.Keys(found))[0] // the lowest slot is the earliest letter
		text = string(found[first])
		if err := os.Remove(w.slot("MACTOPC", first)); err != nil {
			w.t.Fatal(err)
		}
		return true
	})
	return text
}

// field is what stands behind a token in a letter.
func field(t *testing.T, letter, token string) string {
	t.Helper()
	for line := range strings.Lines(letter) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), token+":"); ok {
			return value
		}
	}
	t.Fatalf("no %s in %q", token, letter)
	return ""
}

// TestProxyAndReply shows KB Q94410 and Q109256 from end to end: the PC half sees people of the other side as proxies, its
// answers find them, by a former place of proxies too, the same after a restart, and a proxy nobody has comes back.
func TestProxyAndReply(t *testing.T) {
	w := newHalf(t, func(c *config.Config) {
		c.Spool.ProxyAliases = []mail.Postoffice{{Network: "OLDNET", Name: "OLDPO"}}
	})
	w.mac.send(anna, ann, "first")
	proxy := field(t, w.taken(), "FROM")
	if !strings.HasPrefix(proxy, "CSI:MACNET/MACPO/") || len(proxy) != len("CSI:MACNET/MACPO/T60009HO") {
		t.Fatalf("the PC half is told that the letter is from %s", proxy)
	}
	w.put(letter("CSI:"+ann, proxy, "reply", "x"))
	if m := w.mac.arrived(anna, "reply"); m.Sender != ann {
		t.Errorf("the reply is from %s", m.Sender)
	}
	w.put(letter("CSI:"+ann, strings.Replace(proxy, "MACNET/MACPO", "OLDNET/OLDPO", 1), "reply to an old address", "x"))
	w.mac.arrived(anna, "reply to an old address")
	w.put(letter("CSI:"+ann, "CSI:MACNET/MACPO/T69999ZZ", "to nobody", "x"))
	if report := w.taken(); field(t, report, "TO") != "CSI:"+ann || !strings.Contains(report, "nobody has the proxy address MACNET/MACPO/T69999ZZ") {
		t.Errorf("the sender is told %q", report)
	}
	listed := w.co.as("operator", "proxy", "list")
	if want := strings.TrimPrefix(proxy, "CSI:") + "\tlive\t" + anna + "\t"; !strings.HasPrefix(listed.out, want) {
		t.Errorf("proxy list: %s", listed)
	}
	saved := filepath.Join(w.dir, "SERVER.MAP")
	exported := w.co.as("operator", "proxy", "export")
	if err := os.WriteFile(saved, []byte(exported.out), 0o644); err != nil || exported.code != 0 {
		t.Fatalf("%v, %s", err, exported)
	}
	w.co.stop()
	w.startHalf(w.again("coordinator"))
	w.mac.send(anna, ann, "after a restart")
	if again := field(t, w.taken(), "FROM"); again != proxy {
		t.Errorf("after a restart %s is %s", proxy, again)
	}
	if d := w.co.as("operator", "proxy", "import", saved); d.out != "0 new server codes, 0 new IDs, 0 retired, 2 known before\n" {
		t.Errorf("the same map again: %s", d)
	}
	other := strings.Replace(exported.out, anna, "otto@Design", 1)
	if err := os.WriteFile(saved, []byte(other), 0o644); err != nil {
		t.Fatal(err)
	}
	if d := w.co.as("operator", "proxy", "import", saved); d.code != 1 || !strings.Contains(d.err, "line 5: the ID") || !strings.Contains(d.err, "is never given to another") {
		t.Errorf("an ID for somebody else: %s", d)
	}
}

// TestLostServerMap shows README32: when everything is lost but the exported map, addresses that people have stored stay
// what they were.
func TestLostServerMap(t *testing.T) {
	w := newHalf(t)
	saved := filepath.Join(w.dir, "SERVER.MAP")
	text := fmt.Sprintf("SERVERS\nT6 Design\nIDS\nT60009AN live %s\n", anna)
	if err := os.WriteFile(saved, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if d := w.co.as("operator", "proxy", "import", saved); d.out != "1 new server codes, 1 new IDs, 0 retired, 0 known before\n" {
		t.Fatal(d)
	}
	w.put(letter("CSI:"+ann, "CSI:MACNET/MACPO/T60009AN", "to a stored address", "x"))
	w.mac.arrived(anna, "to a stored address")
	w.mac.send(anna, ann, "from there")
	if from := field(t, w.taken(), "FROM"); from != "CSI:MACNET/MACPO/T60009AN" {
		t.Errorf("the letter is from %s", from)
	}
}

// TestRegisteredOnly shows WA0728: who is not in the list gets the mail back with a reason that says so.
func TestRegisteredOnly(t *testing.T) {
	w := newHalf(t, func(c *config.Config) { c.Spool.RegisteredOnly = true })
	w.put(letter("CSI:"+ann, "MSMAIL:"+anna, "too early", "x"))
	report := w.taken()
	if field(t, report, "TO") != "CSI:"+ann || !strings.Contains(report, ann+" is not registered for this gateway") {
		t.Errorf("the sender is told %q", report)
	}
	if d := w.co.as("operator", "registered", "add", ann); d.out != "1\n" {
		t.Fatal(d)
	}
	w.put(letter("CSI:"+ann, "MSMAIL:"+anna, "registered", "x"))
	w.mac.arrived(anna, "registered")
	if d := w.co.as("operator", "registered", "list"); d.out != ann+"\n" || d.err != "" {
		t.Errorf("registered list: %s", d)
	}
	if d := w.co.as("user", "registered", "add", "*"); d.code == 0 {
		t.Error("a user may register senders")
	}
	if got := w.mac.subjects(anna); len(got) != 1 {
		t.Errorf("arrived: %q", got)
	}
}

// TestAliasFromTheOtherSide shows KB Q109256 at a side: mail to a former address comes into the mailbox, from another end and
// once, and the sender is told so.
func TestAliasFromTheOtherSide(t *testing.T) {
	w := newTrio(t)
	w.pc.send(jsmith, anna, "makes the mailbox")
	w.mac.arrived(anna, "makes the mailbox")
	d := w.mac.as("operator", "mailbox", "alias", "add", anna, "FORMER/PO/ANNA", "anna@Drawing")
	if d.code != 0 || !strings.Contains(d.out, "FORMER/PO/ANNA, anna@Drawing") {
		t.Fatal(d)
	}
	waitFor(t, "announcement of the alias", func() bool {
		return w.pc.Routes.Resolve(mail.MustAddress("former/po/anna")).End == "macside"
	})
	w.pc.send(jsmith, "FORMER/PO/ANNA", "to all her names", "--to", "anna@Drawing", "--to", anna)
	w.mac.arrived(anna, "to all her names")
	w.pc.send(jsmith, "anna@drawing", "last")
	w.mac.arrived(anna, "last")
	if got := fmt.Sprint(w.mac.subjects(anna)); got != "[makes the mailbox to all her names last]" {
		t.Errorf("arrived: %s", got)
	}
	if d := w.mac.as("operator", "mailbox", "alias", "remove", anna, "FORMER/PO/ANNA"); d.code != 0 {
		t.Fatal(d)
	}
	waitFor(t, "end of the alias", func() bool {
		return w.pc.Routes.Resolve(mail.MustAddress("former/po/anna")).End != "macside"
	})
}

// TestPersonByGatewayName shows RN50 and KB Q123371: the Macintosh half writes name@GATEWAY, and the one person that the
// directory knows by the name gets the letter.
func TestPersonByGatewayName(t *testing.T) {
	w := newTrio(t)
	w.pc.send(jsmith, jsmith, "makes the mailbox")
	w.pc.arrived(jsmith, "makes the mailbox")
	boxes := pb.NewMailboxServiceClient(w.pc.dial("operator"))
	if _, err := boxes.UpdateMailboxName(t.Context(), &pb.UpdateMailboxNameRequest{Address: jsmith, DisplayName: "John Smith"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "name in the coordinator's directory", func() bool { return len(w.co.Directory.Find("John Smith")) == 1 })
	w.drop("MMFF1.MSG", letter(bob, "MSMAIL:john smith@MS Mail Connection", "by name", "x"))
	w.pc.arrived(jsmith, "by name")
	w.drop("MMFF1.MSG", letter("MSMAIL:"+bob, "MSMAIL:Nobody@Exchange Connection", "by no name", "x"))
	waitFor(t, "report", func() bool {
		for _, data := range w.letters("PCTOMAC") {
			if strings.Contains(string(data), "the directory has nobody called Nobody") {
				return true
			}
		}
		return false
	})
}

// TestListWithProxies shows that whoever is in a list for the PC half can be written to by the address that stands there,
// without ever having written to anybody.
func TestListWithProxies(t *testing.T) {
	w := newHalf(t)
	w.mac.send(anna, anna, "makes the mailbox")
	w.mac.arrived(anna, "makes the mailbox")
	if d := w.mac.as("operator", "mailbox", "name", anna, "--name", "Anna Berg"); d.code != 0 {
		t.Fatal(d)
	}
	waitFor(t, "name in the coordinator's directory", func() bool { return len(w.co.Directory.Find("Anna Berg")) == 1 })
	d := w.co.as("operator", "directory", "export", "--proxies")
	_, proxy, found := strings.Cut(d.out, "A Anna Berg")
	if proxy, _, _ = strings.Cut(strings.TrimSpace(proxy), "\r"); d.code != 0 || !found || !strings.HasPrefix(proxy, "PCM:MACNET/MACPO/") {
		t.Fatal(d)
	}
	w.put(letter("CSI:"+ann, proxy, "to somebody in the list", "x"))
	w.mac.arrived(anna, "to somebody in the list")
	w.mac.send(anna, ann, "answer")
	if from := field(t, w.taken(), "FROM"); from != "CSI:"+strings.TrimPrefix(proxy, "PCM:") {
		t.Errorf("in the list she is %s, her letter is from %s", proxy, from)
	}
}
