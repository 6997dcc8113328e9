package crashtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sidegate/coordinator/senders"
	"sidegate/coordinator/spool"
	"sidegate/internal/addressbook"
	"sidegate/internal/intake"
	"sidegate/internal/legacypair"
	"sidegate/internal/link"
	"sidegate/internal/simtest/history"
	"sidegate/internal/store"
	pb "sidegate/proto/sidegate/v1"
)

// target is one point at one program, and what makes the program come there beside the load.
type target struct {
	program, point string
	provoke        provocation
	first          bool // only the first start with a fresh spool passes it
}

func (g target) String() string { return g.program + " at " + g.point }

// provocation brings about what the load alone does not. It is called when the program that is to die has been started; it
// gives up as soon as the program is dead, and returns what is to be done when the program runs again.
type provocation func(tr *trio, g target, tag string) (after func() error, err error)

// never are the points that no real run passes on purpose, and why.
var never = map[string]string{
	"addressbook.forget": "ends of this trio are never given up; package addressbook has a test that dies there",
	"intake.notify":      "a notice waits until something is wrong for a minute; package notice has tests that die there",
	"spool.claim.forget": "only when a file changes between being read and being claimed, which takes less than a millisecond",
}

// provoked are the steps that need more than load, by the name of the step.
var provoked = map[string]provocation{
	"intake.operator":         discarding,
	"intake.move":             announcing,
	"intake.mark":             gathering,
	"link.except":             misrouting,
	"addressbook.import":      importing,
	"addressbook.remember":    telling,
	"senders.update":          registering,
	"spool.bad":               badFile,
	"spool.claim.await":       naming,
	"spool.hold":              repeating,
	"spool.doubt":             sweeping,
	"spool.returned":          refusing,
	"spool.handshake.restore": growing,
	"spool.loosen":            stealing,
	"spool.own.withdraw":      ignoring,
	"spool.own.unlink":        ignoring,
}

// passing lists, for the points of each package, the programs that pass them.
var passedBy = []struct {
	points   []string
	programs []string
}{
	{store.FaultPoints, programs},
	{link.FaultPoints, programs},
	{intake.FaultPoints, programs},
	{addressbook.FaultPoints, programs},
	{spool.FaultPoints, []string{"coordinator"}},
	{senders.FaultPoints, []string{"coordinator"}},
}

// nowhere are combinations that cannot happen, and why.
var nowhere = map[string]string{
	"coordinator at intake.take": "a coordinator takes through its spool",
	"coordinator at intake.mark": "a coordinator has no mailboxes",
	"macside at link.except":     "only pcside has a pin that sends mail to an end that does not serve it",
	"coordinator at link.except": "only pcside has a pin that sends mail to an end that does not serve it",
}

// targets are all points at all programs that pass them, and those that are left out with their reasons.
func targets() (all []target, left []string) {
	for _, p := range passedBy {
		for _, point := range p.points {
			step := strings.TrimSuffix(strings.TrimSuffix(point, ".after"), ".before")
			if why, ok := never[step]; ok {
				left = append(left, point+": "+why)
				continue
			}
			for _, program := range p.programs {
				if why, ok := nowhere[program+" at "+step]; ok {
					left = append(left, program+" at "+point+": "+why)
					continue
				}
				g := target{program: program, point: point, first: step == "spool.bind"}
				for name, provoke := range provoked {
					if strings.HasPrefix(step, name) {
						g.provoke = provoke
					}
				}
				all = append(all, g)
			}
		}
	}
	return all, left
}

func none() error { return nil }

// dying reports whether a program has died, and is what a provocation waits for.
func (tr *trio) dying(name string) bool { return tr.process(name).dead() }

// discarding throws away the bad mail that the load leaves everywhere.
func discarding(tr *trio, g target, tag string) (func() error, error) {
	if g.program == "coordinator" {
		if _, err := badFile(tr, g, tag); err != nil {
			return nil, err
		}
	}
	await(10*time.Second, func() bool {
		ctx, cancel := tr.within(oneAttempt)
		defer cancel()
		_, _ = pb.NewAdminServiceClient(tr.mail.admin[g.program]).DiscardBadMail(ctx, &pb.DiscardBadMailRequest{All: true}) // until it dies of it
		return tr.dying(g.program)
	})
	return none, nil
}

// gathering reads the mailboxes while letters still arrive; at other times that is done when all have.
func gathering(tr *trio, g target, _ string) (func() error, error) {
	await(10*time.Second, func() bool {
		_ = tr.mail.gather() // until it dies of it
		return tr.dying(g.program)
	})
	return none, nil
}

// announcing starts another end anew: what it announces then is written down.
func announcing(tr *trio, g target, _ string) (func() error, error) {
	other := "pcside"
	if g.program == other {
		other = "macside"
	}
	tr.process(other).kill()
	tr.start(other, "")
	return none, nil
}

