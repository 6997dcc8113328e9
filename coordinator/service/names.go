package service

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sidegate/coordinator/convert"
	"sidegate/coordinator/proxy"
	"sidegate/internal/daemon"
	"sidegate/internal/directory"
	"sidegate/internal/mail"
)

// names says whom addresses in the files of a spool mean, and how people are called there. It is the convert.Addresses of
// a coordinator.
type names struct {
	gateways []string                            // names of the gateway behind the @
	find     func(name string) []directory.Entry // everybody of that name
	proxies  *proxy.Map                          // nil: people are written as they are
}

func openNames(e *daemon.End) (*names, error) {
	c := e.Config.Spool
	n := &names{gateways: c.GatewayNames, find: e.Directory.Find}
	if c.Proxy == (mail.Postoffice{}) {
		return n, nil
	}
	var err error
	n.proxies, err = proxy.Open(proxy.Options{
		Store: e.Store, Name: c.Proxy, Former: c.ProxyAliases, Log: e.Log.Named("proxy"), Fault: e.World.Fault,
	})
	return n, err
}

// Read finds whoever is meant by name@GATEWAY, which Macintosh servers make of people that live elsewhere (RN50, KB
// Q123371), and by a proxy.
func (n *names) Read(a mail.Address) (mail.Address, error) {
	meant, err := n.byName(a)
	if err != nil || n.proxies == nil {
		return meant, err
	}
	return n.proxies.Read(meant)
}

func (n *names) byName(a mail.Address) (mail.Address, error) {
	parts := a.Parts()
	if a.Type != mail.TypeMac || !slices.ContainsFunc(n.gateways, func(g string) bool { return strings.EqualFold(g, parts[0]) }) {
		return a, nil
	}
	switch found := n.find(parts[1]); len(found) {
	case 0:
		return a, fmt.Errorf("the directory has nobody called %s", parts[1])
	case 1:
		return found[0].Address, nil
	default:
		return a, fmt.Errorf("the directory has %d people called %s", len(found), parts[1])
	}
}

// Write gives people of the other side their proxies.
func (n *names) Write(as []mail.Address) ([]mail.Address, error) {
	if n.proxies == nil {
		return as, nil
	}
	written, err := n.proxies.Write(as)
	if errors.Is(err, proxy.ErrExhausted) {
		return nil, &convert.Refusal{Reason: convert.ReasonAddress, Explanation: "There is no proxy address left for somebody in the message."}
	}
	return written, err
}
