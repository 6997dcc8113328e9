package crashtest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	pb "sidegate/proto/sidegate/v1"
)

// register lists two senders at the coordinator.
func (tr *trio) register(tag string) error {
	ctx, cancel := tr.within(oneAttempt)
	defer cancel()
	_, err := pb.NewSpoolServiceClient(tr.mail.admin["coordinator"]).UpdateRegisteredSenders(ctx, &pb.UpdateRegisteredSendersRequest{Add: registered(tag)})
	return err
}

func registered(tag string) []string {
	return []string{"first@" + tag, "second@" + tag}
}

// listed counts how many of the two are in the list.
func (tr *trio) listed(tag string) (n int, err error) {
	for token := ""; ; {
		ctx, cancel := tr.within(oneAttempt)
		r, err := pb.NewSpoolServiceClient(tr.mail.admin["coordinator"]).ListRegisteredSenders(ctx, &pb.ListRegisteredSendersRequest{PageToken: token})
		cancel()
		if err != nil {
			return 0, err
		}
		for _, s := range r.GetSenders() {
			if strings.HasSuffix(s, "@"+tag) {
				n++
			}
		}
		if token = r.GetNextPageToken(); token == "" {
			return n, nil
		}
	}
}

// registering lists two senders until the coordinator dies of it. Afterwards both are in the list, or neither.
func registering(tr *trio, g target, tag string) (func() error, error) {
	await(10*time.Second, func() bool {
		_ = tr.register(tag) // until it dies of it
		return tr.dying(g.program)
	})
	return func() error {
		n, err := tr.askedFor(func() (int, error) { return tr.listed(tag) })
		if err != nil || n == 1 {
			return fmt.Errorf("after a change that a death cut short %d of 2 senders are listed, %v", n, err)
		}
		if strings.HasSuffix(g.point, ".after") && n == 0 {
			return errors.New("a change that was durable has left nobody")
		}
		if err := tr.register(tag); err != nil {
			return err
		}
		if n, err := tr.listed(tag); err != nil || n != 2 {
			return fmt.Errorf("after the change was repeated %d of 2 senders are listed, %v", n, err)
		}
		return nil
	}, nil
}