// misrouting sends mail where a pin wants it and nobody serves it; in the end an operator sends it back.
func misrouting(tr *trio, _ target, tag string) (func() error, error) {
	lost := "LOST/ROOM/" + strings.ToUpper(tag[strings.LastIndexByte(tag, '-')+1:])
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		tr.mail.submit(letter{at: "pcside", label: tag + "-pinned", from: karl, to: []string{lost}, comesBack: []string{lost}, body: "pinned"})
	}()
	return func() error {
		<-sent
		err := errors.New("the pinned message waits nowhere")
		await(patience, func() bool {
			for _, lane := range []string{"unrouted", "deferred"} { // it goes from one to the other
				n, failed := tr.mail.act("pcside", lane, pb.QueueAction_QUEUE_ACTION_RETURN)
				if n > 0 || failed != nil {
					err = failed
					return true
				}
			}
			return false
		})
		return err
	}, nil
}

// badFile drops a file that is no message. Its sender can be read and is told.
func badFile(tr *trio, _ target, tag string) (func() error, error) {
	text := "VERSION:3.00\r\nTO:CSI:" + jane + "\r\nFROM:MSMAIL:" + bob + "\r\nNONSENSE:1\r\nSUBJECT:" + tag + "-bad\r\nTEXT:1\r\nx" +
		strings.Repeat("\r\nNONSENSE", 60)
	return none, tr.old.drop("MMFF9", []byte(text))
}

// naming drops a letter whose text is in a file beside the slots.
func naming(tr *trio, _ target, tag string) (func() error, error) {
	l := letter{label: tag + "-outside", from: "the old half, elsewhere", to: []string{jane}, body: begins + "outside" + ends}
	tr.mail.begin(l)
	tr.mail.acknowledged(l, "")
	if err := os.WriteFile(tr.old.path("MISC", tag+".TXT"), []byte(l.body), 0o666); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("VERSION:3.00\r\nTO:CSI:%s\r\nFROM:MSMAIL:%s\r\nDATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:%s\r\nPRIORITY:3\r\nXTEXT:MISC\\%s.TXT\r\n",
		jane, bob, l.label, tag)
	return none, tr.old.drop("MMFF9", []byte(text))
}

// repeating drops the same letter three times, as a gateway does that cannot remove its own message (KB Q119022). What is
// held is then deleted: the copies before it have arrived.
func repeating(tr *trio, _ target, tag string) (func() error, error) {
	l := letter{label: tag + "-again", from: "the old half, again", to: []string{jane}, body: begins + "again" + ends}
	tr.mail.begin(l)
	tr.mail.acknowledged(l, "")
	tr.mail.mayRepeat(history.Delivery{Label: l.label, Recipient: jane})
	text := fmt.Sprintf("VERSION:3.00\r\nTO:CSI:%s\r\nFROM:MSMAIL:%s\r\nDATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:%s\r\nPRIORITY:3\r\nTEXT:%d\r\n%s",
		jane, bob, l.label, len(l.body), l.body)
	for _, slot := range []string{"MMFF7", "MMFF8", "MMFF9"} {
		if err := tr.old.drop(slot, []byte(text)); err != nil {
			return nil, err
		}
	}
	return func() error {
		await(patience, func() bool {
			return !slices.ContainsFunc(tr.old.slots(), func(name string) bool { return strings.HasPrefix(name, "STORE/MACTOPC/") })
		})
		_, err := tr.mail.act("coordinator", "held", pb.QueueAction_QUEUE_ACTION_DELETE)
		return err
	}, nil
}

// sweeping takes everything out of PCTOMAC at once, without a sign of the half since the coordinator was started. Before,
// the load has to be through: what is published later would show that not everything has vanished.
func sweeping(tr *trio, g target, tag string) (func() error, error) {
	await(patience, func() bool { return tr.dying(g.program) || tr.mail.busy() == "" })
	var wake func()
	after := func() error { wake(); return nil }
	for try := 1; ; try++ {
		wake = tr.old.rest()
		for i := range 3 {
			tr.mail.submit(letter{at: "pcside", label: fmt.Sprintf("%s-swept-%d-%d", tag, try, i), from: karl, to: []string{bob}, body: begins + "swept" + ends})
		}
		// A wave may have reached the last slots; then one file lies there alone until the half has taken it.
		if await(5*time.Second, func() bool {
			return tr.dying(g.program) || len(tr.old.outgoing("SUBJECT")) >= 2 && tr.old.unread() == 0
		}) {
			break
		}
		if try == 5 {
			return after, errors.New("fewer than two files lie in the spool while the half rests")
		}
		wake()
		await(patience, func() bool { return tr.dying(g.program) || tr.mail.busy() == "" })
	}
	if tr.dying(g.program) { // what the half took at once, just after the start, was a doubt as well
		return after, nil
	}
	tr.process(g.program).kill()
	p := tr.start(g.program, g.point)
	tr.ready(g.program)
	tr.mail.fromHalf()                                // what it took came before
	for _, name := range tr.old.outgoing("SUBJECT") { // a handshake that goes would be a sign
		if data, err := os.ReadFile(name); err == nil {
			tr.mail.tookFile(string(data))
		}
		if err := os.Remove(name); err != nil {
			return after, err
		}
	}
	p.diesWithin(10 * time.Second)
	return after, nil
}

// refusing puts a letter into BADMAIL, as the half does with what it cannot read (KB Q152477). The half itself does not see
// it; what else is published, it takes.
func refusing(tr *trio, _ target, tag string) (func() error, error) {
	label := tag + "-refused"
	tr.old.half.SetBugs(legacypair.Bugs{Hide: func(_ string, data func() []byte) bool { return bytes.Contains(data(), []byte(label)) }})
	after := func() error { tr.old.half.SetBugs(legacypair.Bugs{}); return nil }
	tr.mail.submit(letter{at: "pcside", label: label, from: karl, to: []string{bob}, comesBack: []string{bob}, body: begins + "refused" + ends})
	if !await(patience, func() bool { return len(tr.old.outgoing(label)) == 1 }) {
		return after, errors.New("the letter to be refused was not published")
	}
	return after, os.Rename(tr.old.outgoing(label)[0], tr.old.path("BADMAIL", "X"+tag[strings.LastIndexByte(tag, '-')+1:]+".MSG"))
}

// growing writes what looks like a handshake, and goes on with it when it has been consumed: it was a letter (KB Q117581).
func growing(tr *trio, g target, tag string) (func() error, error) {
	l := letter{label: tag + "-grown", from: "the old half, slowly", to: []string{jane}, body: begins + "grown" + ends}
	tr.mail.begin(l)
	tr.mail.acknowledged(l, "")
	path := tr.old.path("STORE/MACTOPC", "MMFF10.MSG")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString("VERSION:3.00\r\n"); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	gone := strings.TrimSuffix(path, ".MSG") + ".DEL"
	await(patience, func() bool {
		_, err := os.Lstat(gone)
		return err == nil || tr.dying(g.program)
	})
	_, err = fmt.Fprintf(f, "TO:CSI:%s\r\nFROM:MSMAIL:%s\r\nDATE:1994-04-04\r\nTIME:13:10\r\nSUBJECT:%s\r\nPRIORITY:3\r\nTEXT:%d\r\n%s",
		jane, bob, l.label, len(l.body), l.body)
	return none, errors.Join(err, f.Close())
}

// stealing takes slots from under the coordinator: as soon as it has written a file beside its final name, a claim of that
// slot lies there. It goes again when it has been seen.
func stealing(tr *trio, g target, tag string) (func() error, error) {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range 40 {
			if tr.dying(g.program) {
				return
			}
			tr.mail.submit(letter{at: "pcside", label: fmt.Sprintf("%s-stolen-%d", tag, i), from: karl, to: []string{bob}, body: begins + "stolen" + ends})
		}
	}()
	var stolen []string
	for deadline := time.Now().Add(10 * time.Second); !tr.dying(g.program) && time.Now().Before(deadline); {
		wrt, _ := filepath.Glob(tr.old.path("STORE/PCTOMAC/*.WRT")) // the pattern is good
		for _, name := range wrt {
			claim := strings.TrimSuffix(name, ".WRT") + ".RDG"
			if err := os.WriteFile(claim, nil, 0o666); err == nil {
				stolen = append(stolen, claim)
			}
		}
		if len(stolen) > 5 {
			stolen = giveUp(stolen)
		}
	}
	return func() error {
		<-sent
		giveUp(stolen)
		return nil
	}, nil
}

// giveUp removes files.
func giveUp(names []string) []string {
	for _, name := range names {
		_ = os.Remove(name) // the half may have done it
	}
	return nil
}

// ignoring keeps the half away until our handshake has lain too long. Before, the load has to be through: no handshake is
// written while mail waits for slots.
func ignoring(tr *trio, g target, _ string) (func() error, error) {
	await(patience, func() bool { return tr.dying(g.program) || tr.mail.busy() == "" })
	wake := tr.old.rest()
	tr.process(g.program).diesWithin(15 * time.Second)
	return func() error { wake(); return nil }, nil
}

// unread counts the files that wait for the coordinator.
func (h *oldHalf) unread() int {
	names, _ := filepath.Glob(h.path("STORE/MACTOPC/*")) // the pattern is good
	return len(names)
}

// slots are the files of MACTOPC, for what a failing test says.
func (h *oldHalf) slots() []string {
	var names []string
	for _, dir := range []string{"STORE/MACTOPC", "STORE/PCTOMAC", "BADMAIL"} {
		found, _ := filepath.Glob(h.path(dir, "*")) // the pattern is good
		for _, f := range found {
			names = append(names, strings.TrimPrefix(f, h.spool+"/"))
		}
	}
	return names
}
